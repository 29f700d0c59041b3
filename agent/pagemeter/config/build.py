"""From the configuration to what the network code works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from pydantic import BaseModel, SecretStr

from pagemeter.config.notation import LOCAL, SEGMENTS, AnyNetwork
from pagemeter.config.settings import AgentConfig
from pagemeter.config.snmp import SnmpSettings
from pagemeter.net.credentials import Credentials, IPNetwork, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.routes import local_networks

Local = Callable[[], Sequence[IPNetwork]]


def fence_of(
    config: AgentConfig, *, local: Local = local_networks, local_time: Callable[[], datetime] | None = None
) -> Fence:
    """Build the fence; ``local`` expands to the attached networks, except those that are written out.

    Raises PagemeterError where the system does not tell its networks.
    """
    written = {network.network for network in config.networks}
    fence = Fence(
        [
            FencedNetwork(
                network=network,
                site=settings.site,
                packets_per_second=settings.packets_per_second,
                bytes_per_second=settings.bytes_per_second,
                reads_at_once=settings.reads_at_once,
                requests_per_device=settings.requests_per_device,
                quiet=settings.quiet,
                never=settings.never,
                answers_from=tuple(address for address in settings.answers_from if address in network),
            )
            for settings in config.networks
            for network in _expanded([settings.network], local)
            if settings.network != LOCAL or network not in written
        ],
        local_time=local_time,
    )
    fence.select(selected_by(config))
    return fence


def sites_of(config: AgentConfig, *, local: Local = local_networks) -> Iterator[tuple[IPNetwork, str]]:
    """Yield the networks that have a site of their own; raises PagemeterError as ``fence_of`` does."""
    for settings in config.networks:
        if settings.site is not None:
            for network in _expanded([settings.network], local):
                yield network, settings.site


def selected_by(config: AgentConfig) -> tuple[IPNetwork, ...]:
    """Return the segments that the YAML selects."""
    return tuple(network for item in config.discoveries for network in item.select)


def credentials_of(
    config: AgentConfig, *, local: Local = local_networks, selected: Callable[[], Sequence[IPNetwork]] = tuple
) -> Credentials:
    """Build the credentials in the order of the YAML; raises PagemeterError as ``fence_of`` does.

    ``selected`` tells the segments that are selected at the moment when it is asked.
    """
    return Credentials(
        [
            NetworkCredential(
                networks=tuple(_expanded(settings.networks, local)),
                snmp=_snmp(settings.snmp, settings.name or _name_of(settings.snmp, number)),
                segments=SEGMENTS in settings.networks,
            )
            for number, settings in enumerate(config.credentials, 1)
        ],
        selected=selected,
    )


def secrets_of(config: AgentConfig) -> Iterator[SecretStr]:
    """Find every secret of a configuration, so that no log line shows one; the community ``public`` is none."""
    parts = [config.agent, *config.networks, *config.credentials, *(item.settings for item in config.items)]
    return (secret for part in parts for secret in _secrets_in(part) if secret.get_secret_value() != "public")


def _secrets_in(value: object) -> Iterator[SecretStr]:
    if isinstance(value, SecretStr):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _secrets_in(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _secrets_in(inner)


def _expanded(networks: Iterable[AnyNetwork], local: Local) -> Iterator[IPNetwork]:
    for network in networks:
        if isinstance(network, IPNetwork):
            yield network
        elif network == LOCAL:
            yield from local()


def _name_of(settings: SnmpSettings, number: int) -> str:
    """Name a credential by what is no secret in it."""
    user = f", {settings.user}" if settings.user else ""
    return f"credential {number} (SNMP {settings.version}{user})"


def _snmp(settings: SnmpSettings, name: str) -> SnmpCredential:
    auth, auth_password = settings.authentication
    priv, priv_password = settings.privacy
    return SnmpCredential(
        name=name,
        version=SnmpVersion(settings.version),
        community=settings.community,
        user=settings.user,
        auth=auth,
        auth_password=auth_password,
        priv=priv,
        priv_password=priv_password,
        context=settings.context,
        port=settings.port,
        trust=settings.trust,
    )
