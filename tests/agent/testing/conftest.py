"""The fixtures that authors of plugins get."""

from pagemeter.testing.plugin import free_udp_port, simulated_fleet, simulated_printer

__all__ = ["free_udp_port", "simulated_fleet", "simulated_printer"]
