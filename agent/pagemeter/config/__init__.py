"""YAML -> AgentConfig, with errors that name file, line and remedy."""

from pagemeter.config.catalog import Catalog, InstalledCatalog, installed_catalog, whole_catalog
from pagemeter.config.load import load_config, parse_config
from pagemeter.config.schema import compose_schema
from pagemeter.config.settings import (
    AgentConfig,
    AgentSettings,
    CycleSettings,
    CyclesSettings,
    ItemConfig,
    NetworkSettings,
    ScheduleSettings,
)
from pagemeter.config.snmp import NetworkCredentialSettings, SnmpSettings

__all__ = [
    "AgentConfig",
    "AgentSettings",
    "Catalog",
    "CycleSettings",
    "CyclesSettings",
    "InstalledCatalog",
    "ItemConfig",
    "NetworkCredentialSettings",
    "NetworkSettings",
    "ScheduleSettings",
    "SnmpSettings",
    "compose_schema",
    "installed_catalog",
    "load_config",
    "parse_config",
    "whole_catalog",
]
