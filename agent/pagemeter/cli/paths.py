"""Where the configuration and the state are when nobody says."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from pagemeter.config.settings import AgentConfig
from pagemeter.errors import ConfigError

APP = "pagemeter"


def config_path() -> Path:
    """Return the platform's place of ``pagemeter.yaml``: the user's where there is one, else the site's."""
    mine = platformdirs.user_config_path(APP, appauthor=False) / "pagemeter.yaml"
    site = platformdirs.site_config_path(APP, appauthor=False) / "pagemeter.yaml"
    return mine if mine.exists() or not site.exists() else site


def config_file(named: Path | None) -> Path:
    """Return the file that was named, else that of the platform's place; raises ConfigError where none is there."""
    path = config_path() if named is None else named
    if named is None and not path.exists():
        raise ConfigError(f"{path}: there is no configuration yet; name a YAML file with --config FILE")
    return path


def store_path(config: AgentConfig) -> Path:
    """Return the store of a configuration: ``pagemeter.db`` in ``agent.state``, or in the platform's folder."""
    state = config.agent.state
    folder = platformdirs.user_state_path(APP, appauthor=False) if state is None else config.folder / state
    return folder / "pagemeter.db"
