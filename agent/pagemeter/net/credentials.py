"""Credentials, each for its networks only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from pydantic import SecretStr

IPAddress: TypeAlias = IPv4Address | IPv6Address
IPNetwork: TypeAlias = IPv4Network | IPv6Network


class SnmpVersion(StrEnum):
    """The versions of SNMP."""

    V1 = "1"
    V2C = "2c"
    V3 = "3"


class Auth(StrEnum):
    """USM authentication protocols (RFC 3414, RFC 7860)."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class Priv(StrEnum):
    """USM privacy protocols: plain AES-192/256 extends the key as Blumenthal's draft does, ``-c`` as Reeder's."""

    DES = "des"
    AES128 = "aes128"
    AES192 = "aes192"
    AES256 = "aes256"
    AES192_C = "aes192-c"
    AES256_C = "aes256-c"


class Trust(StrEnum):
    """Which SNMPv3 engine at an address gets what this user signs: only the one met first, or any in the networks."""

    FIRST = "first"
    NETWORK = "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpCredential:
    """How to speak SNMP: a community for v1 and v2c, a user for v3; secrets never print.

    ``name`` tells it from others in logs and in the state; it is no secret. ``trust`` says whether another engine id
    than the one that was met first at an address has to be confirmed before it gets an authenticated request.
    """

    name: str
    version: SnmpVersion
    community: SecretStr | None = None
    user: str | None = None
    auth: Auth | None = None
    auth_password: SecretStr | None = None
    priv: Priv | None = None
    priv_password: SecretStr | None = None
    context: str = ""
    port: int = 161
    trust: Trust = Trust.FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCredential:
    """A credential and the networks it may be sent to; ``segments``: to those too that an operator selected."""

    networks: tuple[IPNetwork, ...]
    snmp: SnmpCredential
    segments: bool = False


class Credentials:
    """Credentials in the order of the YAML; ``selected`` tells the segments that an operator selected."""

    def __init__(
        self, credentials: Sequence[NetworkCredential], *, selected: Callable[[], Sequence[IPNetwork]] = tuple
    ) -> None:
        self._credentials = tuple(credentials)
        self._all = tuple(credential.snmp for credential in self._credentials)
        self._selected = selected

    def snmp(self, address: IPAddress) -> tuple[SnmpCredential, ...]:
        """Return those that may be sent to this address, in the order in which they are tried."""
        found = tuple(c.snmp for c in self._credentials if any(address in network for network in self.networks_of(c)))
        return self._all if len(found) == len(self._all) else found

    def snmp_of_all(self, network: IPNetwork) -> tuple[SnmpCredential, ...]:
        """Return those that may be sent to every address of a network, as a broadcast does."""
        return tuple(
            c.snmp
            for c in self._credentials
            if any(
                mine.version == network.version and network.subnet_of(mine)  # type: ignore[arg-type] # one version
                for mine in self.networks_of(c)
            )
        )

    def snmp_in(self, network: IPNetwork) -> tuple[SnmpCredential, ...]:
        """Return those that may be sent to some address of a network."""
        return tuple(c.snmp for c in self._credentials if any(mine.overlaps(network) for mine in self.networks_of(c)))

    def edges(self) -> tuple[IPNetwork, ...]:
        """Return the networks at whose ends other credentials may count than before."""
        return tuple(network for credential in self._credentials for network in self.networks_of(credential))

    def networks_of(self, credential: NetworkCredential) -> tuple[IPNetwork, ...]:
        """Return the networks a credential may be sent to now."""
        return (*credential.networks, *(self._selected() if credential.segments else ()))
