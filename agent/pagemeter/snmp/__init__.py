"""SNMP: values, codec, engine; GET, GETNEXT and GETBULK only."""

from pagemeter.snmp.types import EXCEPTIONS, Oid, Tag, VarBind, Walk, dotted, oid

__all__ = ["EXCEPTIONS", "Oid", "Tag", "VarBind", "Walk", "dotted", "oid"]
