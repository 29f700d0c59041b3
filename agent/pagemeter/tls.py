"""Whom we trust and who we are, for all that dials out by TLS: from 1.2 on, always verified."""

from __future__ import annotations

import ssl
from pathlib import Path

from pydantic import SecretStr

from pagemeter.errors import PluginError

SPEAKS_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")
"""How OpenSSL's reasons end where a port answers in clear text."""

SPEAKS_OLD_TLS = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE")
"""How they end where a server knows nothing newer than TLS 1.1."""

NEEDS_AN_UPDATE = "the server speaks no TLS 1.2 or newer; it needs an update"

_PLAIN_KEY = "is it a PEM file with its key (in it or in `client_key`), without a password, that the agent may read?"


def client_context(
    folder: Path,
    *,
    ca: str | None = None,
    certificate: str | None = None,
    key: str | None = None,
    key_password: SecretStr | None = None,
    remedy: str = _PLAIN_KEY,
) -> ssl.SSLContext:
    """Return what servers are judged by and what we show them: TLS from 1.2 on, always verified.

    The files are meant from ``folder``; ``remedy`` is said of a certificate or key that is of no use. Blocks; raises
    PluginError that names the file.
    """
    authorities = None if ca is None else folder / ca
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:  # ssl.SSLError is one: a file that is no PEM
        raise PluginError(f"{authorities} can't be used as `ca`; is it a PEM file that the agent may read?") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        own, own_key = folder / certificate, None if key is None else folder / key
        # Without a password OpenSSL would ask for one at the terminal.
        password = "" if key_password is None else key_password.get_secret_value()
        try:
            context.load_cert_chain(own, own_key, password=lambda: password)
        except (OSError, ValueError) as error:
            shown = "" if own_key is None else f" with {own_key}"
            raise PluginError(f"{own} can't be used as `client_certificate`{shown}; {remedy}") from (
                error if isinstance(error, OSError) else None  # the other may quote the password
            )
    return context


def untrusted(error: ssl.SSLCertVerificationError, called: str = "server") -> str:
    """Say why a certificate is not trusted, and what to do."""
    return (
        f"the {called}'s certificate is not trusted ({error.verify_message}); is it from an authority that `ca` or the"
        " system trusts, and made for this name?"
    )


def encrypted_by(channel: ssl.SSLObject | ssl.SSLSocket) -> str:
    """Say how a connection is encrypted, and how long the certificate is valid."""
    until = (channel.getpeercert() or {}).get("notAfter")
    return f"{channel.version()}, the certificate is trusted and valid until {until}"
