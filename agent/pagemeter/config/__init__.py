"""YAML -> AgentConfig, with errors that name file, line and remedy."""
