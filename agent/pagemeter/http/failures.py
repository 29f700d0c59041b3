"""Why there was no answer, in our own words: the libraries' quote addresses and more."""

from __future__ import annotations

import socket
import ssl

from pagemeter.http.tls import WrongKey
from pagemeter.tls import NEEDS_AN_UPDATE, SPEAKS_NO_TLS, SPEAKS_OLD_TLS

_AUTHORITY = "is the server's certificate from an authority that `ca` or the system trusts?"

# X509_V_ERR_* of OpenSSL (x509_vfy.h).
_UNTRUSTED = {
    9: "the server's certificate is not valid yet; is this host's clock right?",
    10: "the server's certificate has expired; renew it, or is this host's clock wrong?",
    18: f"the server's certificate is its own authority; {_AUTHORITY}",
    19: f"the server's chain ends in an unknown authority; {_AUTHORITY}",
    20: f"the server's authority is unknown, or its chain is incomplete; {_AUTHORITY}",
    23: "the server's certificate was revoked",
    62: "the server's certificate is for another name; is the host of `url` right?",
    64: "the server's certificate is for another address; write `url` with its name",
}
_ALERTS = {
    **dict.fromkeys(SPEAKS_OLD_TLS, NEEDS_AN_UPDATE),
    **dict.fromkeys(SPEAKS_NO_TLS, "no TLS is spoken there; is the port of `url` right?"),
    "CERTIFICATE_REQUIRED": "the server wants a client certificate; set client_certificate and client_key",
    "UNKNOWN_CA": "the server does not trust our client certificate; is client_certificate the right one?",
    "BAD_CERTIFICATE": "the server does not trust our client certificate; is client_certificate the right one?",
    "CERTIFICATE_EXPIRED": "our client certificate has expired; renew it",
    "HANDSHAKE_FAILURE": "the server ended the handshake; does it want a client certificate, or know no TLS 1.2?",
    "UNRECOGNIZED_NAME": "the server does not know the host of `url`",
}


def tls_words(error: BaseException) -> str:
    """Say why TLS failed, and what to do."""
    if isinstance(error, WrongKey):
        return "the server's key is none of `pin`; is it the right server? Nothing was sent"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _UNTRUSTED.get(error.verify_code, _AUTHORITY)
    reason = str(getattr(error, "reason", None) or "")
    for end, words in _ALERTS.items():
        if reason.endswith(end):
            return words
    return "the server ended the handshake; does it speak TLS 1.2 or newer there?"


def network_words(error: OSError) -> str:
    """Say why there was no connection, and what to do."""
    if isinstance(error, socket.gaierror):
        return "the name can't be resolved; is it right, and does DNS work here?"
    if isinstance(error, ConnectionRefusedError):
        return "no connection (refused); is the server up, and is the port right?"
    if isinstance(error, ConnectionResetError):
        return "it ended the connection at once; is the port right, and does it want a client certificate?"
    if isinstance(error, TimeoutError):
        return "no connection (no answer); is the server up, and does a firewall let us out?"
    return (
        f"no connection ({error.strerror or type(error).__name__}); is the server up, and does a firewall let us out?"
    )
