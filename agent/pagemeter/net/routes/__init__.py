"""The routes of this host: a parser for what each system tells, and one function that asks this one."""

from pagemeter.net.routes.own import local_networks, own_routes
from pagemeter.net.routes.route import Route, attached, gateways, private_networks

__all__ = ["Route", "attached", "gateways", "local_networks", "own_routes", "private_networks"]
