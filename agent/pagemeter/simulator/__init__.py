"""Printers that answer on loopback from recordings; `run` never imports this package."""
