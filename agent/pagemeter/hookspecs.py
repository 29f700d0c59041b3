"""The hooks: used for registration only, called once per plugin at start."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from pagemeter.commands import Command
from pagemeter.component import Discovery, Factory, Output, Reader, Source

hookspec = pluggy.HookspecMarker("pagemeter")
hookimpl = pluggy.HookimplMarker("pagemeter")


@hookspec
def pagemeter_discoveries() -> Iterable[Factory[Discovery]]:
    """Offer discoveries."""
    raise NotImplementedError


@hookspec
def pagemeter_readers() -> Iterable[Factory[Reader]]:
    """Offer readers."""
    raise NotImplementedError


@hookspec
def pagemeter_sources() -> Iterable[Factory[Source]]:
    """Offer sources."""
    raise NotImplementedError


@hookspec
def pagemeter_outputs() -> Iterable[Factory[Output]]:
    """Offer outputs."""
    raise NotImplementedError


@hookspec
def pagemeter_commands() -> Iterable[Command]:
    """Offer commands of the command line, each listed in the manifest too; called when one of them is."""
    raise NotImplementedError
