"""Templates of a new plugin, and what fills them in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from string import Template

from pagemeter import API_VERSION
from pagemeter.errors import PagemeterError
from pagemeter.manifest import Kind

KINDS = {"discovery": Kind.DISCOVERY, "reader": Kind.READER, "source": Kind.SOURCE, "output": Kind.OUTPUT}

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_SAMPLES = {
    "discovery": "discoveries:\n  - {plugin: $name, addresses: [10.20.0.7]}",
    "reader": "readers:\n  - {plugin: printer_mib}\n  - {plugin: $name}",
    "source": "sources:\n  - {plugin: $name, file: jobs.log}",
    "output": "outputs:\n  - {plugin: $name, file: documents.jsonl}",
}
_SETTINGS = {
    "discovery": "| `addresses` | | The addresses or host names of printers. |",
    "reader": "| `greeting` | `hello` | A word for the log; take it out. |",
    "source": "| `file` | | The file with a job a line: `id,pages`; read on from where it ended. |",
    "output": "| `file` | | The file that gets a line a document. |",
}


def new_plugin(name: str, kinds: Sequence[str], summary: str) -> dict[str, str]:
    """Return the files of a new plugin by their paths; raises PagemeterError for a name or a kind that can't be."""
    if not _NAME.fullmatch(name) or name.endswith("_"):
        raise PagemeterError(f"{name!r} is no name for a plugin; take small letters, digits and _, such as acme_erp")
    for kind in kinds:
        if kind not in KINDS:
            raise PagemeterError(f"{kind!r} is no kind of plugin; kinds are {', '.join(KINDS)}")
    return dict(_files(name, list(dict.fromkeys(kinds)), summary))


def _files(name: str, kinds: list[str], summary: str) -> Iterator[tuple[str, str]]:
    package = f"pagemeter_{name}"
    parts = {kind: _words(name, kind, package) for kind in kinds}
    contracts = sorted({"Factory", *(words["contract"] for words in parts.values())})
    sample = "\n".join(_SAMPLES[kind] for kind in kinds)
    common = {
        "name": name,
        "package": package,
        "dashed": name.replace("_", "-"),
        "summary": summary,
        "api": str(API_VERSION),
        "kinds": ", ".join(str(KINDS[kind]) for kind in kinds),
        "imports": ", ".join(contracts),
        "hooks": "".join(_filled("hook.py", words) for words in parts.values()).rstrip("\n"),
        "classes": "".join(_filled(f"settings_{kind}.py", words) for kind, words in parts.items()).rstrip("\n"),
        "sample": Template(sample).substitute(name=name),
        "settings_tables": "\n\n".join(
            f"Of the {kind}:\n\n| setting | default | what |\n|---|---|---|\n{_SETTINGS[kind]}" for kind in kinds
        ),
        "test_kinds": ", ".join(f"Kind.{KINDS[kind].name}" for kind in kinds),
    }
    yield "pyproject.toml", _filled("pyproject.toml", common)
    yield "README.md", _filled("README.md", common)
    yield f"src/{package}/__init__.py", _filled("init.py", common)
    yield f"src/{package}/manifest.yaml", _filled("manifest.yaml", common)
    yield f"src/{package}/settings.py", _filled("settings.py", common)
    yield f"src/{package}/py.typed", ""
    yield f"tests/test_{name}.py", _filled("test_plugin.py", common)
    for kind, words in parts.items():
        yield f"src/{package}/{kind}.py", _filled(f"{kind}.py", words)
        yield f"tests/test_{name}_{kind}.py", _filled(f"test_{kind}.py", words)


def _words(name: str, kind: str, package: str) -> dict[str, str]:
    camel = "".join(part.capitalize() for part in name.split("_"))
    contract = kind.capitalize()
    return {
        "name": name,
        "package": package,
        "kind": kind,
        "section": str(KINDS[kind]),
        "contract": contract,
        "class_name": f"{camel}{contract}",
        "settings_name": f"{camel}{contract}Settings",
        "imports": "\n".join(
            f"    from {package}.{module} import {name}"
            for module, name in sorted({kind: f"{camel}{contract}", "settings": f"{camel}{contract}Settings"}.items())
        ),
    }


def _filled(template: str, words: dict[str, str]) -> str:
    text = files(__package__).joinpath(f"{template}.tmpl").read_text("utf-8")
    return Template(text).substitute(words)
