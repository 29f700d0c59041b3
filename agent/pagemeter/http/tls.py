"""Whom we trust and who we are: TLS from 1.2 on, always verified, pinned before anything is sent."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from pagemeter.errors import PluginError
from pagemeter.http.settings import HttpSettings, digest_of


class WrongKey(ssl.SSLError):
    """The server's public key is none of the pinned ones."""


def context_of(settings: HttpSettings, folder: Path) -> ssl.SSLContext:
    """Read the files that the settings name, relative to ``folder``; raises PluginError where one can't be used."""
    ca = None if settings.ca is None else folder / settings.ca
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one: a file that is no PEM
        raise PluginError(f"{ca} can't be used as `ca`; is it a PEM file that the agent may read?") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if settings.client_certificate is not None:
        _load_our_own(context, settings, folder / settings.client_certificate, folder)
    if settings.pin:
        context.sslobject_class = _pinned(frozenset(digest_of(pin) for pin in settings.pin))
    return context


def _load_our_own(context: ssl.SSLContext, settings: HttpSettings, certificate: Path, folder: Path) -> None:
    key = None if settings.client_key is None else folder / settings.client_key
    given = settings.client_key_password
    # Without a password OpenSSL would ask for one at the terminal.
    password = "" if given is None else given.get_secret_value()
    try:
        context.load_cert_chain(certificate, key, password=lambda: password)
    except (OSError, ValueError) as error:
        raise PluginError(
            f"{certificate} can't be used as `client_certificate`{'' if key is None else f' with {key}'}; are they PEM "
            "files that the agent may read, do they belong together, is client_key_password right?"
        ) from (error if isinstance(error, OSError) else None)


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
