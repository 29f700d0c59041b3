"""TXT records as real devices and hostile ones write them."""

from __future__ import annotations

import pytest

from pagemeter_plugins.mdns import txt as keys
from pagemeter_plugins.mdns.txt import parse_txt

# What ippeveprinter of CUPS 2.4 had avahi announce.
IPPEVEPRINTER = (
    b"\x0crp=ipp/print\x10ty=Acme Ink 9000)adminurl=https://acme-printer.local:8631/\x05note="
    b"\x1epdl=image/pwg-raster,image/urf\x07Color=F\x08Duplex=F)UUID=f85659e4-91eb-340c-62e3-2756fcbc39f4"
    b"\x07TLS=1.2.URF=CP1,IS1-4-5-19,MT1-2-3-4-5-6,RS600,V1.4,W8\ttxtvers=1\x08qtotal=1"
)


def raw(*strings: bytes) -> bytes:
    return b"".join(bytes([len(one)]) + one for one in strings)


def test_a_recorded_record_is_read() -> None:
    txt = parse_txt(IPPEVEPRINTER)
    assert len(txt) == 12
    assert txt["ty"] == "Acme Ink 9000"
    assert txt["note"] == ""
    assert keys.model(txt) == "Acme Ink 9000"
    assert keys.uuid(txt) == "f85659e4-91eb-340c-62e3-2756fcbc39f4"
    assert keys.resource_path(txt) == "ipp/print"
    assert keys.mac(txt) is keys.serial_number(txt) is None
    assert not keys.is_queue(txt)


def test_names_have_no_case_and_the_first_of_two_counts() -> None:
    assert parse_txt(raw(b"TY=One", b"ty=Two", b"Color", b"color=T", b"a=b=c")) == {
        "ty": "One",
        "color": "",
        "a": "b=c",
    }


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (b"", {}),
        (b"\x00", {}),
        (b"\x00\x00\x04ty=A", {"ty": "A"}),
        (b"\xff" + b"ty=A", {}),
        (raw(b"rp=x") + b"\x20ty=cut short", {"rp": "x"}),
        (raw(b"=value", b"=", b"t\xfcp=1", b"n\x00l=2", b"ty=A"), {"ty": "A"}),
        (raw(b"ty=\xffM\xfcller"), {"ty": "ÿMüller"}),
        (raw("ty=Käfer".encode()), {"ty": "Käfer"}),
        (raw(b"ty=a\x00b\x1b[2Jc\r\nd"), {"ty": "a b [2Jc d"}),
        (raw("ty=\u202egnp.exe\u200b".encode()), {"ty": "gnp.exe"}),
    ],
)
def test_what_is_no_record_is_passed_over_and_text_comes_out_clean(record: bytes, found: dict[str, str]) -> None:
    assert parse_txt(record) == found


def test_a_record_of_64_kb_is_cut_to_a_bounded_number_of_keys() -> None:
    many = parse_txt(raw(*(b"k%d=" % number + b"x" * 240 for number in range(260))))
    assert list(many) == [f"k{number}" for number in range(keys.MOST_KEYS)]
    assert parse_txt(bytes(65_535)) == {}


@pytest.mark.parametrize(
    ("txt", "model"),
    [
        ({"ty": "Acme Ink 9000", "product": "(Ink)"}, "Acme Ink 9000"),
        ({"usb_mfg": "Acme", "usb_mdl": "Ink 9000", "product": "(Ink)"}, "Acme Ink 9000"),
        ({"usb_mfg": "Acme", "usb_mdl": "ACME Ink 9000"}, "ACME Ink 9000"),
        ({"usb_mdl": "Ink 9000"}, "Ink 9000"),
        ({"usb_mfg": "Acme", "product": "(Acme Ink)"}, "Acme Ink"),
        ({"product": "()"}, None),
        ({"ty": ""}, None),
    ],
)
def test_the_model_is_the_best_that_is_told(txt: dict[str, str], model: str | None) -> None:
    assert keys.model(txt) == model


@pytest.mark.parametrize(
    ("told", "uuid"),
    [
        ("F85659E4-91EB-340C-62E3-2756FCBC39F4", "f85659e4-91eb-340c-62e3-2756fcbc39f4"),
        ("urn:uuid:f85659e4-91eb-340c-62e3-2756fcbc39f4", "f85659e4-91eb-340c-62e3-2756fcbc39f4"),
        ("none", None),
        ("", None),
    ],
)
def test_a_uuid_is_written_in_one_way(told: str, uuid: str | None) -> None:
    assert keys.uuid({"uuid": told}) == uuid


@pytest.mark.parametrize(
    ("told", "mac"),
    [
        ("00:00:5E:00:53:01", "00:00:5e:00:53:01"),
        ("00005e005301", "00:00:5e:00:53:01"),
        ("00-00-5e-00-53-01", "00:00:5e:00:53:01"),
        ("00:00:00:00:00:00", None),
        ("00:00:5e:00:53", None),
        ("<b>", None),
    ],
)
def test_a_mac_address_is_written_in_one_way(told: str, mac: str | None) -> None:
    assert keys.mac({"mac": told}) == mac


@pytest.mark.parametrize(
    ("rp", "path"),
    [
        ("ipp/print", "ipp/print"),
        ("/ipp/print", "ipp/print"),
        ("", "ipp/print"),
        ("ipp/print/Büro 1", "ipp/print/B%C3%BCro%201"),
        ("a?b#c", "a%3Fb%23c"),
        ("../../etc", "ipp/print"),
        ('x"><script>', "x%22%3E%3Cscript%3E"),
    ],
)
def test_a_resource_path_is_safe_in_a_uri(rp: str, path: str) -> None:
    assert keys.resource_path({"rp": rp}) == path


@pytest.mark.parametrize(
    ("txt", "queue"),
    [
        ({"rp": "printers/office"}, True),
        ({"rp": "/classes/office"}, True),
        ({"rp": "Printers/Office"}, True),
        ({"rp": "ipp/print", "printer-type": "0x801046"}, True),
        ({"rp": "ipp/print", "printer-type": "0x801044"}, False),
        ({"rp": "ipp/print", "printer-type": "x"}, False),
        ({"rp": "ipp/printers/1"}, False),
        ({}, False),
    ],
)
def test_queues_of_print_servers_are_told_from_printers(txt: dict[str, str], queue: bool) -> None:
    assert keys.is_queue(txt) is queue
