"""Asking devices without a configuration file: what is named on the command line is the fence."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from importlib.util import find_spec
from ipaddress import ip_network, summarize_address_range
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from pagemeter.clock import Clock, SystemClock
from pagemeter.component import Factory, Reader, Settings
from pagemeter.config import AgentConfig, load_config
from pagemeter.config.build import credentials_of, fence_of
from pagemeter.errors import ConfigError, PluginError
from pagemeter.ipp.client import IppClient
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import (
    Auth,
    Credentials,
    IPAddress,
    IPNetwork,
    NetworkCredential,
    Priv,
    SnmpCredential,
    SnmpVersion,
)
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.ranges import parse_range, resolve
from pagemeter.plugins import Kind, Registry, load_plugins
from pagemeter.progress import Watcher, nobody
from pagemeter.services import AgentServices
from pagemeter.snmp.engine import SnmpEngine

MOST_ADDRESSES = 1 << 17
_ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpOptions:
    """The command line's word on SNMP; ``auth`` and ``priv`` are ``sha256:env:NAME`` or ``sha256:file:PATH``."""

    config: Path | None = None
    community: str | None = None
    version: str | None = None
    user: str | None = None
    auth: str | None = None
    priv: str | None = None
    port: int | None = None
    timeout: float = 2.0
    packets_per_second: int = 500

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Self:
        """Take the shared options out of a command's parameters."""
        renamed = {**params, "version": params["snmp_version"]}
        return cls(**{f.name: renamed[f.name] for f in fields(cls)})

    def refuse_beside_config(self) -> None:
        """Raise ConfigError where both the file and the command line would speak."""
        given = {f"--{name}": getattr(self, name) for name in ("community", "user", "auth", "priv", "port")}
        given["--snmp-version"] = self.version
        if named := sorted(option for option, value in given.items() if value is not None):
            raise ConfigError(f"{', '.join(named)}: --config says how to log in; leave one of the two out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """What a command needs to ask devices."""

    engine: SnmpEngine
    services: AgentServices
    clock: Clock
    config: AgentConfig | None = None


@asynccontextmanager
async def toolkit(options: SnmpOptions, ranges: Sequence[str], *, watcher: Watcher = nobody) -> AsyncIterator[Toolkit]:
    """Open the SNMP engine for these ranges; raises ConfigError for what can't be used."""
    clock = SystemClock()
    config: AgentConfig | None = None
    if options.config is not None:
        options.refuse_beside_config()
        config = load_config(options.config, environ=os.environ)
        fence, credentials = fence_of(config), credentials_of(config)
        rate, octets = config.agent.packets_per_second, config.agent.bytes_per_second
    else:
        fence = Fence([FencedNetwork(network=network) for text in ranges for network in await _networks(text)])
        credentials = Credentials([NetworkCredential(networks=_ANYWHERE, snmp=c) for c in snmp_credentials(options)])
        rate, octets = options.packets_per_second, None
    budget = Budget(clock, rate, octets)
    engine = SnmpEngine(fence=fence, budget=budget, credentials=credentials, clock=clock, timeout=options.timeout)
    async with engine:
        services = AgentServices(
            name="command",
            snmp=engine,
            ipp=IppClient(fence=fence, budget=budget),
            fence=fence,
            clock=clock,
            folder=config.folder if config is not None else Path.cwd(),
            ask=lambda *_: None,
            watcher=watcher,
        )
        yield Toolkit(engine=engine, services=services, clock=clock, config=config)


def readers(tools: Toolkit) -> dict[str, Reader]:
    """Build the readers by their names: those of the file, else SNMP, then IPP where its library is installed.

    Raises PluginError where one can't be loaded.
    """
    items: list[tuple[str, str, Settings | None]]
    if tools.config is not None:
        if broken := next((item for item in tools.config.readers if item.broken is not None), None):
            raise PluginError(f"{broken.name}: {broken.broken}")
        items = [(item.name, item.plugin, item.settings) for item in tools.config.readers]
    else:
        names = ("printer_mib", "ipp") if find_spec("aiohttp") is not None else ("printer_mib",)
        items = [(name, name, None) for name in names]
    registry = load_plugins(sorted({plugin for _, plugin, _ in items}))
    return {name: _reader(registry, plugin, settings, tools.services) for name, plugin, settings in items}


def _reader(registry: Registry, plugin: str, settings: Settings | None, services: AgentServices) -> Reader:
    factory = registry.factory(Kind.READER, plugin)
    if not isinstance(factory, Factory):
        raise PluginError(f"{plugin}: {registry.why_not(plugin) or 'is not installed'}")
    built = factory(factory.settings() if settings is None else settings, services)
    if not isinstance(built, Reader):
        raise PluginError(f"{plugin}: does not build a reader")
    return built


def snmp_credentials(options: SnmpOptions, environ: Mapping[str, str] | None = None) -> tuple[SnmpCredential, ...]:
    """Make the credentials that the options name: version 2c and then 1, community public, unless said otherwise."""
    port = options.port or 161
    if options.version == SnmpVersion.V3 or (options.version is None and options.user is not None):
        return (_v3(options, os.environ if environ is None else environ, port),)
    community = SecretStr(options.community if options.community is not None else "public")
    versions = (SnmpVersion.V2C, SnmpVersion.V1) if options.version is None else (_version(options.version),)
    return tuple(
        SnmpCredential(name=f"command line, v{version}", version=version, community=community, port=port)
        for version in versions
    )


def _version(text: str) -> SnmpVersion:
    try:
        return SnmpVersion(text)
    except ValueError:
        raise ConfigError(f"--snmp-version {text}: is not one of 1, 2c, 3") from None


def _v3(options: SnmpOptions, environ: Mapping[str, str], port: int) -> SnmpCredential:
    if options.user is None:
        raise ConfigError("--snmp-version 3 needs --user NAME")
    if options.priv is not None and options.auth is None:
        raise ConfigError("--priv needs --auth: SNMPv3 does not encrypt what it does not authenticate")
    auth, auth_password = _secret("--auth", options.auth, Auth, environ)
    priv, priv_password = _secret("--priv", options.priv, Priv, environ)
    return SnmpCredential(
        name="command line, v3",
        version=SnmpVersion.V3,
        user=options.user,
        auth=auth,
        auth_password=auth_password,
        priv=priv,
        priv_password=priv_password,
        port=port,
    )


P = TypeVar("P", Auth, Priv)


def _secret(
    option: str, text: str | None, protocols: type[P], environ: Mapping[str, str]
) -> tuple[P | None, SecretStr | None]:
    """Read ``PROTOCOL:env:NAME`` or ``PROTOCOL:file:PATH``: a password on the command line is in the process list."""
    if text is None:
        return None, None
    protocol, _, rest = text.partition(":")
    where, _, name = rest.partition(":")
    known = ", ".join(protocols)
    if protocol not in set(protocols):
        raise ConfigError(f"{option}: write PROTOCOL:env:NAME or PROTOCOL:file:PATH; PROTOCOL is one of {known}")
    if where not in ("env", "file") or not name:
        raise ConfigError(f"{option}: write {protocol}:env:NAME or {protocol}:file:PATH; others can read command lines")
    try:
        password = environ[name] if where == "env" else Path(name).read_text(encoding="utf-8").rstrip("\r\n")
    except KeyError:
        raise ConfigError(f"{option}: the environment has no {name}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{option}: {name} can't be read ({type(error).__name__})") from None
    if len(password) < 8:
        raise ConfigError(f"{option}: the password has fewer than 8 characters (RFC 3414)")
    return protocols(protocol), SecretStr(password)


async def _networks(text: str) -> list[IPNetwork]:
    """Turn what is named on the command line into networks; a host name is resolved first."""
    text = host_of(text)
    try:
        named = parse_range(text)
    except ValueError as error:
        raise ConfigError(f"{error}") from None
    if named.count is not None and named.count > MOST_ADDRESSES:
        raise ConfigError(f"{text}: has {named.count:,} addresses, more than {MOST_ADDRESSES:,}; name a smaller range")
    if named.first is not None and named.last is not None:
        return list(summarize_address_range(named.first, named.last))
    return [ip_network(address) for address in await addresses_of(text)]


def host_of(text: str) -> str:
    """Return the host of a URI; what is none stays as it is. Raises ConfigError for a URI that no reader takes."""
    scheme, colon, _ = text.partition("://")
    if not colon:
        return text
    host = urlsplit(text).hostname
    if scheme not in ("ipp", "ipps") or host is None:
        raise ConfigError(f"{text}: write an address, a host name, or ipp://host/path")
    return host


async def addresses_of(host: str) -> tuple[IPAddress, ...]:
    """Resolve a host name or take an address as it is; raises ConfigError where there is none."""
    if any(sign in host for sign in "/*"):
        raise ConfigError(f"{host}: one address or host name is wanted here; `pagemeter scan` takes ranges")
    found = await resolve(host)
    if not found:
        raise ConfigError(f"{host}: no such host; is the name right?")
    return found
