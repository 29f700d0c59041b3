from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from pagemeter.plugins import Kind, Plugin, Registry, installed_plugins, load_plugins

MANIFEST = """
name: {name}
api: 1
summary: Sends a line for each document
kinds: [outputs]
requirements: [paho-mqtt]
network:
  - {{port: 1883, protocol: tcp, direction: out, why: the broker of its settings}}
rights: []
tier: experimental
"""

CODE = """
from pagemeter import Batch, Factory, Feed, Output, Services, Settings, hookimpl

class LineSettings(Settings):
    host: str

class LineOutput(Output):
    def __init__(self, settings, services):
        self.settings = settings
    def feeds(self):
        return [Feed(name="lines")]
    async def deliver(self, batch):
        pass
"""

HOOK = """
@hookimpl
def pagemeter_outputs():
    return [Factory("{name}", LineSettings, LineOutput)]
"""

Install = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder of the import path for one test."""
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]
    sys.path_importer_cache.pop(str(tmp_path), None)


@pytest.fixture
def install(site: Path) -> Install:
    """Install a plugin as pip does: a package, a manifest, metadata with an entry point."""

    def install(
        name: str,
        *,
        code: str = CODE,
        hook: str = HOOK,
        manifest: str | bytes | None = MANIFEST,
        distribution: str | None = None,
    ) -> None:
        distribution = distribution or f"plug-{name}"
        package = distribution.replace("-", "_")
        folder = site / package
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text(code + hook.replace("{name}", name))
        if isinstance(manifest, bytes):
            (folder / "manifest.yaml").write_bytes(manifest)
        elif manifest is not None:
            (folder / "manifest.yaml").write_text(manifest.format(name=name))
        add_metadata(site, distribution, f"{name} = {package}")

    return install


def add_metadata(site: Path, distribution: str, entry: str) -> None:
    info = site / f"{distribution.replace('-', '_')}-2.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[pagemeter]\n{entry}\n")


def one(registry: Registry, name: str) -> Plugin:
    (plugin,) = (plugin for plugin in registry.plugins if plugin.name == name)
    return plugin


def test_a_strangers_plugin_is_loaded_and_offers_what_it_says(install: Install) -> None:
    install("lines")
    registry = load_plugins(["lines"])
    plugin = one(registry, "lines")
    factory = registry.factory(Kind.OUTPUT, "lines")
    assert plugin.error is None
    assert plugin.distribution == "plug-lines 2.0"
    assert plugin.manifest is not None
    assert plugin.manifest.kinds == (Kind.OUTPUT,)
    assert plugin.manifest.network[0].port == 1883
    assert factory is not None
    assert factory.settings.model_validate({"host": "broker.lan"}).model_dump() == {"host": "broker.lan"}
    assert registry.why_not("lines") is None
    assert registry.factory(Kind.READER, "lines") is None
    assert registry.factory(Kind.OUTPUT, "other") is None


def test_a_name_that_is_not_installed_has_its_reason(install: Install) -> None:
    install("lines")
    registry = load_plugins(["lines", "mqt"])
    assert registry.why_not("mqt") == "no plugin mqt is installed"
    assert [plugin.name for plugin in registry.plugins] == ["lines"]


def hook_of(body: str) -> str:
    return "@hookimpl\ndef pagemeter_outputs():\n" + "\n".join(f"    {line}" for line in dedent(body).splitlines())


BROKEN: dict[str, tuple[dict[str, str | bytes | None], str]] = {
    "import error": ({"code": "import no_such_module\n", "hook": ""}, "'no_such_module'; it requires paho-mqtt"),
    "syntax error": ({"code": "def :\n", "hook": ""}, "can't be imported: SyntaxError"),
    "sys.exit at import": ({"code": "import sys\nsys.exit(3)\n", "hook": ""}, "can't be imported: SystemExit: 3"),
    "BaseException at import": ({"code": "raise GeneratorExit\n", "hook": ""}, "can't be imported: GeneratorExit"),
    "hook raises": ({"hook": hook_of("raise ValueError('no broker')")}, "_outputs failed: ValueError: no broker"),
    "hook exits": ({"hook": hook_of("raise SystemExit(1)")}, "pagemeter_outputs failed: SystemExit: 1"),
    "hook returns None": ({"hook": hook_of("pass")}, "pagemeter_outputs returned None, not factories"),
    "hook returns a number": ({"hook": hook_of("return 7")}, "pagemeter_outputs returned int, not factories"),
    "hook returns text": ({"hook": hook_of("return 'lines'")}, "pagemeter_outputs returned str, not factories"),
    "hook returns other things": ({"hook": hook_of("return [LineOutput]")}, "returned ABCMeta among its factories"),
    "hook's generator raises": ({"hook": hook_of("yield 1 / 0")}, "pagemeter_outputs failed: ZeroDivisionError"),
    "another kind than the hook's": (
        {"hook": hook_of("return [Factory('lines', LineSettings, dict)]")},
        "returned dict, which is no Output",
    ),
    "settings that belong to the agent": (
        {"hook": hook_of("class Bad(Settings):\n    every: str\nreturn [Factory('lines', Bad, LineOutput)]")},
        "every belongs to the agent",
    ),
    "two of one name in one plugin": (
        {"hook": hook_of("return [Factory('lines', LineSettings, LineOutput)] * 2")},
        "two factories named lines",
    ),
    "a hook that there is not": (
        {"hook": "@hookimpl\ndef pagemeter_output():\n    return []\n"},
        "implements pagemeter_output, which is no hook; the hooks are pagemeter_discoveries",
    ),
    "a hook with arguments": (
        {"hook": "@hookimpl\ndef pagemeter_outputs(config):\n    return []\n"},
        "can't be registered: PluginValidationError",
    ),
    "no hook": ({"hook": ""}, "implements no hook"),
    "a kind that the manifest hides": (
        {"manifest": MANIFEST.replace("[outputs]", "[readers]")},
        "offers outputs, which its manifest does not list",
    ),
    "no manifest": ({"manifest": None}, "no manifest.yaml beside its __init__.py"),
    "a newer api": (
        {"manifest": MANIFEST.replace("api: 1", "api: 2") + "isolation: process\n"},
        "made for api 2, this agent has api 1",
    ),
    "no api": ({"manifest": MANIFEST.replace("api: 1", "")}, "made for api None"),
    "an unknown key": ({"manifest": MANIFEST + "colour: red\n"}, "manifest.yaml is invalid: colour: Extra inputs"),
    "an unknown kind": ({"manifest": MANIFEST.replace("[outputs]", "[output]")}, "manifest.yaml is invalid: kinds.0"),
    "no YAML": ({"manifest": "{{name: ["}, "manifest.yaml can't be read"),
    "no text": ({"manifest": b"\xff\xfe\x00"}, "manifest.yaml can't be read"),
    "an empty manifest": ({"manifest": b""}, "manifest.yaml is no mapping"),
    "another name": ({"manifest": MANIFEST.replace("{name}", "line")}, "says name: line, the entry point says lines"),
}  # fmt: skip


@pytest.mark.parametrize(("broken", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason_and_the_rest_works(
    install: Install, broken: dict[str, str | bytes | None], reason: str
) -> None:
    install("healthy")
    install("lines", **broken)
    registry = load_plugins(["healthy", "lines"])
    error = one(registry, "lines").error
    assert error is not None
    assert reason in error
    assert registry.why_not("lines") == error
    assert registry.factory(Kind.OUTPUT, "lines") is None
    assert registry.why_not("healthy") is None
    assert registry.factory(Kind.OUTPUT, "healthy") is not None


def test_two_distributions_with_a_plugin_of_one_name_are_both_refused_unimported(install: Install) -> None:
    install("healthy")
    install("lines", distribution="plug-good")
    install("lines", distribution="plug-evil")
    registry = load_plugins(["healthy", "lines"])
    assert registry.why_not("lines") == (
        "several plugins have this name: plug_evil (plug-evil 2.0), plug_good (plug-good 2.0); uninstall all but one"
    )
    assert not {"plug_good", "plug_evil"} & sys.modules.keys()
    assert registry.factory(Kind.OUTPUT, "healthy") is not None


def test_two_plugins_that_offer_the_same_name_are_both_refused(install: Install) -> None:
    install("healthy")
    install("lines")
    install("rows", hook=HOOK.replace("{name}", "lines"))
    registry = load_plugins(["healthy", "lines", "rows"])
    assert registry.factory(Kind.OUTPUT, "lines") is None
    assert registry.why_not("rows") == registry.why_not("lines")
    assert registry.why_not("lines") == "another plugin offers lines under outputs too; name only one"
    assert registry.factory(Kind.OUTPUT, "healthy") is not None
    assert load_plugins(["lines"]).factory(Kind.OUTPUT, "lines") is not None


def test_a_hook_is_called_once(install: Install) -> None:
    count = "calls = []\n@hookimpl\ndef pagemeter_outputs():\n    calls.append(1)\n    return []\n"
    install("lines", hook=count)
    install("rows", hook=count)
    load_plugins(["lines", "rows"])
    assert sys.modules["plug_lines"].calls == [1]
    assert sys.modules["plug_rows"].calls == [1]


def test_a_plugin_that_is_not_named_is_listed_from_its_manifest_and_never_imported(install: Install) -> None:
    install("lines", code="raise AssertionError('imported')\n")
    install("rows")
    assert load_plugins(["rows"]).plugins[0].name == "rows"
    listed = {plugin.name: plugin for plugin in installed_plugins()}
    assert listed["lines"].error is None
    assert listed["lines"].manifest is not None
    assert listed["lines"].manifest.summary == "Sends a line for each document"
    assert "plug_lines" not in sys.modules


NESTED = """
import sys
from pagemeter.plugins import installed_plugins, load_plugins
listed = {plugin.name: plugin for plugin in installed_plugins()}
assert load_plugins([]).plugins == ()
for name in ("inner", "spaced"):
    print(name, listed[name].error, listed[name].manifest and listed[name].manifest.name)
print(sorted(name for name in sys.modules if name.startswith(("plug_", "pagemeter_plugins"))))
"""


def test_manifests_are_found_without_importing_parents_in_packages_and_namespaces(site: Path) -> None:
    for name, package, parents in (
        ("inner", "plug_outer.middle.inner", ["plug_outer", "plug_outer/middle"]),
        ("spaced", "plug_space.wide.spaced", []),
    ):
        folder = site / package.replace(".", "/")
        folder.mkdir(parents=True)
        for parent in parents:
            (site / parent / "__init__.py").write_text("raise AssertionError('imported')\n")
        (folder / "__init__.py").write_text("raise AssertionError('imported')\n")
        (folder / "manifest.yaml").write_text(MANIFEST.format(name=name))
        add_metadata(site, f"plug-{name}", f"{name} = {package}")
    code = f"import sys\nsys.path.insert(0, {str(site)!r})\n{NESTED}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["inner None inner", "spaced None spaced", "[]"]


EDITABLE = """
import sys
from importlib.machinery import ModuleSpec, PathFinder

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return PathFinder.find_spec(name, [SOURCE]) if name == "plug_editable" else None

sys.meta_path.append(Finder)
from pagemeter.plugins import installed_plugins
(plugin,) = (plugin for plugin in installed_plugins() if plugin.name == "editable")
print(plugin.error, "plug_editable" in sys.modules)
"""


def test_an_editable_install_with_a_finder_of_its_own_is_listed_unimported(site: Path) -> None:
    source = site / "src"
    (source / "plug_editable").mkdir(parents=True)
    (source / "plug_editable/__init__.py").write_text("raise AssertionError('imported')\n")
    (source / "plug_editable/manifest.yaml").write_text(MANIFEST.format(name="editable"))
    add_metadata(site, "plug-editable", "editable = plug_editable")
    code = f"import sys\nsys.path.insert(0, {str(site)!r})\nSOURCE = {str(source)!r}\n{EDITABLE}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "None False\n"


def test_a_module_that_is_no_folder_has_no_manifest(site: Path) -> None:
    (site / "plug_single.py").write_text("raise AssertionError('imported')\n")
    add_metadata(site, "plug-single", "single = plug_single")
    assert load_plugins(["single"]).why_not("single") == "no manifest.yaml beside its __init__.py"


def test_a_manifest_that_was_changed_is_read_anew(install: Install) -> None:
    install("lines")
    assert load_plugins(["lines"]).why_not("lines") is None
    install("lines", manifest=MANIFEST.replace("Sends a line", "Sends two lines"))
    (manifest,) = (plugin.manifest for plugin in installed_plugins() if plugin.name == "lines")
    assert manifest is not None
    assert manifest.summary.startswith("Sends two lines")
    install("lines", manifest="api: 99")
    assert "api 99" in (load_plugins(["lines"]).why_not("lines") or "")


def test_an_entry_point_to_nothing_is_listed(site: Path) -> None:
    add_metadata(site, "plug-gone", "gone = plug_gone.away")
    assert load_plugins(["gone"]).why_not("gone") == "no manifest.yaml beside its __init__.py"


class HandMade:
    """An entry point without a distribution, as a test passes it in."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def load(self) -> object:
        return __import__(self.value)


def test_plugins_can_be_passed_in_without_being_installed(site: Path, install: Install) -> None:
    install("lines")
    (site / "plug_lines-2.0.dist-info/entry_points.txt").unlink()
    entry = HandMade("lines", "plug_lines")
    assert "lines" not in {plugin.name for plugin in installed_plugins()}
    assert "lines" in {plugin.name for plugin in installed_plugins(extra=[entry])}
    assert load_plugins(["lines"], extra=[entry]).factory(Kind.OUTPUT, "lines") is not None
