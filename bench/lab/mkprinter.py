"""Writes printer.snmprec: a color multifunction printer as RFC 1213/2790/3805 describe one.

    python mkprinter.py > printer.snmprec

Invented data (no real device): system, ifTable (2 rows), hrDevice (4 rows), hrPrinter, prtGeneral,
prtCover, prtLocalization, prtInput (4 trays), prtOutput (2), prtMarker (1), prtMarkerSupplies (8),
prtMarkerColorant (4), prtMediaPath, prtChannel, prtInterpreter, prtConsole, prtAlert (3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

rows: list[tuple[tuple[int, ...], int, str]] = []


def add(oid: str, tag: int, value: object) -> None:
    rows.append((tuple(map(int, oid.split("."))), tag, str(value)))


def table(base: str, columns: Mapping[int, tuple[int, Any]], index: Sequence[object]) -> None:
    """columns: {number: (tag, value or list of values, one for each row)}; index: list of row indexes"""
    for column, (tag, values) in columns.items():
        for i, row in enumerate(index):
            add(f"{base}.{column}.{row}", tag, values[i] if isinstance(values, list) else values)


M = "1.3.6.1.2.1"
P = M + ".43"
DESCR = "Example Corp ColorWorks MFP C5570; Firmware 2.41.0; NIC 04.12; S/N EX1234567890"
for n, tag, value in [
    (1, 4, DESCR),
    (2, 6, "1.3.6.1.4.1.99999.3.9.1"),
    (3, 67, 123456789),
    (4, 4, "helpdesk@example.org"),
    (5, 4, "prn-0001"),
    (6, 4, "Building 4, floor 2, room 214"),
    (7, 2, 72),
]:
    add(f"{M}.1.{n}.0", tag, value)
table(
    M + ".2.2.1",
    {
        1: (2, [1, 2]),
        2: (4, ["Example Ethernet 10/100/1000", "Loopback Interface"]),
        3: (2, [6, 24]),
        4: (2, [1500, 1536]),
        5: (66, [1000000000, 10000000]),
        6: ("4x", ["001122334455", ""]),
        7: (2, 1),
        8: (2, 1),
        9: (67, [1200, 0]),
        10: (65, [3123456789, 4711]),
        11: (65, [23456789, 51]),
        12: (65, 0),
        13: (65, [12, 0]),
        14: (65, 0),
        15: (65, 0),
        16: (65, [912345678, 4711]),
        17: (65, [3456789, 51]),
        18: (65, 0),
        19: (65, 0),
        20: (65, 0),
        21: (66, 0),
        22: (6, "0.0"),
    },
    [1, 2],
)
table(
    M + ".25.3.2.1",
    {
        1: (2, [1, 2, 3, 4]),
        2: (6, [f"1.3.6.1.2.1.25.3.1.{k}" for k in (5, 3, 4, 6)]),
        3: (
            4,
            ["Example ColorWorks MFP C5570", "Example ARM Cortex-A53 1.2 GHz", "Example Ethernet", "SATA SSD 128 GB"],
        ),
        4: (6, "0.0"),
        5: (2, [2, 2, 2, 2]),
        6: (65, 0),
    },
    [1, 2, 3, 4],
)
add(M + ".25.3.5.1.1.1", 2, 3)
add(M + ".25.3.5.1.2.1", "4x", "20")
table(
    P + ".5.1.1",
    {
        1: (65, 17),
        2: (2, 1),
        3: (2, 3),
        4: (4, "Service: +1 555 0100"),
        5: (4, "Operator"),
        6: (2, 1),
        7: (2, 2),
        8: (2, 1),
        9: (2, 1),
        10: (2, 1),
        11: (2, 1),
        12: (2, 4),
        13: (2, 40),
        14: (2, 1),
        15: (2, 1),
        16: (4, "Example ColorWorks"),
        17: (4, "EX1234567890"),
        18: (2, 1),
        19: (2, 1),
    },
    [1],
)
table(
    P + ".6.1.1", {2: (4, ["Front cover", "Tray 1 cover", "Left side door"]), 3: (2, [4, 4, 3])}, ["1.1", "1.2", "1.3"]
)
table(P + ".7.1.1", {2: (4, ["en", "de", "ja"]), 3: (4, ["US", "DE", "JP"]), 4: (2, 106)}, ["1.1", "1.2", "1.3"])
four = [f"1.{k}" for k in (1, 2, 3, 4)]
table(
    P + ".8.2.1",
    {
        2: (2, [4, 3, 3, 3]),
        3: (2, 4),
        4: (2, [-1, 279400, 297000, 420000]),
        5: (2, [-1, 215900, 210000, 297000]),
        6: (2, [-2, 279400, 297000, 420000]),
        7: (2, [-2, 215900, 210000, 297000]),
        8: (2, 8),
        9: (2, [100, 520, 520, 520]),
        10: (2, [0, -3, 260, 520]),
        11: (2, [8, 0, 0, 0]),
        12: (4, ["any", "na_letter_8.5x11in", "iso_a4_210x297mm", "iso_a3_297x420mm"]),
        13: (4, ["Bypass", "Tray 1", "Tray 2", "Tray 3"]),
        14: (4, "Example Corp"),
        15: (4, ["", "T-500", "T-500", "T-500"]),
        16: (4, ""),
        17: (4, ["", "TR000001", "TR000002", "TR000003"]),
        18: (4, ["Multi-purpose tray", "Paper tray 1", "Paper tray 2", "Paper tray 3"]),
        19: (2, 4),
        20: (2, [-2, 80, 80, 90]),
        21: (4, "stationery"),
        22: (4, "white"),
        23: (2, -2),
        24: (2, 3),
        25: (2, -2),
    },
    four,
)
table(
    P + ".9.2.1",
    {
        2: (2, 3),
        3: (2, 5),
        4: (2, [500, 250]),
        5: (2, [-2, -2]),
        6: (2, 0),
        7: (4, ["Face down bin", "Finisher bin"]),
        8: (4, "Example Corp"),
        9: (4, ""),
        10: (4, ""),
        11: (4, ""),
        12: (4, ["Standard bin", "Finisher bin"]),
        13: (2, 4),
        14: (2, 4),
        15: (2, 420000),
        16: (2, 297000),
        17: (2, 139700),
        18: (2, 88900),
    },
    ["1.1", "1.2"],
)
table(
    P + ".10.2.1",
    {
        2: (2, 4),
        3: (2, 7),
        4: (65, 184321),
        5: (65, 312),
        6: (2, 4),
        7: (2, 1),
        8: (2, 3),
        9: (2, 600),
        10: (2, 600),
        11: (2, 5000),
        12: (2, 5000),
        13: (2, 5000),
        14: (2, 5000),
        15: (2, 0),
    },
    ["1.1"],
)
eight = [f"1.{k}" for k in range(1, 9)]
table(
    P + ".11.1.1",
    {
        2: (2, 1),
        3: (2, [1, 2, 3, 4, 0, 0, 0, 0]),
        4: (2, [3, 3, 3, 3, 4, 4, 3, 3]),
        5: (2, [3, 3, 3, 3, 4, 9, 15, 20]),
        6: (
            4,
            [
                "Black Toner Cartridge, Example TN-1K, S/N:A1B2C3D401",
                "Cyan Toner Cartridge, Example TN-1C, S/N:A1B2C3D402",
                "Magenta Toner Cartridge, Example TN-1M, S/N:A1B2C3D403",
                "Yellow Toner Cartridge, Example TN-1Y, S/N:A1B2C3D404",
                "Waste Toner Container",
                "Imaging Drum Unit",
                "Fuser Kit 110V",
                "Transfer Belt Unit",
            ],
        ),
        7: (2, [19, 19, 19, 19, 19, 7, 7, 7]),
        8: (2, [100, 100, 100, 100, 100, 60000, 225000, 150000]),
        9: (2, [64, 38, 71, 5, -3, 41200, 132000, -2]),
    },
    eight,
)
table(P + ".12.1.1", {2: (2, 1), 3: (2, 3), 4: (4, ["black", "cyan", "magenta", "yellow"]), 5: (2, 256)}, four)
table(
    P + ".13.4.1",
    {
        2: (2, -2),
        3: (2, 4),
        4: (2, 431800),
        5: (2, 297000),
        6: (2, 431800),
        7: (2, 297000),
        8: (2, 3),
        9: (2, [1, 2]),
        10: (4, ["Simplex path", "Duplex path"]),
        11: (2, 3),
    },
    ["1.1", "1.2"],
)
table(
    P + ".14.1.1",
    {
        2: (2, [11, 8, 47]),
        3: (4, ["1", "1", "1.1"]),
        4: (2, 1),
        5: (2, 1),
        6: (2, 1),
        7: (2, 3),
        8: (2, 1),
        9: (4, ["port=9100", "queue=lp", "uri=ipp/print"]),
    },
    ["1.1", "1.2", "1.3"],
)
table(
    P + ".15.1.1",
    {
        2: (2, [3, 6, 54]),
        3: (4, ["5c", "3", "1.7"]),
        4: (4, ["PCL", "PS3", "PDF"]),
        5: (4, "PCL/PS/PDF"),
        6: (4, "20240101"),
        7: (2, 2),
        8: (2, 600),
        9: (2, 600),
        10: (2, 106),
        11: (2, 106),
        12: (2, 2),
    },
    ["1.1", "1.2", "1.3"],
)
table(P + ".16.5.1", {2: (4, ["Sleep mode on", "Press any key", "", ""])}, four)
table(
    P + ".18.1.1",
    {
        2: (2, [3, 4, 3]),
        3: (2, [2, 1, 2]),
        4: (2, [11, 8, 8]),
        5: (2, [4, 1, 2]),
        6: (2, [2, 2, 1]),
        7: (2, [1104, 808, 807]),
        8: (4, ["Yellow toner is low", "Load paper in bypass tray", "Tray 1 is nearly empty"]),
        9: (67, [123400000, 123410000, 123450000]),
    },
    ["1.101", "1.102", "1.105"],
)

for oid, tag, value in sorted(rows):
    print(".".join(map(str, oid)), tag, value, sep="|")
