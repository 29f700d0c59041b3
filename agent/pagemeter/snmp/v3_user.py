"""One user towards one SNMPv3 engine: what it sends, and which answers count."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.snmp.codec import MalformedError
from pagemeter.snmp.usm import Keys
from pagemeter.snmp.v3_message import AUTH, PRIV, ScopedPdu, Security, V3Message, read, read_scoped, write
from pagemeter.snmp.v3_peer import Peer

_ENVELOPE_OCTETS = 58


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer that may count: the message, and what it says."""

    message: V3Message
    scoped: ScopedPdu

    @property
    def is_signed(self) -> bool:
        """Say whether the engine signed it."""
        return bool(self.message.flags & AUTH)


class User:
    """A user's name and keys, and the engine that they are localised for."""

    __slots__ = ("_keys", "_name", "_peer")

    def __init__(self, name: bytes, keys: Keys, peer: Peer) -> None:
        self._name = name
        self._keys = keys
        self._peer = peer

    @property
    def envelope_octets(self) -> int:
        """How much longer than its scoped PDU a question is, to some octets of padding and length."""
        return _ENVELOPE_OCTETS + len(self._peer.engine_id) + len(self._name) + self._keys.signature_octets

    def written(self, message_id: int, scoped: bytes, now: float) -> bytes:
        """Encrypt and sign a question, as far as the user has passwords."""
        keys, peer = self._keys, self._peer
        boots, seconds = peer.clock(now)
        salt = b""
        if keys.encrypts:
            scoped, salt = keys.encrypt(scoped, boots, seconds)
        security = Security(flags=self._flags, engine_id=peer.engine_id, boots=boots, seconds=seconds, user=self._name)
        message, at = write(message_id, security, scoped, salt, keys.signature_octets)
        return message[:at] + keys.signature(message) + message[at + keys.signature_octets :] if keys.signs else message

    def judged(self, octets: bytes, request_id: int, now: float) -> Heard:
        """Read an answer; raises MalformedError for one that must not count (RFC 3412, 7.2; RFC 3414, 3.2)."""
        message = read(octets)
        heard = Heard(message, read_scoped(self._opened(message) if message.flags & AUTH else message.scoped))
        if heard.scoped.is_report:
            return heard
        if message.flags & (AUTH | PRIV) != self._flags:
            raise MalformedError("an answer that is not protected as the question was")
        if heard.scoped.request_id != request_id or message.engine_id != self._peer.engine_id:
            raise MalformedError("an answer to another question")
        if heard.is_signed:
            self._peer.hear_signed(message.boots, message.seconds, now)
        return heard

    @property
    def _flags(self) -> int:
        return (AUTH if self._keys.signs else 0) | (PRIV if self._keys.encrypts else 0)

    def _opened(self, message: V3Message) -> bytes:
        """Check the signature, then decrypt."""
        keys = self._keys
        if not keys.signs or message.engine_id != self._peer.engine_id or message.user != self._name:
            raise MalformedError("an answer to another user or of another engine")
        if len(message.signature) != keys.signature_octets or not keys.is_signed(message.whole, message.signed_at):
            raise MalformedError("an answer whose signature is wrong")
        if not message.flags & PRIV:
            return message.scoped
        if not keys.encrypts:
            raise MalformedError("an answer that is encrypted, though the question was not")
        return keys.decrypt(message.scoped, message.boots, message.seconds, message.salt)
