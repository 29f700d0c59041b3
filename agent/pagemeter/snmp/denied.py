"""Object identifiers that are never asked for: passwords of devices, and what persons printed."""

from __future__ import annotations

from pagemeter.snmp.types import Oid, oid

# Passwords that firmware hands out to readers: HP JetDirect (CERT VU#377033) and HP-LASERJET-COMMON-MIB
# (service-password, file-system-security-access-password, jetsend-contact-password).
DEVICE_PASSWORDS = frozenset(
    map(
        oid,
        (
            "1.3.6.1.4.1.11.2.3.9.1.1.13",
            "1.3.6.1.4.1.11.2.3.9.4.2.1.3.9.1.1",
            "1.3.6.1.4.1.11.2.3.9.4.2.1.1.1.9",
            "1.3.6.1.4.1.11.2.3.9.4.2.1.1.10.1.9",
            "1.3.6.1.4.1.11.2.3.9.4.2.1.3.8.3.1.1",
        ),
    )
)

# Documents and users: the Job Monitoring MIB (RFC 2707) and Kyocera's job log.
JOB_TABLES = frozenset(map(oid, ("1.3.6.1.4.1.2699.1.1", "1.3.6.1.4.1.1347.47.6.1.1")))

_BEYOND = 2**32 - 1


def deny_list(*, jobs: bool = False) -> frozenset[Oid]:
    """Return the prefixes that are not asked for; those of job tables are left out where ``jobs`` are wanted."""
    return DEVICE_PASSWORDS if jobs else DEVICE_PASSWORDS | JOB_TABLES


def denied_by(asked: Oid, denied: frozenset[Oid]) -> Oid | None:
    """Return the prefix that forbids an identifier, or none."""
    return next((prefix for prefix in denied if asked[: len(prefix)] == prefix), None)


def behind(prefix: Oid) -> Oid:
    """Return where a walk goes on so that a subtree is left out."""
    return (*prefix, _BEYOND)
