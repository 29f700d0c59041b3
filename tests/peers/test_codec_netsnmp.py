"""The codec against the tools of net-snmp: we read what they ask and send, they read what we answer."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from subprocess import PIPE, Popen

import pytest

from pagemeter.snmp.codec import V1, V2C, Message, PduType, V1Trap, decode, encode
from pagemeter.snmp.types import Oid, Tag, VarBind, dotted, oid

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        (shutil.which("snmpget") is None or shutil.which("snmptrap") is None) and "CI" not in os.environ,
        reason="the tools of net-snmp are not installed",
    ),
]

SYS_UP_TIME = oid("1.3.6.1.2.1.1.3.0")
SNMP_TRAP_OID = oid("1.3.6.1.6.3.1.1.4.1.0")
PRINTER_ALERT = oid("1.3.6.1.2.1.43.18.2")
ALERT_CODE = oid("1.3.6.1.2.1.43.18.1.1.7.1.5")
MADE_UP = oid("1.3.6.1.4.1.99999.7")

# A value of each kind, and what net-snmp says of it without a MIB.
VALUES: list[tuple[int, int | bytes | Oid, str]] = [
    (Tag.INTEGER, -3, "INTEGER: -3"),
    (Tag.INTEGER, 2**31 - 1, "INTEGER: 2147483647"),
    (Tag.INTEGER, -(2**31), "INTEGER: -2147483648"),
    (Tag.COUNTER32, 2**32 - 1, "Counter32: 4294967295"),
    (Tag.COUNTER32, 128, "Counter32: 128"),
    (Tag.GAUGE32, 2**31, "Gauge32: 2147483648"),
    (Tag.TIME_TICKS, 123, "Timeticks: (123) 0:00:01.23"),
    (Tag.OCTET_STRING, b"Black Toner", 'STRING: "Black Toner"'),
    (Tag.OCTET_STRING, b"", '""'),
    (Tag.OCTET_STRING, b"\x00\xff", "Hex-STRING: 00 FF"),
    (Tag.OCTET_STRING, b"x" * 300, f'STRING: "{"x" * 300}"'),
    (Tag.IP_ADDRESS, bytes([127, 1, 2, 255]), "IpAddress: 127.1.2.255"),
    (Tag.OBJECT_IDENTIFIER, (1, 3, 6, 1, 4, 1, 2**32 - 1), "OID: .1.3.6.1.4.1.4294967295"),
    (Tag.COUNTER64, 2**64 - 1, "Counter64: 18446744073709551615"),
]


class Tool:
    """A running tool of net-snmp that speaks with a socket of ours."""

    def __init__(self, ear: socket.socket, *arguments: str) -> None:
        self._ear = ear
        self._process = Popen(arguments, stdout=PIPE, stderr=PIPE, text=True)
        self._sender: tuple[str, int] = ("", 0)

    def said(self) -> Message:
        """Decode what the tool sent."""
        data, self._sender = self._ear.recvfrom(65_535)
        return decode(data)

    def answer(self, message: Message) -> None:
        self._ear.sendto(encode(message), self._sender)

    def ended(self) -> tuple[int, str]:
        """Wait for its end; returns its status and all that it wrote."""
        output, errors = self._process.communicate(timeout=20)
        return self._process.returncode, output + errors

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


@pytest.fixture
def tools() -> Iterator[list[Tool]]:
    """All tools of a test, which end with it."""
    started: list[Tool] = []
    yield started
    for tool in started:
        tool.close()


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(20)
        yield opened


def start(tools: list[Tool], ear: socket.socket, name: str, version: str, *arguments: str) -> Tool:
    """Start a tool without MIBs and without a second try; ``arguments`` stand around the address, given as ``HERE``."""
    here = f"127.0.0.1:{ear.getsockname()[1]}"
    common = ("-v", version, "-c", "public", "-r", "0", "-t", "15", "-m", "", "-On")
    tool = Tool(ear, name, *common, *(here if one == "HERE" else one for one in arguments))
    tools.append(tool)
    return tool


@pytest.mark.parametrize(("version", "number"), [("1", V1), ("2c", V2C)])
@pytest.mark.parametrize(("name", "pdu"), [("snmpget", PduType.GET), ("snmpgetnext", PduType.GET_NEXT)])
def test_a_request_of_net_snmp_is_read_and_our_answer_is_understood(
    ear: socket.socket, tools: list[Tool], name: str, pdu: PduType, version: str, number: int
) -> None:
    known = [one for one in VALUES if number == V2C or one[0] != Tag.COUNTER64]
    names = [(*MADE_UP, place, 2**32 - 1) for place in range(len(known))]
    tool = start(tools, ear, name, version, "HERE", *map(dotted, names))
    asked = tool.said()
    expected = tuple(VarBind(name, Tag.NULL, None) for name in names)
    assert asked == Message(version=number, community=b"public", pdu=pdu, request_id=asked.request_id, rows=expected)
    rows = tuple(VarBind(name, tag, value) for name, (tag, value, _) in zip(names, known, strict=True))
    tool.answer(replace(asked, pdu=PduType.RESPONSE, rows=rows))
    status, output = tool.ended()
    told = [line.rstrip() for line in output.splitlines() if line]
    assert status == 0, output
    assert told == [f".{dotted(name)} = {text}" for name, (_, _, text) in zip(names, known, strict=True)]


def test_a_bulk_request_is_read_with_its_numbers_and_the_exceptions_of_our_answer_are_understood(
    ear: socket.socket, tools: list[Tool]
) -> None:
    tool = start(tools, ear, "snmpbulkget", "2c", "-Cn1", "-Cr25", "HERE", dotted(SYS_UP_TIME), dotted(MADE_UP))
    asked = tool.said()
    assert (asked.pdu, asked.error_status, asked.error_index) == (PduType.GET_BULK, 1, 25)
    assert [row.oid for row in asked.rows] == [SYS_UP_TIME, MADE_UP]
    absent = (Tag.NO_SUCH_OBJECT, Tag.NO_SUCH_INSTANCE, Tag.END_OF_MIB_VIEW)
    rows = tuple(VarBind((*MADE_UP, tag), tag, None) for tag in absent)
    tool.answer(replace(asked, pdu=PduType.RESPONSE, error_status=0, error_index=0, rows=rows))
    status, output = tool.ended()
    assert status == 0
    assert "No Such Object available" in output
    assert "No Such Instance currently exists" in output
    assert "No more variables left" in output


def test_an_error_that_we_answer_is_understood(ear: socket.socket, tools: list[Tool]) -> None:
    tool = start(tools, ear, "snmpget", "1", "-Cf", "HERE", dotted(SYS_UP_TIME), dotted(MADE_UP))
    asked = tool.said()
    tool.answer(replace(asked, pdu=PduType.RESPONSE, error_status=2, error_index=2))
    status, output = tool.ended()
    assert status != 0
    assert "noSuchName" in output
    assert f"Failed object: .{dotted(MADE_UP)}" in output


def test_a_v1_trap_of_net_snmp_is_read_with_all_its_fields(ear: socket.socket, tools: list[Tool]) -> None:
    tool = start(
        tools,
        ear,
        "snmptrap",
        "1",
        "HERE",
        dotted(PRINTER_ALERT),
        "127.0.0.9",
        "6",
        "1",
        "4711",
        dotted(ALERT_CODE),
        "i",
        "8",
    )
    trap = V1Trap(
        enterprise=PRINTER_ALERT, agent_address=bytes([127, 0, 0, 9]), generic=6, specific=1, time_stamp=4_711
    )
    row = VarBind(ALERT_CODE, Tag.INTEGER, 8)
    assert tool.said() == Message(version=V1, community=b"public", pdu=PduType.TRAP_V1, rows=(row,), trap=trap)
    assert tool.ended()[0] == 0


@pytest.mark.parametrize(("name", "pdu"), [("snmptrap", PduType.TRAP), ("snmpinform", PduType.INFORM)])
def test_a_v2_trap_and_an_inform_are_read_and_the_inform_is_content_with_our_answer(
    ear: socket.socket, tools: list[Tool], name: str, pdu: PduType
) -> None:
    alert = (*PRINTER_ALERT, 0, 1)
    tool = start(tools, ear, name, "2c", "HERE", "4711", dotted(alert), dotted(ALERT_CODE), "i", "8")
    said = tool.said()
    assert said.pdu == pdu
    assert said.rows == (
        VarBind(SYS_UP_TIME, Tag.TIME_TICKS, 4_711),
        VarBind(SNMP_TRAP_OID, Tag.OBJECT_IDENTIFIER, alert),
        VarBind(ALERT_CODE, Tag.INTEGER, 8),
    )
    if pdu == PduType.INFORM:
        tool.answer(replace(said, pdu=PduType.RESPONSE))
    assert tool.ended()[0] == 0
