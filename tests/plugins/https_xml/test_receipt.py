from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter_plugins.https_xml.receipt import NoReceipt, Receipt, read_receipt, require

SHA = "ab" * 32
SENT = Receipt(report="r-1", devices=3, sha256=SHA)


@pytest.mark.parametrize(
    "body",
    [
        f'<receipt report="r-1" devices="3" sha256="{SHA}"/>',
        f'<receipt report="r-1" devices="3" sha256="{SHA.upper()}"></receipt>',
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- ok -->\n<receipt sha256="{SHA}" devices="3" report="r-1"/>\n',
        f'\ufeff<receipt xmlns="urn:pagemeter:report:1" report="r-1" devices="3" sha256="{SHA}"/>',
        json.dumps({"report": "r-1", "devices": 3, "sha256": SHA}),
        f'\ufeff \n{{"sha256": "{SHA}", "devices": 3, "report": "r-1"}}\n',
    ],
)
def test_a_receipt_is_read_in_both_notations(body: str) -> None:
    assert read_receipt(body.encode()) == SENT


GOOD = f'report="r-1" devices="3" sha256="{SHA}"'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "OK",
        "<html><body>Thank you</body></html>",
        "{}",
        "[]",
        '"receipt"',
        "{" * 5000,
        f"<receipts {GOOD}/>",
        f'<receipt xmlns="urn:other" {GOOD}/>',
        f"<receipt {GOOD}>fine</receipt>",
        f"<receipt {GOOD}><receipt {GOOD}/></receipt>",
        f"<receipt {GOOD}/><receipt {GOOD}/>",
        f'<receipt {GOOD} more="1"/>',
        f'<receipt {GOOD} report="r-2"/>',
        f'<receipt report="r-1" devices="3" sha256="{SHA[:-1]}"/>',
        f'<receipt report="r-1" devices="-3" sha256="{SHA}"/>',
        f'<receipt report="r-1" devices="3.0" sha256="{SHA}"/>',
        f'<receipt report="r-1" devices="\u0663" sha256="{SHA}"/>',
        f'<!DOCTYPE receipt [<!ENTITY a "r-1">]><receipt report="&a;" devices="3" sha256="{SHA}"/>',
        f'<!DOCTYPE receipt SYSTEM "http://127.0.0.1/x"><receipt {GOOD}/>',
        f"<?run this?><receipt {GOOD}/>",
        f'{{"report": "r-1", "devices": "3", "sha256": "{SHA}"}}',
        f'{{"report": "r-1", "devices": true, "sha256": "{SHA}"}}',
        f'{{"report": "r-1", "devices": 3.0, "sha256": "{SHA}"}}',
        f'{{"report": "r-1", "devices": -3, "sha256": "{SHA}"}}',
        f'{{"report": 1, "devices": 3, "sha256": "{SHA}"}}',
        f'{{"report": "r-1", "devices": 3, "sha256": "{SHA}", "more": 1}}',
        f'{{"report": "r-2", "report": "r-1", "devices": 3, "sha256": "{SHA}"}}',
        f"<receipt {GOOD}/>" + " " * 65_536 + "<!-- -->",
    ],
)
def test_what_is_no_receipt_is_refused(body: str) -> None:
    with pytest.raises(NoReceipt):
        read_receipt(body.encode())


def test_entities_that_swell_are_refused_before_they_do() -> None:
    swelling = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    body = f'<!DOCTYPE receipt [<!ENTITY e0 "x">{swelling}]><receipt report="&e11;" devices="3" sha256="{SHA}"/>'
    with pytest.raises(NoReceipt, match="no DTD"):
        read_receipt(body.encode())


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text(max_size=80).map(lambda s: f"<{s}/>".encode())
)
def test_whatever_comes_is_a_receipt_or_none(body: bytes) -> None:
    with pytest.raises(NoReceipt):
        read_receipt(body)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(SENT, report="r-2"), "another report"),
        (replace(SENT, devices=2), "2 devices, 3 were sent"),
        (replace(SENT, sha256="cd" * 32), "sha256"),
    ],
)
def test_the_receipt_of_something_else_is_none(other: Receipt, words: str) -> None:
    require(SENT, SENT)
    with pytest.raises(NoReceipt, match=words):
        require(other, SENT)
