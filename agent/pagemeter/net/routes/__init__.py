"""The routes of this host: a parser for what each system tells, and one function that asks this one."""

from pagemeter.net.routes.own import own_routes
from pagemeter.net.routes.route import Route, attached, gateways

__all__ = ["Route", "attached", "gateways", "own_routes"]
