"""Ten thousand damaged messages: each is read or refused as malformed, with work in proportion to its length."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from pagemeter.snmp.codec import (
    V1,
    V2C,
    MalformedError,
    Message,
    PduType,
    V1Trap,
    block,
    decode,
    encode,
    request_id_of,
    write_integer,
)
from pagemeter.snmp.types import Oid, Tag, VarBind, oid

DAMAGED = 10_000

MADE_UP = oid("1.3.6.1.4.1.99999.7.1")

# Calls that reading an octet may cost: a variable of the fewest octets is read with about two for each of them.
CALLS_PER_OCTET = 4
CALLS_PER_MESSAGE = 60


def rows(count: int) -> tuple[VarBind, ...]:
    kinds: list[tuple[Tag, int | bytes | Oid | None]] = [
        (Tag.INTEGER, -3),
        (Tag.INTEGER, 1_234_567),
        (Tag.COUNTER32, 2**32 - 1),
        (Tag.TIME_TICKS, 4_711),
        (Tag.COUNTER64, 2**63),
        (Tag.OCTET_STRING, b"Black Toner Cartridge"),
        (Tag.OCTET_STRING, b"x" * 300),
        (Tag.IP_ADDRESS, bytes([127, 0, 0, 1])),
        (Tag.OBJECT_IDENTIFIER, (1, 3, 6, 1, 4, 1, 2**32 - 1)),
        (Tag.NO_SUCH_INSTANCE, None),
    ]
    return tuple(VarBind((*MADE_UP, number, 200 * number), *kinds[number % len(kinds)]) for number in range(count))


def originals() -> list[bytes]:
    """Return one message of each kind, from the smallest to one with many variables."""
    plain = [
        Message(version=version, community=b"public", pdu=pdu, request_id=4_711, rows=rows(count))
        for version, pdu, count in (
            (V1, PduType.GET, 1),
            (V2C, PduType.GET_NEXT, 3),
            (V2C, PduType.GET_BULK, 12),
            (V1, PduType.RESPONSE, 1),
            (V2C, PduType.RESPONSE, 10),
            (V2C, PduType.RESPONSE, 60),
            (V2C, PduType.INFORM, 5),
            (V2C, PduType.TRAP, 5),
            (V2C, PduType.REPORT, 1),
        )
    ]
    trap = V1Trap(enterprise=MADE_UP, agent_address=bytes(4), generic=6, specific=1, time_stamp=1)
    alert = Message(version=V1, community=b"public", pdu=PduType.TRAP_V1, rows=rows(5), trap=trap)
    return [encode(message) for message in (*plain, alert)]


def flipped(data: bytes, dice: random.Random) -> bytes:
    octets = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
    return bytes(octets)


def cut(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    return data[: dice.randrange(len(data))] if dice.random() < 0.7 else data[:start] + data[start + 3 :]


def inserted(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    more = dice.randbytes(dice.randint(1, 20)) if dice.random() < 0.5 else data[place : place + dice.randint(1, 500)]
    return data[:place] + more + data[place:]


def bombed(data: bytes, dice: random.Random) -> bytes:
    """Put a huge, an indefinite or a contradicting length in the place of an octet."""
    place = dice.randrange(1, len(data))
    lengths = ("80", "84ffffffff", "8900000000000000007f", "ff", "820000", "84000000ff", "7f", "00")
    return data[:place] + bytes.fromhex(dice.choice(lengths)) + data[place + 1 :]


def nested(data: bytes, dice: random.Random) -> bytes:
    """Wrap the message, or what is in the place of its variables, as deep as a datagram allows."""
    opening = dice.choice((b"\x30\x80", b"\x30\x82\xff\xf0", b"\x30\x7f", b"\x24\x80", b"\xa2\x82\x40\x00"))
    deep = opening * dice.randint(1, 60_000 // len(opening))
    return deep if dice.random() < 0.3 else data[: dice.randrange(len(data))] + deep


def random_octets(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(12)] + dice.randbytes(dice.randint(0, 600))


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped,
    flipped,
    cut,
    inserted,
    bombed,
    random_octets,
)


def damaged_messages() -> Iterator[bytes]:
    """Yield the same ten thousand in every run; one in fifty is as long as a datagram gets."""
    dice = random.Random(20_260)
    whole = originals()
    for number in range(DAMAGED):
        data = dice.choice(whole)
        if number % 50 == 0:
            yield nested(data, dice)
            continue
        for _ in range(dice.randint(1, 3)):
            data = dice.choice(DAMAGES)(data.ljust(2, b"\x30"), dice)
        yield data


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls, of C functions too, until ``work`` returns or refuses as malformed."""
    count = 0

    def counted(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    except MalformedError:
        pass
    finally:
        sys.setprofile(before)
    return count


def test_ten_thousand_damaged_messages_are_read_or_refused_with_work_in_proportion_to_their_length() -> None:
    understood = 0

    def read(data: bytes) -> None:
        nonlocal understood
        decode(data)
        understood += 1

    for data in damaged_messages():
        calls = calls_of(lambda data=data: read(data))  # type: ignore[misc]  # a default binds the loop's value
        assert calls <= CALLS_PER_OCTET * len(data) + CALLS_PER_MESSAGE, data[:200].hex()
    # The damage is neither so slight that all are understood nor so coarse that the rows are never reached.
    assert DAMAGED * 0.02 < understood < DAMAGED * 0.5


def test_the_id_of_a_damaged_message_is_that_of_the_whole_message_or_refused() -> None:
    for data in damaged_messages():
        try:
            message = decode(data)
        except MalformedError:
            try:
                request_id_of(data)
            except MalformedError:
                continue
        else:
            if message.trap is None:
                assert request_id_of(data) == message.request_id


def test_what_was_understood_can_be_written_and_is_then_understood_alike() -> None:
    for data in damaged_messages():
        try:
            message = decode(data)
        except MalformedError:
            continue
        if message.request_id >= 0:
            assert decode(encode(message)) == message


def test_the_same_octets_mean_the_same_whether_or_not_they_were_met_before() -> None:
    def outcome(data: bytes) -> object:
        try:
            return decode(data)
        except MalformedError as error:
            return str(error)

    for data in damaged_messages():
        assert outcome(data) == outcome(data)


def costly(arcs: int, octets: int) -> bytes:
    """Write a response of identifiers that nobody has sent yet, as many as a datagram or the codec takes."""
    dice = random.Random(arcs * 1_000 + octets)

    def name() -> bytes:
        parts = (bytes([0x81, *dice.choices(range(0x80, 0x100), k=octets - 2)]) for _ in range(arcs))
        return b"\x2b" + b"".join((part if octets > 1 else b"") + bytes([dice.randrange(0x80)]) for part in parts)

    listed = b""
    for _ in range(1_024):
        row = block(0x30, block(0x06, name()) + block(0x06, name()))
        if len(listed) + len(row) > 65_400:
            break
        listed += row
    head = write_integer(1) + write_integer(0) + write_integer(0)
    pdu = block(PduType.RESPONSE, head + block(0x30, listed))
    return block(0x30, write_integer(V2C) + block(0x04, b"public") + pdu)


@pytest.mark.parametrize("octets", [2, 3, 5])
@pytest.mark.parametrize("arcs", [1, 3, 10, 30, 120])
def test_the_costliest_messages_take_work_in_proportion_to_their_length(arcs: int, octets: int) -> None:
    data = costly(arcs, octets)
    assert calls_of(lambda: decode(data)) <= CALLS_PER_OCTET * len(data) + CALLS_PER_MESSAGE
