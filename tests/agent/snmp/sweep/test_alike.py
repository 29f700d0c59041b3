"""Answers that are read at a glance are read as all others are, whatever was read before and wherever they are odd."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pagemeter.snmp.alike import Alike
from pagemeter.snmp.codec import V1, V2C, Message, PduType, encode
from pagemeter.snmp.echo import understood
from pagemeter.snmp.types import Tag, VarBind, oid

DESCR, OBJECT, NAME = (oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 2, 5))


def answer(number: int, *rows: VarBind, version: int = V2C, status: int = 0) -> bytes:
    return encode(
        Message(
            version=version,
            community=b"public",
            pdu=PduType.RESPONSE,
            request_id=number,
            error_status=status,
            error_index=status,
            rows=rows,
        )
    )


def described(number: int, text: bytes, maker: int = 11) -> bytes:
    model = VarBind(OBJECT, Tag.OBJECT_IDENTIFIER, oid(f"1.3.6.1.4.1.{maker}.1"))
    return answer(number, VarBind(DESCR, Tag.OCTET_STRING, text), model)


def in_long_form(data: bytes) -> bytes:
    """Write the first length in three octets, as some agents always do."""
    return data[:1] + b"\x82" + len(data[2:]).to_bytes(2, "big") + data[2:]


KINDS = (
    described(300, b"a printer of some make"),
    described(301, b"a printer of some make", maker=641),
    described(301, b""),
    described(302, b"another one, of which more is to be said" * 5),
    in_long_form(described(303, b"a printer of some make")),
    described(304, b"a printer of some make") + b"rest",
    answer(305, VarBind(DESCR, Tag.OCTET_STRING, b"v1 alone"), version=V1),
    answer(306, VarBind(DESCR, Tag.NO_SUCH_OBJECT, None), VarBind(NAME, Tag.OCTET_STRING, b"second")),
    answer(307, VarBind(DESCR, Tag.NO_SUCH_OBJECT, None)),
    answer(308, VarBind(DESCR, Tag.OCTET_STRING, b"one"), VarBind(NAME, Tag.OCTET_STRING, b"two")),
    answer(309, VarBind(DESCR, Tag.OCTET_STRING, b"an error"), status=5),
    answer(5, VarBind(DESCR, Tag.OCTET_STRING, b"an id of one octet")),
    answer(70_000, VarBind(DESCR, Tag.OCTET_STRING, b"an id of three octets")),
    bytes.fromhex("2307ff010000f8"),
)


def changed(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    octets = bytearray(data)
    for place, value in changes:
        octets[place % len(octets)] = value
    return bytes(octets)


CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(KINDS), CHANGES), max_size=30))
def test_what_was_read_before_makes_no_difference(heard: list[tuple[bytes, list[tuple[int, int]]]]) -> None:
    alike = Alike()
    for one in KINDS:
        assert alike.read(one) == understood(one)
    for one, changes in heard:
        assert alike.read(changed(one, changes)) == understood(changed(one, changes))


def test_each_single_octet_that_is_changed_is_read_as_the_codec_reads_it() -> None:
    alike = Alike()
    for kind in KINDS:
        alike.read(kind)
        for place in range(len(kind)):
            for value in (0x00, 0x01, 0x05, 0x30, 0x7F, 0x80, 0xFF, kind[place] ^ 1):
                damaged = changed(kind, [(place, value)])
                assert alike.read(damaged) == understood(damaged), (kind, place, value)


def test_answers_of_one_length_are_learned_once() -> None:
    alike = Alike()
    for number in range(1000):
        values = alike.read(described(256 + number, b"printer %04d" % number))
        assert values is not None
        assert values.request_id == 256 + number
        assert values.rows is not None
        assert values.rows[0] == VarBind(DESCR, Tag.OCTET_STRING, b"printer %04d" % number)
    assert [[len(mould.tails) for mould in moulds] for moulds in alike._moulds.values()] == [[1]]


def test_who_makes_up_answers_of_all_kinds_does_not_fill_the_memory() -> None:
    alike = Alike()
    for maker in range(3000):
        alike.read(described(300, b"x" * (maker % 500), maker=maker))
        alike.read(answer(300, VarBind((1, 3, maker), Tag.OCTET_STRING, b"x" * (maker % 300))))
        alike.read(described(300, b"always the same", maker=16_384 + maker))
    kept = [mould for moulds in alike._moulds.values() for mould in moulds]
    assert 0 < len(kept) <= 256
    assert max(len(mould.tails) for mould in kept) <= 32
    assert max(alike._moulds) <= 600


def test_an_answer_of_many_values_is_read_and_not_learned() -> None:
    alike = Alike()
    most = answer(300, *(VarBind((1, 3, 6, number), Tag.OCTET_STRING, b"") for number in range(16)))
    more = answer(300, *(VarBind((1, 3), Tag.COUNTER32, number) for number in range(20)), VarBind(DESCR, 4, b"text"))
    for one in (more, most, more, most):
        assert alike.read(one) == understood(one)
    assert len(most) < 600
    assert len(more) < 600
    assert list(alike._moulds) == [len(most)]
