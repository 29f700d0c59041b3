"""Makers and models: what enterprise numbers, trees and words of a description tell (tables; sources in the README)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from pagemeter.snmp.types import Oid, oid

_ENTERPRISES = oid("1.3.6.1.4.1")

# The number after 1.3.6.1.4.1 of sysObjectID, as registered with IANA, for makers of printers only.
MAKER_BY_ENTERPRISE = {
    11: "HP",
    128: "Xerox",
    186: "Toshiba",
    236: "Samsung",
    253: "Xerox",
    258: "Panasonic",
    263: "Seiko",
    297: "Fujifilm",
    314: "Kodak",
    367: "Ricoh",
    480: "QMS",
    641: "Lexmark",
    674: "Dell",
    1129: "Toshiba",
    1248: "Epson",
    1347: "Kyocera",
    1552: "Océ",
    1602: "Canon",
    1963: "Intermec",
    2001: "OKI",
    2136: "EFI",
    2385: "Sharp",
    2435: "Brother",
    2590: "Minolta",
    3369: "Genicom",
    3793: "Lanier",
    4322: "Muratec",
    10504: "Printronix",
    10642: "Zebra",
    10917: "Datamax",
    18334: "Konica Minolta",
    20438: "Citizen",
    22181: "Avision",
    22163: "Ricoh",
    24807: "Riso",
    25549: "Star",
    25816: "Roland DG",
    26270: "Olivetti",
    27771: "Evolis",
    28461: "Mutoh",
    28959: "Fargo",
    33241: "Citizen",
    33550: "Bixolon",
    40093: "Pantum",
    42406: "SATO",
    44966: "JingTu",
    51966: "TSC",
}

# Trees in which only printers and their print servers live; HP, Epson, Dell or Canon have other devices elsewhere.
# 1248...5.69.69.80.83 is the text "EEPS" in ASCII codes behind its length; Epson's scanners have other texts there.
_PRINTER_TREES = tuple(
    _ENTERPRISES + oid(tree)
    for tree in (
        *("11.1", "11.2.3.9.1", "236.11.5", "253.8.62", "297.1.11", "367.1.1", "641", "674.100.1", "674.10898"),
        *("683.6", "1129.1.2", "1129.2.3", "1248.1.1.2.1.3.5.69.69.80.83", "1347.41", "1552", "1602.4", "2001.1"),
        *("2385.3.1", "2435.2.3.9", "2590", "10504", "10642", "10917", "18334.1", "20438", "22163", "22181", "24807"),
        *("26696.1", "27771", "28461", "28959", "33241", "33550", "40093.1", "51966"),
    )
)

_PRINTER_WORDS = re.compile(
    r"""(?<![\w-])(?:
        laserjet | officejet | deskjet | designjet | pagewide | jetdirect | hp\ ethernet\ multi-environment
      | (?:laser|network|label|line|color|colour|thermal)\ printer | printers? | print\ ?server | printing\ system
      | dell\ (?:color\ |mfp\ )?laser
      | multi-?function(?:al)?\ (?:printer|peripheral|device) | mfp | epson\ built-in | zebranet | ztc | zebra
      | bizhub | ineo | taskalfa | ecosys | aficio | phaser | workcentre | altalink | versalink | colorqube
      | e-studio | imagerunner | imageclass | imagepress | imageprograf | plotwave | colorwave | workforce | apeos\w*
      | (?:mfc|dcp|hl)-[a-z]?\d{3}\w* | brother\ (?:nc|hl|mfc|dcp|ql|td|tj)
      | lexmark | kyocera | ricoh | gestetner | lanier | nrg | savin | infotec | nashuatec | rex\ ?rotary
      | fuji\ ?xerox | xerox | toshiba\ tec | (?:ta_)?utax(?:_ta)? | triumph-adler | olivetti | copystar | oki(?:data)?
      | pantum | sindoh | katusha | printronix | bixolon | datamax
      | konica\ minolta | canon\ (?:ir|lbp|mf|ipf|imagerunner|tm|tx|ta|tz|gp|g\d|mb|lp)[\w-]*
      | sharp\ (?:mx|ar|bp|dx|al)-\w+ | samsung\ (?:clp|clx|ml|scx|sl|xpress|proxpress|[mckx]\d)[\w-]*
      | samsung\ [mckxs](?![\w-])
      | panasonic\ (?:kx-m|dp-|uf-)\w+ | epson\ (?:wf|et|xp|al|cw|tm|sc|px|lx|lp|lq|l\d|b-\d)[\w-]*
    )(?![a-z])""",
    re.IGNORECASE | re.VERBOSE,
)
_OTHER_WORDS = re.compile(r"scan server|document scanner|digital sender|projector|\bswitch\b|\brouter\b", re.IGNORECASE)
_PRINTS = re.compile(r"printer|\bmfp\b", re.IGNORECASE)

# What sysDescr tells, per maker's habit: model, serial number, firmware.
_DESCRIPTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^HP ETHERNET MULTI-ENVIRONMENT,.*?SN:(?P<serial_number>[^,]+),.*?PID:(?P<model>.+)$",
        r"^HP ETHERNET MULTI-ENVIRONMENT,.*?PID:(?P<model>.+)$",
        r"^HP ETHERNET MULTI-ENVIRONMENT,.*?(?P<model>JETDIRECT (?:EX|\d+X)\b[^,]*)",
        r"^(?P<model>.+?) (?P<firmware>\d[\d.]*) / .+ Network Printer",
        r"^(?P<model>(?i:Lexmark|Dell|Toshiba|IBM|InfoPrint)\b.*?)(?: Laser Printer)? version (?P<firmware>\S+) kernel",
        r"^OKI OkiLAN .*?: Attached to (?P<model>.+?)(?: Rev\.?(?P<firmware>[\d.]+))?(?: *:|$)",
        r"^(?P<model>(?:Dell|DELL) [^;,]*\d[^;,]*);",
        r"^(?P<model>[A-Z]{2,4}-?\d\w*) Version: (?P<firmware>.+)$",
        r"^(?P<model>Samsung .+?)(?:;| OS ).*?S/N[: ]*(?P<serial_number>\S+)",
        r"^(?P<model>Samsung .+?)(?:;| OS |$)",
        r"^(?P<model>(?i:Xerox|Fuji ?Xerox|Fujifilm) [^;]+?)(?: Network Laser.*| Multifunction System)?(?:;.*)?$",
        r"^(?P<model>Canon .+?)(?: /P)?$",
        r"^(?P<model>(?:KONICA MINOLTA|Develop|SHARP|TOSHIBA|Pantum|Gestetner|LANIER) [^;,/]+)$",
        r"^(?P<model>(?:OKI|RICOH|NRG) (?!OkiLAN|Network)[^;,/]+)$",
        r"^(?P<model>(?:HP|EPSON|Brother|Zebra|Panasonic|UTAX) (?!NC-|Built-in|ETHERNET)[A-Z0-9][^;,]*\d[^;,]*)$",
    )
)
_MFP = re.compile(r"\bMFP\b|\bMFC-|\bDCP-|Network Scanner|WorkCentre|AltaLink|e-STUDIO", re.IGNORECASE)
_LARGE = re.compile(
    r"DesignJet|imagePROGRAF|Canon (?:iPF|TM-|TX-|TA-|TZ-|GP-)\d|EPSON SC-T\d|PlotWave|ColorWave", re.IGNORECASE
)
_LABEL = re.compile(r"\bZTC\b|ZebraNet|Label ?Printer|TOSHIBA TEC B-|ESCLABEL|\bZPL\b|\bEPL2?\b", re.IGNORECASE)


def enterprise_of(sys_object_id: Oid | None) -> int | None:
    """Return the enterprise number of a sysObjectID."""
    if sys_object_id is None or sys_object_id[:6] != _ENTERPRISES or len(sys_object_id) == len(_ENTERPRISES):
        return None
    return sys_object_id[6]


@lru_cache(maxsize=1024)
def is_printer_tree(sys_object_id: Oid | None) -> bool:
    """Say whether only printers answer with such a sysObjectID."""
    return sys_object_id is not None and any(sys_object_id[: len(tree)] == tree for tree in _PRINTER_TREES)


def names_a_printer(sys_descr: str | None) -> bool:
    """Say whether a description names a printer."""
    return sys_descr is not None and _PRINTER_WORDS.search(sys_descr) is not None and not names_another(sys_descr)


def names_another(sys_descr: str | None) -> bool:
    """Say whether a description names a scanner, a projector or a switch, and no printer beside it."""
    return sys_descr is not None and _OTHER_WORDS.search(sys_descr) is not None and not _PRINTS.search(sys_descr)


@lru_cache(maxsize=4096)
def described(sys_descr: str | None) -> Mapping[str, str]:
    """Return the ``model``, ``serial_number`` and ``firmware`` of a sysDescr, as far as its maker's habit is known."""
    for pattern in _DESCRIPTIONS if sys_descr is not None else ():
        if match := pattern.search(sys_descr or ""):
            return {name: value.strip() for name, value in match.groupdict().items() if value and value.strip()}
    return {}


@lru_cache(maxsize=4096)
def sort_of(words: str) -> str | None:
    """Return ``mfp``, ``large-format`` or ``label`` where the words of a device are sure, else none."""
    sorts = (("large-format", _LARGE), ("label", _LABEL), ("mfp", _MFP))
    return next((sort for sort, pattern in sorts if pattern.search(words)), None)
