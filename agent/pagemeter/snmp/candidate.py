"""An address that is asked without being known: under which credentials, and at whose cost."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.net.budget import Toll
from pagemeter.net.credentials import IPAddress, SnmpCredential


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address and the credentials that are tried there, in their order."""

    address: IPAddress
    credentials: tuple[SnmpCredential, ...]
    toll: Toll
