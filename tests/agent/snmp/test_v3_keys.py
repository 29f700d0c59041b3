"""Keys, signatures and ciphers against published vectors, and against the standard library where there are none."""

from __future__ import annotations

import hashlib
import hmac
from itertools import product

import pytest
from pydantic import SecretStr

from pagemeter.errors import AccessDenied
from pagemeter.net.credentials import Auth, Priv, SnmpCredential, SnmpVersion
from pagemeter.snmp.codec import MalformedError
from pagemeter.snmp.usm import Keys, Usm

ENGINE = bytes.fromhex("000000000000000000000002")
PASSWORD = "maplesyrup"

MD5 = "526f5eed9fcce26f8964c2930787d82b"
SHA1 = "6695febc9288e36282235fc7151f128497b38f3f"

# RFC 3414 A.3.1 and A.3.2; the other rows are computed with the standard library.
LOCALISED = {
    Auth.MD5: MD5,
    Auth.SHA1: SHA1,
    Auth.SHA256: "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
}

# draft-blumenthal-aes-usm-04 section 3.1.2.1, draft-reeder-snmpv3-usm-3desede section 2.1.
EXTENDED = {
    (Auth.MD5, Priv.AES256): MD5 + "fa24a92467426c2f4b09192be10dfaec",
    (Auth.MD5, Priv.AES256_C): MD5 + "79eff44a90650ee0a3a40abfac5acc12",
    (Auth.SHA1, Priv.AES256): SHA1 + "505e07eb9af25568fa1f5dbe",
    (Auth.SHA1, Priv.AES256_C): SHA1 + "9b8b6d78936ba6e7d19dfd9c",
}

HASHES = {
    Auth.MD5: (hashlib.md5, 12),
    Auth.SHA1: (hashlib.sha1, 12),
    Auth.SHA224: (hashlib.sha224, 16),
    Auth.SHA256: (hashlib.sha256, 24),
    Auth.SHA384: (hashlib.sha384, 32),
    Auth.SHA512: (hashlib.sha512, 48),
}
KEY_OCTETS = {
    Priv.DES: 16,
    Priv.AES128: 16,
    Priv.AES192: 24,
    Priv.AES256: 32,
    Priv.AES192_C: 24,
    Priv.AES256_C: 32,
}


def credential(auth: Auth | None, priv: Priv | None = None, password: str = PASSWORD) -> SnmpCredential:
    return SnmpCredential(
        name="user",
        version=SnmpVersion.V3,
        user="user",
        auth=auth,
        auth_password=SecretStr(password),
        priv=priv,
        priv_password=SecretStr(password),
    )


def privacy_key(keys: Keys) -> bytes:
    return bytes(keys._priv_key)


def ku(auth: Auth, password: bytes) -> bytes:
    return HASHES[auth][0]((password * (2**20 // len(password) + 1))[: 2**20]).digest()


def kul(auth: Auth, hashed: bytes, engine_id: bytes) -> bytes:
    return HASHES[auth][0](hashed + engine_id + hashed).digest()


def long_enough(auth: Auth, priv: Priv) -> bytes:
    """Lengthen a key as the two drafts say, with the standard library alone."""
    key = kul(auth, ku(auth, PASSWORD.encode()), ENGINE)
    while len(key) < KEY_OCTETS[priv]:
        if priv in (Priv.AES192_C, Priv.AES256_C):
            key += kul(auth, ku(auth, key), ENGINE)
        else:
            key += HASHES[auth][0](key).digest()
    return key[: KEY_OCTETS[priv]]


@pytest.mark.parametrize("auth", LOCALISED)
def test_a_key_is_localised_as_published(auth: Auth) -> None:
    assert bytes(Usm().keys(credential(auth), ENGINE)._auth_key).hex() == LOCALISED[auth]


@pytest.mark.parametrize(("auth", "priv"), EXTENDED)
def test_a_short_key_is_lengthened_as_each_draft_says(auth: Auth, priv: Priv) -> None:
    assert privacy_key(Usm().keys(credential(auth, priv), ENGINE)).hex() == EXTENDED[auth, priv][:64]


@pytest.mark.parametrize(("auth", "priv"), list(product(Auth, Priv)))
def test_the_keys_of_every_pair_are_those_of_a_plain_reckoning(auth: Auth, priv: Priv) -> None:
    keys = Usm().keys(credential(auth, priv), ENGINE)
    assert bytes(keys._auth_key) == kul(auth, ku(auth, PASSWORD.encode()), ENGINE)
    assert privacy_key(keys) == long_enough(auth, priv)


@pytest.mark.parametrize("auth", Auth)
def test_a_signature_is_the_hmac_of_the_message_cut_short(auth: Auth) -> None:
    keys = Usm().keys(credential(auth), ENGINE)
    function, octets = HASHES[auth]
    message = b"before" + bytes(octets) + b"behind"
    expected = hmac.new(bytes(keys._auth_key), message, function).digest()[:octets]
    assert keys.signature(message) == expected
    assert keys.signature_octets == octets
    signed = b"before" + expected + b"behind"
    assert keys.is_signed(signed, 6)
    assert not keys.is_signed(signed[:-1] + b"?", 6)


@pytest.mark.parametrize("auth", Auth)
def test_zeros_before_the_place_of_the_signature_are_left_alone(auth: Auth) -> None:
    keys = Usm().keys(credential(auth), ENGINE)
    function, octets = HASHES[auth]
    message = bytes(octets + 3) + b"an engine id may be all zeros" + bytes(octets)
    assert keys.signature(message) == hmac.new(bytes(keys._auth_key), message, function).digest()[:octets]
    at = len(message) - octets
    assert keys.is_signed(message[:at] + keys.signature(message), at)


@pytest.mark.parametrize("priv", Priv)
def test_what_was_encrypted_is_read_again_whatever_padding_stands_behind_it(priv: Priv) -> None:
    keys = Usm().keys(credential(Auth.SHA1, priv), ENGINE)
    octets, salt = keys.encrypt(b"a scoped PDU", 3, 77)
    assert keys.decrypt(octets, 3, 77, salt).startswith(b"a scoped PDU")
    assert not keys.decrypt(octets, 3, 77, bytes(8)).startswith(b"a scoped PDU")
    again, other_salt = keys.encrypt(b"a scoped PDU", 3, 77)
    assert (other_salt, again) != (salt, octets)


@pytest.mark.parametrize("salt", [b"", b"7 octet", b"nine octe"])
def test_a_salt_of_another_length_is_malformed(salt: bytes) -> None:
    keys = Usm().keys(credential(Auth.SHA1, Priv.AES128), ENGINE)
    with pytest.raises(MalformedError, match="a salt of"):
        keys.decrypt(b"octets", 1, 1, salt)


def test_des_needs_whole_blocks() -> None:
    keys = Usm().keys(credential(Auth.MD5, Priv.DES), ENGINE)
    with pytest.raises(MalformedError, match="can't be decrypted"):
        keys.decrypt(b"seven..", 1, 1, bytes(8))


def test_keys_are_made_once_for_each_credential_and_engine() -> None:
    usm = Usm()
    first = usm.keys(credential(Auth.SHA1, Priv.AES128), ENGINE)
    assert usm.keys(credential(Auth.SHA1, Priv.AES128), ENGINE) is first
    other = usm.keys(credential(Auth.SHA1, Priv.AES128), b"another engine")
    assert privacy_key(other) != privacy_key(first)
    # One password of two credentials was hashed once, for authentication and for privacy.
    assert len(usm._hashed) == 1


def test_two_users_of_one_name_keep_their_own_keys() -> None:
    usm = Usm()
    one = usm.keys(credential(Auth.SHA1, Priv.AES128, "first password"), ENGINE)
    two = usm.keys(credential(Auth.SHA1, Priv.AES128, "other password"), ENGINE)
    assert privacy_key(one) != privacy_key(two)
    assert usm.keys(credential(Auth.SHA1, Priv.AES128, "first password"), ENGINE) is one


def test_a_user_without_authentication_neither_signs_nor_encrypts() -> None:
    keys = Usm().keys(credential(None), ENGINE)
    assert (keys.signs, keys.encrypts, keys.signature_octets) == (False, False, 0)


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(AccessDenied, match="password is empty"):
        Usm().keys(credential(Auth.SHA1, password=""), ENGINE)
