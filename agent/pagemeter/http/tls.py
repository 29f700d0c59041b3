"""What HTTP adds to TLS: the server's key is held against the pins before anything is sent."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from pagemeter.http.settings import HttpSettings, digest_of
from pagemeter.tls import client_context

_REMEDY = "are they PEM files that the agent may read, do they belong together, is client_key_password right?"


class WrongKey(ssl.SSLError):
    """The server's public key is none of the pinned ones."""


def context_of(settings: HttpSettings, folder: Path) -> ssl.SSLContext:
    """Read the files that the settings name, relative to ``folder``; raises PluginError where one can't be used."""
    context = client_context(
        folder,
        ca=settings.ca,
        certificate=settings.client_certificate,
        key=settings.client_key,
        key_password=settings.client_key_password,
        remedy=_REMEDY,
    )
    context.set_alpn_protocols(["http/1.1"])
    if settings.pin:
        context.sslobject_class = _pinned(frozenset(digest_of(pin) for pin in settings.pin))
    return context


def _pinned(pins: frozenset[bytes]) -> type[ssl.SSLObject]:
    class Pinned(ssl.SSLObject):
        """Ends the handshake where the server's key is another one; nothing of ours has been sent by then."""

        def do_handshake(self) -> None:
            super().do_handshake()
            certificate = self.getpeercert(binary_form=True)
            if certificate is None or hashlib.sha256(public_key_of(certificate)).digest() not in pins:
                raise WrongKey("the server's key is not pinned")

    return Pinned


def public_key_of(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo (DER) of an X.509 certificate (DER; RFC 5280 section 4.1); raises WrongKey."""
    try:
        _, at, _ = _element(certificate, 0)  # Certificate
        _, at, _ = _element(certificate, at)  # tbsCertificate
        tag, _, end = _element(certificate, at)
        if tag == _VERSION:
            at = end
        for _ in range(5):  # serialNumber, signature, issuer, validity, subject
            _, _, at = _element(certificate, at)
        _, _, end = _element(certificate, at)
    except IndexError:
        raise WrongKey("the server's certificate can't be read") from None
    return certificate[at:end]


_VERSION = 0xA0


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag at an offset, where its content starts and where it ends (X.690 section 8.1)."""
    tag, length, start = der[at], der[at + 1], at + 2
    if length & 0x80:
        octets = length & 0x7F
        length, start = int.from_bytes(der[start : start + octets], "big"), start + octets
    return tag, start, start + length
