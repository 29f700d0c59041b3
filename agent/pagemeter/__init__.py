"""Pagemeter's API for plugins, and nothing else."""

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
