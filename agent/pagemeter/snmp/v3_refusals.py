"""What an SNMPv3 engine refuses (RFC 3412 section 7.2, RFC 3413 section 3, RFC 3414 section 3.2), and what to do."""

from __future__ import annotations

from enum import Enum
from urllib.parse import urlsplit

from pagemeter.errors import AccessDenied, DeviceError, Unreachable, Unreadable
from pagemeter.net.credentials import Auth, Priv, SnmpCredential
from pagemeter.snmp.session import Place
from pagemeter.snmp.types import Oid, dotted
from pagemeter.snmp.v3_message import ScopedPdu


class Refusal(Enum):
    """The counters that a Report carries, without their last 0."""

    SECURITY_LEVEL = (1, 3, 6, 1, 6, 3, 15, 1, 1, 1)
    TIME_WINDOW = (1, 3, 6, 1, 6, 3, 15, 1, 1, 2)
    USER = (1, 3, 6, 1, 6, 3, 15, 1, 1, 3)
    ENGINE = (1, 3, 6, 1, 6, 3, 15, 1, 1, 4)
    DIGEST = (1, 3, 6, 1, 6, 3, 15, 1, 1, 5)
    DECRYPTION = (1, 3, 6, 1, 6, 3, 15, 1, 1, 6)
    SECURITY_MODEL = (1, 3, 6, 1, 6, 3, 11, 2, 1, 1)
    INVALID = (1, 3, 6, 1, 6, 3, 11, 2, 1, 2)
    HANDLER = (1, 3, 6, 1, 6, 3, 11, 2, 1, 3)
    CONTEXT_AWAY = (1, 3, 6, 1, 6, 3, 12, 1, 4)
    CONTEXT = (1, 3, 6, 1, 6, 3, 12, 1, 5)


_BY_OID: dict[Oid, Refusal] = {one.value: one for one in Refusal}

_DENIALS = {
    Refusal.SECURITY_LEVEL: "does not let the SNMPv3 user {user} in with {level}; write auth and priv as the device "
    "has them",
    Refusal.TIME_WINDOW: "refuses the time of the SNMPv3 user {user} twice, though it was told by the device itself; "
    "restart the device if this goes on",
    Refusal.USER: "does not know the SNMPv3 user {user}; add it on the device, or write its name as it is there",
    Refusal.DIGEST: "refuses the authentication password or protocol of the SNMPv3 user {user}; write both ({auth}) as "
    "the device has them",
    Refusal.DECRYPTION: "can't decrypt what the SNMPv3 user {user} sends; write the privacy password and protocol "
    "({priv}{extension}) as the device has them",
    Refusal.ENGINE: "changed its SNMPv3 engine id while the user {user} was reading; the next cycle asks again",
    Refusal.SECURITY_MODEL: "has SNMPv3, but not with users and passwords (USM), which is all that is spoken here",
    Refusal.HANDLER: "knows the SNMPv3 user {user}, but answers nothing in the context {context}{advice}",
    Refusal.CONTEXT_AWAY: "has no answer in the SNMPv3 context {context} now; the next cycle asks again",
    Refusal.CONTEXT: "does not know the SNMPv3 context {context}{advice}",
}

# In these contexts alone some devices answer, by the enterprise of their engine id (RFC 3411, SnmpEngineID).
_CONTEXTS = {11: b"Jetdirect", 1129: b"MFP"}
_LOCKED = 2**31 - 1


def refusal_of(report: ScopedPdu) -> Refusal | None:
    """Return what a Report counts, none where it is nothing that is known."""
    for row in report.rows:
        if (found := _BY_OID.get(row.oid[:-1]) or _BY_OID.get(row.oid)) is not None:
            return found
    return None


def usual_context(engine_id: bytes) -> bytes | None:
    """Return the context in which devices of this maker may keep everything, none for most makers."""
    return _CONTEXTS.get(int.from_bytes(engine_id[:4], "big") & 0x7FFF_FFFF) if len(engine_id) >= 5 else None


def explained(
    place: Place, credential: SnmpCredential, report: ScopedPdu, context: bytes, tried: bytes | None
) -> DeviceError:
    """Say what a Report means and what to do; ``tried`` is the context that was tried beside the configured one."""
    refusal = refusal_of(report)
    if refusal is None or refusal not in _DENIALS:
        names = ", ".join(dotted(row.oid) for row in report.rows[:3]) or "nothing"
        return Unreadable(f"{place.uri} answers SNMPv3 with a report that can't be understood ({names})")
    text = _DENIALS[refusal].format(
        user=repr(credential.user or ""),
        level=_level(credential),
        auth=credential.auth,
        priv=credential.priv,
        extension=_extension(credential),
        context=repr(context.decode(errors="replace")),
        advice=_advice(tried),
    )
    return AccessDenied(f"{place.uri} {text}")


def another_engine(place: Place) -> AccessDenied:
    """Say that something else answers where a device was known."""
    return AccessDenied(
        f"{place.uri} answers with another SNMPv3 engine id than at first, so no password was used; was the device "
        f"exchanged? Confirm it (`pagemeter engines confirm {_named(place)}`), or write `trust: network` into the "
        "credential"
    )


def _named(place: Place) -> str:
    """Write the place as `pagemeter engines` does: with a port only where the target names one."""
    parts = urlsplit(place.uri)
    if parts.scheme not in ("host", "snmp") or parts.port is None:
        return str(place.address)
    return f"{place.address}:{place.port}" if place.address.version == 4 else f"[{place.address}]:{place.port}"


def locked(place: Place) -> AccessDenied:
    """Say that an engine counted its starts to the end (RFC 3414 section 2.2.3)."""
    return AccessDenied(
        f"{place.uri} has locked its SNMPv3 engine (it counts no more starts); set its users and passwords anew"
    )


def ignored(place: Place, credential: SnmpCredential, tries: int, tried: bytes | None, *, known: bool) -> DeviceError:
    """Say that a device tells its engine id and leaves a user unanswered; ``known``: it answered before."""
    user = repr(credential.user or "")
    if known:
        return Unreachable(
            f"{place.uri} tells its SNMPv3 engine id, but left {tries} questions of the user {user} unanswered, whom "
            "it answered before; is it busy, was the privacy password changed there?"
        )
    contexts = f" Nothing came in the context {tried.decode()!r} either." if tried else ""
    if credential.context:
        contexts = f" Or does the device know no context {credential.context!r}?"
    if credential.priv is not None:
        return AccessDenied(
            f"{place.uri} ignores what the SNMPv3 user {user} encrypts; is the privacy password or protocol "
            f"right ({credential.priv}{_extension(credential)})?{contexts}"
        )
    return AccessDenied(f"{place.uri} answers SNMPv3, but not the user {user}; may the user read?{contexts}")


def unauthorised(place: Place, credential: SnmpCredential, tried: bytes | None) -> AccessDenied:
    """Say that an engine knows a user, and lets it see nothing (RFC 3415)."""
    user, advice = credential.user or "", _advice(tried) if tried else ""
    return AccessDenied(
        f"{place.uri} knows the SNMPv3 user {user!r}, but lets it read nothing with {_level(credential)}; "
        f"allow that on the device, or write auth and priv as they are there{advice}"
    )


def _level(credential: SnmpCredential) -> str:
    """Return the security level by its name in RFC 3411."""
    if credential.auth is None:
        return "noAuthNoPriv"
    return "authNoPriv" if credential.priv is None else "authPriv"


_OTHER_EXTENSION = {
    Priv.AES192: Priv.AES192_C,
    Priv.AES256: Priv.AES256_C,
    Priv.AES192_C: Priv.AES192,
    Priv.AES256_C: Priv.AES256,
}
_SHORT = frozenset({Auth.MD5, Auth.SHA1})


def _extension(credential: SnmpCredential) -> str:
    """Name the other way in which makers lengthen a key, where the two ways differ."""
    other = _OTHER_EXTENSION.get(credential.priv) if credential.priv is not None else None
    return f"; some devices mean {other} by it" if other is not None and credential.auth in _SHORT else ""


def _advice(tried: bytes | None) -> str:
    if tried:
        return f" and nothing in {tried.decode()!r}; write the device's own name of it as `context`"
    return "; write the device's own name of it as `context`"
