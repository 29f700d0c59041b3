"""The user-based security model (RFC 3414, RFC 3826, RFC 7860): keys, signatures and ciphers, all of them pysnmp's."""

from __future__ import annotations

import hmac
import importlib
from typing import Any

from pydantic import SecretStr

from pagemeter.errors import AccessDenied
from pagemeter.net.credentials import Auth, Priv, SnmpCredential
from pagemeter.snmp.codec import MalformedError

MOST_KEYS = 50_000
"""More than an agent has devices."""

SALT_OCTETS = 8

# usmAuthProtocols (RFC 3414, RFC 7860) and the octets of each signature.
_AUTH = {
    Auth.MD5: ((1, 3, 6, 1, 6, 3, 10, 1, 1, 2), 12),
    Auth.SHA1: ((1, 3, 6, 1, 6, 3, 10, 1, 1, 3), 12),
    Auth.SHA224: ((1, 3, 6, 1, 6, 3, 10, 1, 1, 4), 16),
    Auth.SHA256: ((1, 3, 6, 1, 6, 3, 10, 1, 1, 5), 24),
    Auth.SHA384: ((1, 3, 6, 1, 6, 3, 10, 1, 1, 6), 32),
    Auth.SHA512: ((1, 3, 6, 1, 6, 3, 10, 1, 1, 7), 48),
}

# AES-192 and AES-256 have pysnmp's own numbers: 1 and 2 extend the key as Blumenthal's draft does,
# 101 and 102 as Reeder's.
_PRIV = {
    Priv.DES: (1, 3, 6, 1, 6, 3, 10, 1, 2, 2),
    Priv.AES128: (1, 3, 6, 1, 6, 3, 10, 1, 2, 4),
    Priv.AES192: (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 1),
    Priv.AES256: (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 2),
    Priv.AES192_C: (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 101),
    Priv.AES256_C: (1, 3, 6, 1, 4, 1, 9, 12, 6, 1, 102),
}


class Keys:
    """What one user signs and encrypts with towards one engine; without ``auth`` it does neither."""

    __slots__ = ("_auth", "_auth_key", "_octets", "_pieces", "_priv", "_priv_key")

    def __init__(self, pieces: _Pysnmp, auth: tuple[Any, Any], priv: tuple[Any, Any], octets: int) -> None:
        self._pieces = pieces
        self._auth, self._auth_key = auth
        self._priv, self._priv_key = priv
        self._octets = octets

    @property
    def signs(self) -> bool:
        """Say whether messages are authenticated."""
        return self._auth is not None

    @property
    def encrypts(self) -> bool:
        """Say whether messages are encrypted too."""
        return self._priv is not None

    @property
    def signature_octets(self) -> int:
        """How long a signature is, 0 without authentication."""
        return self._octets

    def signature(self, message: bytes) -> bytes:
        """Return the signature of a message that has zeros in its place (RFC 3414 section 6.3.1)."""
        # pysnmp writes it over the first zeros of that length, which may be others; here its place is known.
        at = message.find(bytes(self._octets))
        signed: bytes = self._auth.authenticate_outgoing_message(self._auth_key, message)
        return signed[at : at + self._octets]

    def is_signed(self, message: bytes, at: int) -> bool:
        """Say whether the signature that stands at ``at`` is right."""
        end = at + self._octets
        blank = message[:at] + bytes(self._octets) + message[end:]
        return hmac.compare_digest(self.signature(blank), message[at:end])

    def encrypt(self, plain: bytes, boots: int, seconds: int) -> tuple[bytes, bytes]:
        """Encrypt a scoped PDU; returns it and the salt. Raises AccessDenied where the ciphers are not installed."""
        try:
            octets, salt = self._priv.encrypt_data(self._priv_key, (boots, seconds, None), plain)
        except self._pieces.failures as error:
            raise AccessDenied(
                "SNMPv3 can't encrypt: cryptography is not installed, pip install 'pagemeter[snmpv3]' brings it"
            ) from error
        return bytes(octets), bytes(salt)

    def decrypt(self, octets: bytes, boots: int, seconds: int, salt: bytes) -> bytes:
        """Decrypt a scoped PDU and whatever padding stands behind it; raises MalformedError."""
        if len(salt) != SALT_OCTETS:
            raise MalformedError(f"a salt of {len(salt)} octets")
        wrap = self._pieces.octet_string
        try:
            return bytes(self._priv.decrypt_data(self._priv_key, (boots, seconds, wrap(salt)), wrap(octets)))
        except self._pieces.failures as error:
            raise MalformedError(f"can't be decrypted ({type(error).__name__})") from error


class Usm:
    """The keys of all users: hashed once per password, localised once per credential and engine."""

    def __init__(self) -> None:
        self._pieces: _Pysnmp | None = None
        self._hashed: dict[tuple[Auth, SecretStr], Any] = {}
        self._localised: dict[tuple[SnmpCredential, bytes], Keys] = {}

    def keys(self, credential: SnmpCredential, engine_id: bytes) -> Keys:
        """Return a user's keys for an engine; raises AccessDenied where pysnmp is not installed."""
        key = (credential, engine_id)
        if (known := self._localised.get(key)) is not None:
            return known
        if len(self._localised) >= MOST_KEYS:
            for old in list(self._localised)[: MOST_KEYS // 2]:
                del self._localised[old]
        made = self._localised[key] = self._localise(credential, engine_id)
        return made

    def _localise(self, credential: SnmpCredential, engine_id: bytes) -> Keys:
        pieces = self._pieces = self._pieces or _Pysnmp()
        if credential.auth is None or credential.auth_password is None:
            return Keys(pieces, (None, None), (None, None), 0)
        engine = pieces.octet_string(engine_id)
        protocol, octets = _AUTH[credential.auth]
        auth = pieces.auth[protocol]
        auth_key = auth.localize_key(self._hash(pieces, credential.auth, credential.auth_password), engine)
        if credential.priv is None or credential.priv_password is None:
            return Keys(pieces, (auth, auth_key), (None, None), octets)
        priv = pieces.priv[_PRIV[credential.priv]]
        hashed = self._hash(pieces, credential.auth, credential.priv_password)
        return Keys(pieces, (auth, auth_key), (priv, priv.localize_key(protocol, hashed, engine)), octets)

    def _hash(self, pieces: _Pysnmp, auth: Auth, password: SecretStr) -> Any:
        """Hash a password, repeated to a megabyte (RFC 3414 A.2); the privacy's is hashed in the same way."""
        key = (auth, password)
        if key not in self._hashed:
            octets = password.get_secret_value().encode()
            if not octets:
                raise AccessDenied("an SNMPv3 password is empty; it has 8 characters at least")
            self._hashed[key] = pieces.auth[_AUTH[auth][0]].hash_passphrase(octets)
        return self._hashed[key]


class _Pysnmp:
    """What is used of pysnmp, imported only where a user of v3 is asked for: it costs 80 ms."""

    __slots__ = ("auth", "failures", "octet_string", "priv")

    def __init__(self) -> None:
        try:
            model = importlib.import_module("pysnmp.proto.secmod.rfc3414.service").SnmpUSMSecurityModel
            known = importlib.import_module("pysnmp.error").PySnmpError
            univ = importlib.import_module("pyasn1.type.univ")
            asn1 = importlib.import_module("pyasn1.error").PyAsn1Error
        except ImportError as error:
            raise AccessDenied(
                "SNMPv3 needs pysnmp, which is not installed: pip install 'pagemeter[snmpv3]'"
            ) from error
        self.auth: dict[tuple[int, ...], Any] = model.AUTH_SERVICES
        self.priv: dict[tuple[int, ...], Any] = model.PRIV_SERVICES
        self.octet_string: Any = univ.OctetString
        self.failures: tuple[type[Exception], ...] = (known, asn1, ValueError)
