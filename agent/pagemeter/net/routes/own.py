"""Asks this system for its routes; nothing is sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pagemeter.errors import PagemeterError
from pagemeter.net.credentials import IPNetwork
from pagemeter.net.routes import linux, macos, windows
from pagemeter.net.routes.route import Route, private_networks

_SECONDS = 10


def own_routes() -> tuple[Route, ...]:
    """Read the routes of this host; raises PagemeterError where the system does not tell them."""
    if sys.platform == "linux":
        return _of_linux()
    if sys.platform == "darwin":
        return _of_macos()
    if sys.platform == "win32":
        return _of_windows()
    raise PagemeterError("this system does not tell its routes; write addresses and networks out")


def local_networks() -> tuple[IPNetwork, ...]:
    """Return the private networks that this host is attached to; raises PagemeterError as ``own_routes`` does."""
    return private_networks(own_routes())


def _of_linux() -> tuple[Route, ...]:
    try:
        routes = linux.parse_ipv4(Path("/proc/net/route").read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise PagemeterError("/proc/net/route can't be read; write addresses and networks out") from error
    try:
        more = linux.parse_ipv6(Path("/proc/net/ipv6_route").read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        # A kernel without IPv6 has no such file.
        more = iter(())
    return (*routes, *more)


def _of_macos() -> tuple[Route, ...]:
    default = macos.parse_route_get(_printed("/sbin/route", "-n", "get", "default"))
    table = macos.parse_netstat(_printed("/usr/sbin/netstat", "-rn"))
    return (*([] if default is None else [default]), *table)


def _printed(*command: str) -> str:
    """Return what a tool of the system prints; nothing where it fails, as ``route`` does without a default route."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command without a shell
            command, capture_output=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PagemeterError(f"{command[0]} can't be run; write addresses and networks out") from error
    return done.stdout.decode("utf-8", "replace")


def _of_windows() -> tuple[Route, ...]:
    # Behind the check, for the module exists for one system only.
    from pagemeter.net.routes import windows_table

    return tuple(windows.parse_table(windows_table.forward_table(), windows_table.interface_name))
