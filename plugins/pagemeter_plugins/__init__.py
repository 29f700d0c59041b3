"""The integrations that ship with Pagemeter: one folder each, found by an entry point."""
