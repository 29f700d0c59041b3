"""Frames of version 3: what is written is read again, and whatever is damaged is refused with one exception."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from pagemeter.snmp.codec import MalformedError, Message, PduType, block, encode
from pagemeter.snmp.probe import encode_probe
from pagemeter.snmp.types import Tag, VarBind, oid
from pagemeter.snmp.v3_message import AUTH, PRIV, REPORTABLE, Security, read, read_scoped, scoped_pdu, write

ENGINE_ID = b"\x80\x00\x1f\x88\x04made up"
NAME = oid("1.3.6.1.2.1.1.5.0")
SECURITY = Security(flags=AUTH, engine_id=ENGINE_ID, boots=7, seconds=2**31 - 1, user=b"meter")


def answer(pdu: PduType = PduType.RESPONSE) -> bytes:
    """Write a scoped PDU as an engine does."""
    rows = (VarBind(NAME, Tag.OCTET_STRING, b"made-up"),)
    message = encode(Message(version=1, community=b"", pdu=pdu, request_id=4711, rows=rows))
    head = block(Tag.OCTET_STRING, ENGINE_ID) + block(Tag.OCTET_STRING, b"Jetdirect")
    return block(0x30, head + message[7:])


def test_what_is_written_is_read_again_with_the_place_of_the_signature() -> None:
    whole, at = write(32_767, SECURITY, answer(), b"8 octets", 24)
    found = read(whole + b"padding")
    assert (found.message_id, found.flags, found.engine_id) == (32_767, AUTH | REPORTABLE, ENGINE_ID)
    assert (found.boots, found.seconds, found.user, found.salt) == (7, 2**31 - 1, b"meter", b"8 octets")
    assert (found.signature, found.signed_at, found.whole) == (bytes(24), at, whole)
    assert found.scoped == answer()


def test_what_is_encrypted_stands_in_octets() -> None:
    security = Security(flags=AUTH | PRIV, engine_id=ENGINE_ID, user=b"meter")
    assert read(write(1, security, b"not to be read", b"8 octets", 12)[0]).scoped == b"not to be read"


@pytest.mark.parametrize(("pdu", "is_report"), [(PduType.RESPONSE, False), (PduType.REPORT, True)])
def test_an_answer_is_read_whatever_padding_stands_behind_it(pdu: PduType, is_report: bool) -> None:
    found = read_scoped(answer(pdu) + bytes(7))
    assert (found.is_report, found.request_id, found.error_status) == (is_report, 4711, 0)
    assert found.rows == (VarBind(NAME, Tag.OCTET_STRING, b"made-up"),)


def test_a_question_is_no_answer() -> None:
    with pytest.raises(MalformedError, match="a GET instead of an answer"):
        read_scoped(scoped_pdu(ENGINE_ID, b"", PduType.GET, 5, [NAME], (0, 0)))


def test_the_probe_names_neither_engine_nor_user() -> None:
    found = read(encode_probe(200))
    assert (found.message_id, found.flags, found.engine_id, found.user) == (200, REPORTABLE, b"", b"")
    assert (found.boots, found.seconds, found.signature, found.salt) == (0, 0, b"", b"")


def changed(**fields: object) -> bytes:
    parts = {"version": b"\x02\x01\x03", "model": b"\x02\x01\x03", "flags": b"\x04\x01\x04", "boots": b"\x02\x01\x07"}
    parts |= {"user": b"\x04\x01u", "engine": block(Tag.OCTET_STRING, ENGINE_ID)}
    parts |= fields  # type: ignore[arg-type]  # octets, as the test names them
    head = block(0x30, b"\x02\x01\x05" + b"\x02\x02\x10\x00" + parts["flags"] + parts["model"])
    parameters = parts["engine"] + parts["boots"] + b"\x02\x01\x01" + parts["user"] + b"\x04\x00\x04\x00"
    return block(0x30, parts["version"] + head + block(Tag.OCTET_STRING, block(0x30, parameters)) + answer())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"version": b"\x02\x01\x02"}, "version field 2 is not v3"),
        ({"model": b"\x02\x01\x01"}, "security model 1"),
        ({"flags": b"\x04\x01\x02"}, "flags that are none"),
        ({"flags": b"\x04\x00"}, "flags that are none"),
        ({"boots": b"\x02\x01\xff"}, "boots or time of -1"),
        ({"user": block(Tag.OCTET_STRING, bytes(33))}, "33 octets where 32 are the most"),
        ({"engine": block(Tag.OCTET_STRING, bytes(33))}, "33 octets where 32 are the most"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_each_field_has_its_bounds(fields: dict[str, bytes], message: str) -> None:
    assert read(changed()).boots == 7
    with pytest.raises(MalformedError, match=message):
        read(changed(**fields))


def test_the_case_with_a_name_is_refused() -> None:
    for reader in (read, read_scoped):
        with pytest.raises(MalformedError):
            reader(b"\x23\x07\xff\x01\x00\x00\xf8")


@pytest.mark.parametrize("seed", range(4))
def test_damaged_messages_raise_nothing_else(seed: int) -> None:
    dice = random.Random(seed)
    whole = [write(dice.randrange(32_768), SECURITY, answer(), b"8 octets", 12)[0], answer(), encode_probe(3)]
    refused = 0
    for _ in range(1500):
        damaged = bytearray(dice.choice(whole))
        for _ in range(dice.randint(1, 4)):
            match dice.randrange(3):
                case 0:
                    damaged[dice.randrange(len(damaged))] = dice.randrange(256)
                case 1:
                    del damaged[max(1, dice.randrange(len(damaged))) :]
                case 2:
                    damaged.insert(dice.randrange(len(damaged)), dice.randrange(256))
        for reader in (read, read_scoped):
            try:
                reader(bytes(damaged))
            except MalformedError:
                refused += 1
    assert refused > 1500


def test_pysnmp_is_not_imported_before_a_user_is_needed() -> None:
    program = "import sys, pagemeter.agent, pagemeter.snmp.v3; sys.exit('pysnmp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
