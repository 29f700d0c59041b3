"""What the configuration asks of the plugins: who offers which settings, and why one can't be used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol, TypeAlias

from pagemeter.component import Factory
from pagemeter.plugins import Kind, Plugin, Registry, installed_plugins, load_plugins


class Catalog(Protocol):
    """The plugins that were named, loaded, beside the names of all that are installed."""

    def factory(self, kind: Kind, name: str) -> Factory[Any] | None:
        """Return the factory of that kind and name, or none."""

    def names(self, kind: Kind) -> Collection[str]:
        """Name the installed plugins of that kind."""

    def why_not(self, name: str) -> str | None:
        """Say why an installed plugin can't be used; none when it can, and for one that is not installed."""


Catalogs: TypeAlias = Callable[[Iterable[str]], Catalog]


class InstalledCatalog:
    """The plugins of this environment."""

    def __init__(self, installed: Iterable[Plugin], registry: Registry) -> None:
        self._installed = {plugin.name: plugin for plugin in installed}
        self._registry = registry

    def factory(self, kind: Kind, name: str) -> Factory[Any] | None:
        """Return the factory of that kind and name, or none."""
        return self._registry.factory(kind, name)

    def names(self, kind: Kind) -> Collection[str]:
        """Name the installed plugins of that kind, from their manifests."""
        return [name for name, plugin in self._installed.items() if plugin.manifest and kind in plugin.manifest.kinds]

    def why_not(self, name: str) -> str | None:
        """Say why an installed plugin can't be used; none when it can, and for one that is not installed."""
        return self._registry.why_not(name) if name in self._installed else None


def installed_catalog(named: Iterable[str]) -> InstalledCatalog:
    """Load the named plugins of this environment."""
    return InstalledCatalog(installed_plugins(), load_plugins(named))


def whole_catalog() -> InstalledCatalog:
    """Load every plugin of this environment, for a schema of all of them."""
    installed = installed_plugins()
    return InstalledCatalog(installed, load_plugins(plugin.name for plugin in installed))
