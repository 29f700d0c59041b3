"""The codec against pysnmp's: the same octets for the same message, and each reads what the other wrote."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagemeter.snmp.codec import V1, V2C, MalformedError, Message, PduType, V1Trap, decode, encode, question
from pagemeter.snmp.types import Oid, Tag, VarBind

decoder: Any = pytest.importorskip("pyasn1.codec.ber.decoder")
encoder: Any = pytest.importorskip("pyasn1.codec.ber.encoder")
v1: Any = pytest.importorskip("pysnmp.proto.api.v1")
v2c: Any = pytest.importorskip("pysnmp.proto.api.v2c")

SET_TAG = 0xA3

# pyasn1 puts an octet of sign more than it needs in front of these.
PADDED = frozenset(-(2**bits) for bits in (7, 15, 23, 31))

# pysnmp takes milliseconds for a message.
thorough = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

V1_PDUS: dict[PduType, Any] = {
    PduType.GET: v1.GetRequestPDU,
    PduType.GET_NEXT: v1.GetNextRequestPDU,
    PduType.RESPONSE: v1.GetResponsePDU,
    PduType.TRAP_V1: v1.TrapPDU,
}
V2_PDUS: dict[PduType, Any] = {
    PduType.GET: v2c.GetRequestPDU,
    PduType.GET_NEXT: v2c.GetNextRequestPDU,
    PduType.RESPONSE: v2c.ResponsePDU,
    PduType.GET_BULK: v2c.GetBulkRequestPDU,
    PduType.INFORM: v2c.InformRequestPDU,
    PduType.TRAP: v2c.SNMPv2TrapPDU,
    PduType.REPORT: v2c.ReportPDU,
}
V1_VALUES: dict[int, Any] = {
    Tag.INTEGER: v1.Integer,
    Tag.OCTET_STRING: v1.OctetString,
    Tag.NULL: v1.Null,
    Tag.OBJECT_IDENTIFIER: v1.ObjectIdentifier,
    Tag.IP_ADDRESS: v1.IpAddress,
    Tag.COUNTER32: v1.Counter,
    Tag.GAUGE32: v1.Gauge,
    Tag.TIME_TICKS: v1.TimeTicks,
    Tag.OPAQUE: v1.Opaque,
}
V2_VALUES: dict[int, Any] = {
    Tag.INTEGER: v2c.Integer32,
    Tag.OCTET_STRING: v2c.OctetString,
    Tag.NULL: v2c.Null,
    Tag.OBJECT_IDENTIFIER: v2c.ObjectIdentifier,
    Tag.IP_ADDRESS: v2c.IpAddress,
    Tag.COUNTER32: v2c.Counter32,
    Tag.GAUGE32: v2c.Gauge32,
    Tag.TIME_TICKS: v2c.TimeTicks,
    Tag.OPAQUE: v2c.Opaque,
    Tag.COUNTER64: v2c.Counter64,
    Tag.NO_SUCH_OBJECT: v2c.NoSuchObject,
    Tag.NO_SUCH_INSTANCE: v2c.NoSuchInstance,
    Tag.END_OF_MIB_VIEW: v2c.EndOfMibView,
}


def oids() -> st.SearchStrategy[Oid]:
    start = st.sampled_from([(1, 3, 6, 1), (1, 3), (0, 0), (0, 39), (2, 5), (2, 999)])
    return st.tuples(start, st.lists(st.integers(0, 2**32 - 1), max_size=20).map(tuple)).map(
        lambda two: two[0] + two[1]
    )


def values(version: int) -> st.SearchStrategy[tuple[Tag, int | bytes | Oid | None]]:
    made: list[st.SearchStrategy[tuple[Tag, Any]]] = [
        st.tuples(st.just(Tag.INTEGER), st.integers(-(2**31), 2**31 - 1)),
        st.tuples(st.sampled_from([Tag.COUNTER32, Tag.GAUGE32, Tag.TIME_TICKS]), st.integers(0, 2**32 - 1)),
        st.tuples(st.sampled_from([Tag.OCTET_STRING, Tag.OPAQUE]), st.binary(max_size=300)),
        st.tuples(st.just(Tag.IP_ADDRESS), st.binary(min_size=4, max_size=4)),
        st.tuples(st.just(Tag.OBJECT_IDENTIFIER), oids()),
        st.tuples(st.just(Tag.NULL), st.none()),
    ]
    if version == V2C:
        made.append(st.tuples(st.just(Tag.COUNTER64), st.integers(0, 2**64 - 1)))
        made.append(
            st.tuples(st.sampled_from([Tag.NO_SUCH_OBJECT, Tag.NO_SUCH_INSTANCE, Tag.END_OF_MIB_VIEW]), st.none())
        )
    return st.one_of(made)


def rows(version: int) -> st.SearchStrategy[tuple[VarBind, ...]]:
    row = st.builds(lambda name, value: VarBind(name, value[0], value[1]), oids(), values(version))
    return st.lists(row, max_size=6).map(tuple)


def messages(version: int) -> st.SearchStrategy[Message]:
    return st.builds(
        Message,
        version=st.just(version),
        community=st.binary(max_size=40),
        pdu=st.sampled_from([pdu for pdu in (V2_PDUS if version == V2C else V1_PDUS) if pdu != PduType.TRAP_V1]),
        request_id=st.integers(0, 2**31 - 1),
        error_status=st.integers(0, 5),
        error_index=st.integers(0, 100),
        rows=rows(version),
    )


def v1_traps() -> st.SearchStrategy[Message]:
    trap = st.builds(
        V1Trap,
        enterprise=oids(),
        agent_address=st.binary(min_size=4, max_size=4),
        generic=st.integers(0, 6),
        specific=st.integers(0, 2**31 - 1),
        time_stamp=st.integers(0, 2**32 - 1),
    )
    return st.builds(
        Message,
        version=st.just(V1),
        community=st.binary(max_size=40),
        pdu=st.just(PduType.TRAP_V1),
        rows=rows(V1),
        trap=trap,
    )


def of_pysnmp(message: Message) -> Any:
    """Build the same message with pysnmp."""
    module, pdus, values = (v1, V1_PDUS, V1_VALUES) if message.version == V1 else (v2c, V2_PDUS, V2_VALUES)
    pdu = pdus[message.pdu]()
    rows = [(row.oid, values[row.tag](row.value if row.value is not None else "")) for row in message.rows]
    trap = message.trap
    if trap is not None:
        fields = v1.apiTrapPDU
        fields.set_enterprise(pdu, trap.enterprise)
        address = v1.NetworkAddress()
        address.setComponentByPosition(0, v1.IpAddress(trap.agent_address))
        pdu.setComponentByPosition(1, address)
        fields.set_generic_trap(pdu, trap.generic)
        fields.set_specific_trap(pdu, trap.specific)
        fields.set_timestamp(pdu, trap.time_stamp)
    else:
        fields = module.apiPDU
        fields.set_request_id(pdu, message.request_id)
        pdu.setComponentByPosition(1, message.error_status)
        pdu.setComponentByPosition(2, message.error_index)
    fields.set_varbinds(pdu, rows)
    built = module.Message()
    module.apiMessage.set_version(built, message.version)
    module.apiMessage.set_community(built, message.community)
    module.apiMessage.set_pdu(built, pdu)
    return built


@thorough
@given(messages(V1) | messages(V2C) | v1_traps())
def test_pysnmp_writes_the_same_octets_and_reads_ours(message: Message) -> None:
    theirs = of_pysnmp(message)
    written = encode(message)
    if all(row.value not in PADDED for row in message.rows):
        assert encoder.encode(theirs) == written
    read, rest = decoder.decode(written, asn1Spec=theirs.clone())
    assert (read, rest) == (theirs, b"")


@thorough
@given(messages(V1) | messages(V2C) | v1_traps())
def test_what_pysnmp_writes_is_read(message: Message) -> None:
    assert decode(encoder.encode(of_pysnmp(message))) == message


@thorough
@given(st.lists(oids(), max_size=8), st.integers(0, 2**31 - 1), st.integers(0, 10), st.integers(0, 50))
def test_pysnmp_reads_a_stamped_question(
    names: list[Oid], request_id: int, non_repeaters: int, repetitions: int
) -> None:
    asked = question(V2C, b"public", PduType.GET_BULK, names, non_repeaters=non_repeaters, repetitions=repetitions)
    read, rest = decoder.decode(asked.stamped(request_id), asn1Spec=v2c.Message())
    pdu = v2c.apiMessage.get_pdu(read)
    assert rest == b""
    assert bytes(v2c.apiMessage.get_community(read)) == b"public"
    assert [int(pdu.getComponentByPosition(place)) for place in range(3)] == [request_id, non_repeaters, repetitions]
    assert [tuple(name) for name, _ in v2c.apiBulkPDU.get_varbinds(pdu)] == names


@pytest.mark.parametrize(("module", "version"), [(v1, V1), (v2c, V2C)])
def test_a_set_request_that_pysnmp_writes_is_refused(module: Any, version: int) -> None:
    pdu = module.SetRequestPDU()
    module.apiPDU.set_defaults(pdu)
    module.apiPDU.set_varbinds(pdu, [((1, 3, 6, 1, 4, 1, 99999, 1), module.OctetString("never"))])
    message = module.Message()
    module.apiMessage.set_version(message, version)
    module.apiMessage.set_community(message, b"public")
    module.apiMessage.set_pdu(message, pdu)
    with pytest.raises(MalformedError, match=f"PDU type {SET_TAG:#x}"):
        decode(encoder.encode(message))
