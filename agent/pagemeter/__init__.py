"""Pagemeter's API for plugins, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pagemeter.commands import Command
    from pagemeter.component import (
        Answer,
        Ask,
        Batch,
        Component,
        Discovery,
        Factory,
        Feed,
        Form,
        Found,
        Gathered,
        Memory,
        NotAPrinter,
        Output,
        Per,
        Quarantined,
        Reader,
        Responder,
        Seen,
        Services,
        Settings,
        Snmp,
        Source,
        Stage,
        Traffic,
    )
    from pagemeter.hookspecs import hookimpl

API_VERSION = 1

__version__ = "0.1.0"

__all__ = [
    "API_VERSION",
    "Answer",
    "Ask",
    "Batch",
    "Command",
    "Component",
    "Discovery",
    "Factory",
    "Feed",
    "Form",
    "Found",
    "Gathered",
    "Memory",
    "NotAPrinter",
    "Output",
    "Per",
    "Quarantined",
    "Reader",
    "Responder",
    "Seen",
    "Services",
    "Settings",
    "Snmp",
    "Source",
    "Stage",
    "Traffic",
    "__version__",
    "hookimpl",
]

_ELSEWHERE = {"Command": "pagemeter.commands", "hookimpl": "pagemeter.hookspecs"}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: the command line answers before the contracts are imported."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_ELSEWHERE.get(name, "pagemeter.component")), name)
    return value
