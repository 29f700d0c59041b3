"""Plugins: import those that the YAML names, list the rest from their manifests.

pluggy serves for registration only: each plugin's hooks are called once, one plugin at a time, so that a broken one
costs only itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from pagemeter.commands import Command
from pagemeter.errors import PluginError
from pagemeter.manifest import Kind, Manifest, NetworkUse, folder_of, read_manifest
from pagemeter.text import scrub

if TYPE_CHECKING:
    import pluggy

    from pagemeter.component import Component, Factory

__all__ = [
    "EntryPointLike",
    "Kind",
    "Manifest",
    "NetworkUse",
    "Plugin",
    "Registry",
    "installed_plugins",
    "load_plugins",
]

GROUP = "pagemeter"
COMMANDS = "pagemeter_commands"


class EntryPointLike(Protocol):
    """What is asked of an entry point: ``importlib.metadata.EntryPoint``, or a test's."""

    @property
    def name(self) -> str:
        """The plugin's name."""

    @property
    def value(self) -> str:
        """The package that holds it: ``pagemeter_plugins.sweep``."""

    def load(self) -> Any:
        """Import it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One plugin: what its manifest says, which distribution brings it, what it offers, or why it can't be used.

    ``factories`` is empty until the plugin was loaded.
    """

    name: str
    manifest: Manifest | None = None
    distribution: str | None = None
    folder: Path | None = None
    error: str | None = None
    factories: Mapping[Kind, tuple[Factory[Component], ...]] = field(default_factory=lambda: MappingProxyType({}))


class Registry:
    """The plugins that were named, loaded or with the reason why not."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self.plugins = tuple(plugins)

    def factory(self, kind: Kind, name: str) -> Factory[Any] | None:
        """Return the factory of that kind and name, or none."""
        offered = (factory for plugin in self.plugins for factory in plugin.factories.get(kind, ()))
        return next((factory for factory in offered if factory.name == name), None)

    def why_not(self, name: str) -> str | None:
        """Say why a plugin can't be used; none when it can."""
        plugin = next((plugin for plugin in self.plugins if plugin.name == name), None)
        return f"no plugin {name} is installed" if plugin is None else plugin.error


def installed_plugins(*, extra: Sequence[EntryPointLike] = ()) -> tuple[Plugin, ...]:
    """List every installed plugin from its manifest; none is imported."""
    return tuple(plugin for _, plugin in _found(extra))


def load_plugins(named: Iterable[str], *, extra: Sequence[EntryPointLike] = ()) -> Registry:
    """Import the named plugins and ask each once what it offers; a broken one is kept with its error."""
    wanted = frozenset(named)
    hooks = _hooks()
    return Registry(
        _without_clashes([_loaded(hooks, entry, plugin) for entry, plugin in _found(extra) if plugin.name in wanted])
    )


def commands_offered(name: str, *, extra: Sequence[EntryPointLike] = ()) -> tuple[Command, ...]:
    """Import one plugin and ask it for its commands; raises PluginError."""
    hooks = _hooks()
    for entry, plugin in _found(extra):
        if plugin.name != name or plugin.error is not None or plugin.manifest is None:
            continue
        module = _contained("can't be imported", entry.load, plugin.manifest)
        _contained("can't be registered", partial(hooks.register, module, name=name), plugin.manifest)
        results = _contained(f"{COMMANDS} failed", hooks.hook.pagemeter_commands, plugin.manifest)
        offered = tuple(command for result in results for command in result)
        if strange := [command for command in offered if not isinstance(command, Command)]:
            raise PluginError(f"{name}: {COMMANDS} returned {type(strange[0]).__name__}, not commands")
        return offered
    raise PluginError(f"no plugin {name} can be used")


def _hooks() -> pluggy.PluginManager:
    # Listing plugins imports no contracts: the command line does it for its help and for completion.
    import pluggy

    from pagemeter import hookspecs

    hooks = pluggy.PluginManager(GROUP)
    hooks.add_hookspecs(hookspecs)
    return hooks


def _found(extra: Sequence[EntryPointLike]) -> list[tuple[EntryPointLike, Plugin]]:
    entries: list[EntryPointLike] = sorted(
        [*entry_points(group=GROUP), *extra], key=lambda entry: (entry.name, entry.value)
    )
    count = Counter(entry.name for entry in entries)
    # One distribution brings many plugins, and its metadata, README and all, are parsed each time that they are asked.
    brings = {id(getattr(entry, "dist", None)): entry for entry in entries}
    distributions = {which: _distribution(entry) for which, entry in brings.items()}
    found = [(entry, _described(entry, distributions[id(getattr(entry, "dist", None))])) for entry in entries]
    return [
        (entry, plugin if count[plugin.name] == 1 else replace(plugin, error=_namesakes(plugin.name, entries)))
        for entry, plugin in found
    ]


def _namesakes(name: str, entries: Sequence[EntryPointLike]) -> str:
    where = ", ".join(f"{entry.value} ({_distribution(entry)})" for entry in entries if entry.name == name)
    return f"several plugins have this name: {where}; uninstall all but one"


def _described(entry: EntryPointLike, distribution: str | None) -> Plugin:
    folder = folder_of(entry.value.partition(":")[0].strip())
    plugin = Plugin(name=entry.name, distribution=distribution, folder=folder)
    try:
        return replace(plugin, manifest=read_manifest(folder, entry.name))
    except PluginError as error:
        return replace(plugin, error=str(error))


def _distribution(entry: EntryPointLike) -> str | None:
    distribution = getattr(entry, "dist", None)
    if distribution is None:
        return None
    metadata = distribution.metadata
    return f"{metadata['Name']} {metadata['Version']}"


def _loaded(hooks: pluggy.PluginManager, entry: EntryPointLike, plugin: Plugin) -> Plugin:
    if plugin.error is not None or plugin.manifest is None:
        return plugin
    try:
        module = _contained("can't be imported", entry.load, plugin.manifest)
        _contained("can't be registered", lambda: hooks.register(module, name=plugin.name), plugin.manifest)
        return replace(plugin, factories=_offered(hooks, module, plugin.manifest))
    except PluginError as error:
        return replace(plugin, error=str(error))


def _offered(
    hooks: pluggy.PluginManager, module: object, manifest: Manifest
) -> Mapping[Kind, tuple[Factory[Any], ...]]:
    """Call the hooks of one plugin; raises PluginError where one raises or returns what the contract does not allow."""
    callers = [caller for caller in hooks.get_hookcallers(module) or [] if caller.name != COMMANDS]
    known = {f"pagemeter_{kind}": kind for kind in Kind}
    if unknown := sorted(caller.name for caller in callers if caller.name not in known):
        raise PluginError(f"implements {', '.join(unknown)}, which is no hook; the hooks are {', '.join(known)}")
    if not callers:
        raise PluginError(f"implements no hook; the hooks are {', '.join(known)}")
    others = [other for other in hooks.get_plugins() if other is not module]
    offered: dict[Kind, tuple[Factory[Any], ...]] = {}
    for caller in callers:
        kind = known[caller.name]
        if kind not in manifest.kinds:
            raise PluginError(f"offers {kind}, which its manifest does not list under kinds")
        own = hooks.subset_hook_caller(caller.name, others)

        def call(own: pluggy.HookCaller = own, kind: Kind = kind) -> tuple[Factory[Any], ...]:
            return _factories(kind, own())

        offered[kind] = _contained(f"{caller.name} failed", call, manifest)
    return MappingProxyType(offered)


def _factories(kind: Kind, results: list[object]) -> tuple[Factory[Any], ...]:
    """Hold a hook's result against its type; pluggy drops None, so that no result at all was None."""
    if not results:
        raise PluginError(f"pagemeter_{kind} returned None, not factories")
    result = results[0]
    if not isinstance(result, Iterable) or isinstance(result, str | bytes | Mapping):
        raise PluginError(f"pagemeter_{kind} returned {type(result).__name__}, not factories")
    factories = tuple(result)
    for factory in factories:
        _check(kind, factory)
    if twice := [name for name, count in Counter(factory.name for factory in factories).items() if count > 1]:
        raise PluginError(f"pagemeter_{kind} returned two factories named {', '.join(twice)}")
    return factories


def _check(kind: Kind, factory: object) -> None:
    from pagemeter.component import Discovery, Factory, Output, Reader, Source

    classes = {Kind.DISCOVERY: Discovery, Kind.READER: Reader, Kind.SOURCE: Source, Kind.OUTPUT: Output}
    if not isinstance(factory, Factory):
        raise PluginError(f"pagemeter_{kind} returned {type(factory).__name__} among its factories")
    build = factory._build  # noqa: SLF001 - the contract has no word for it; a function's kind is seen when it is built
    if isinstance(build, type) and not issubclass(build, classes[kind]):
        raise PluginError(f"pagemeter_{kind} returned {build.__name__}, which is no {classes[kind].__name__}")


def _without_clashes(plugins: Sequence[Plugin]) -> list[Plugin]:
    """Refuse plugins that offer the same name: whichever came first would be a matter of luck."""
    offers = Counter(key for plugin in plugins for key in _keys(plugin))
    return [_refused(plugin, [key for key in _keys(plugin) if offers[key] > 1]) for plugin in plugins]


def _keys(plugin: Plugin) -> list[tuple[Kind, str]]:
    return [(kind, factory.name) for kind, factories in plugin.factories.items() for factory in factories]


def _refused(plugin: Plugin, clashes: Sequence[tuple[Kind, str]]) -> Plugin:
    if not clashes:
        return plugin
    kind, name = clashes[0]
    return replace(
        plugin, factories=MappingProxyType({}), error=f"another plugin offers {name} under {kind} too; name only one"
    )


def _contained(what: str, call: Any, manifest: Manifest) -> Any:
    """Call a plugin's code; whatever it raises, SystemExit included, becomes a PluginError."""
    try:
        return call()
    except (PluginError, KeyboardInterrupt):
        raise
    except BaseException as error:
        needs = f"; it requires {', '.join(manifest.requirements)}" if manifest.requirements else ""
        hint = needs if isinstance(error, ImportError) else ""
        raise PluginError(f"{what}: {type(error).__name__}: {scrub(str(error)) or 'no reason given'}{hint}") from error
