from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.errors import PluginError
from pagemeter.http import HttpSettings
from pagemeter.http.tls import WrongKey, context_of, public_key_of


@pytest.mark.parametrize("kind", [trustme.KeyType.RSA, trustme.KeyType.ECDSA])
def test_the_public_key_of_a_certificate_is_found(kind: trustme.KeyType) -> None:
    pem = trustme.CA(key_type=kind).issue_cert("a.example", key_type=kind).cert_chain_pems[0].bytes()
    key = load_pem_x509_certificate(pem).public_key()
    info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public_key_of(ssl.PEM_cert_to_DER_cert(pem.decode())) == info


@given(st.binary(max_size=64))
def test_what_is_no_certificate_has_no_key_or_one_that_is_not_pinned(der: bytes) -> None:
    try:
        found = public_key_of(der)
    except WrongKey:
        return
    assert hashlib.sha256(found).digest() != bytes(32)


def test_tls_is_1_2_or_newer_and_verified(tmp_path: Path) -> None:
    context = context_of(HttpSettings(url="https://a.example"), tmp_path)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_ca_of_ones_own_takes_the_place_of_the_systems(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "own.pem")
    context = context_of(HttpSettings(url="https://a.example", ca="own.pem"), tmp_path)
    assert context.cert_store_stats()["x509"] == 1


def encrypted_key(certificate: trustme.LeafCert) -> bytes:
    key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
    )


@pytest.mark.parametrize("content", [None, b"", b"no PEM"])
def test_a_client_certificate_that_is_none_is_said_with_its_file(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "me.pem").write_bytes(content)
    with pytest.raises(PluginError, match=r"me\.pem can't be used as `client_certificate`"):
        context_of(HttpSettings(url="https://a.example", client_certificate="me.pem"), tmp_path)


def test_an_encrypted_key_needs_its_password_and_nobody_is_asked_at_a_terminal(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("agent")
    (tmp_path / "key.pem").write_bytes(encrypted_key(certificate))
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "me.pem")
    files = {"url": "https://a.example", "client_certificate": "me.pem", "client_key": "key.pem"}
    context_of(HttpSettings.model_validate({**files, "client_key_password": "pw"}), tmp_path)
    for password in (None, "canary"):
        settings = HttpSettings.model_validate({**files, "client_key_password": password})
        with pytest.raises(PluginError, match="client_key_password") as caught:
            context_of(settings, tmp_path)
        assert "canary" not in str(caught.value)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.issue_cert("agent").cert_chain_pems[0].write_to_path(tmp_path / "me.pem")
    authority.issue_cert("other").private_key_pem.write_to_path(tmp_path / "key.pem")
    with pytest.raises(PluginError, match="belong together"):
        context_of(HttpSettings(url="https://a.example", client_certificate="me.pem", client_key="key.pem"), tmp_path)
