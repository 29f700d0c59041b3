"""Pagemeter's API for plugins, and nothing else."""

from pagemeter.component import (
    Answer,
    Ask,
    Batch,
    Component,
    Discovery,
    Factory,
    Feed,
    Form,
    Gathered,
    Memory,
    NotAPrinter,
    Output,
    Reader,
    Responder,
    Services,
    Settings,
    Snmp,
    Source,
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
    "Component",
    "Discovery",
    "Factory",
    "Feed",
    "Form",
    "Gathered",
    "Memory",
    "NotAPrinter",
    "Output",
    "Reader",
    "Responder",
    "Services",
    "Settings",
    "Snmp",
    "Source",
    "Traffic",
    "__version__",
    "hookimpl",
]
