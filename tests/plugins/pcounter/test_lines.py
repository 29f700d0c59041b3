"""One line into one job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pagemeter.model import Amount, Cost, JobRecord
from pagemeter.tail import Line
from pagemeter_plugins.pcounter.lines import LineReader, Understood
from pagemeter_plugins.pcounter.settings import Form

At = Callable[..., str]


def read(*texts: str, encoding: str = "utf-8", **form: Any) -> Understood:
    """Read lines as a log has them."""
    lines, offset = [], 0
    for text in texts:
        raw = (text + "\r\n").encode(encoding)
        lines.append(Line(offset, len(raw), raw))
        offset += len(raw)
    return LineReader("gus", Form(**{"timezone": "UTC", **form})).read("file", lines)


def job(text: str, **form: Any) -> JobRecord:
    result = read(text, **form)
    assert result.quarantined == []
    (found,) = result.jobs
    return found


def test_the_documented_fields_become_a_job(line: At) -> None:
    found = job(line())
    assert (found.user, found.document, found.queue) == ("SCHOOL\\ada", "Timetable", "\\\\GUS\\LIB-HP1")
    assert (found.client, found.account, found.service, found.state) == ("PC-14", "4711", "print", "completed")
    assert found.completed_at == datetime(2026, 3, 17, 8, 5, 9, tzinfo=UTC)
    assert found.ordered == Amount(impressions=6, color_impressions=6, copies=2, sides="two-sided", media=(("A4", 6),))
    assert found.printed is None
    assert found.cost == Cost(amount=Decimal("0.30"))


@pytest.mark.parametrize(
    ("options", "sides", "color", "copies"),
    [
        ("/D/C/Cp=1/", "two-sided", 6, 1),
        ("/Cp=3/", "one-sided", 0, 3),
        ("/C/Cg=2/Cp=1/", "one-sided", 2, 1),
        ("/Cg=2/", "one-sided", 2, None),
        ("", None, None, None),
        ("/d/c/cp=12/", "two-sided", 6, 12),
        ("/Cp=many/", "one-sided", 0, None),
    ],
)
def test_the_option_string_tells_sides_color_and_copies(
    options: str, sides: str | None, color: int | None, copies: int | None, line: At
) -> None:
    ordered = job(line(options=options)).ordered
    assert ordered is not None
    assert (ordered.sides, ordered.color_impressions, ordered.copies) == (sides, color, copies)


@pytest.mark.parametrize(("code", "service"), [("101", "copy"), ("102", "scan"), ("103", "print"), ("7", "print")])
def test_the_job_type_tells_the_service(code: str, service: str, line: At) -> None:
    assert job(line(options=f"/Jt={code}/")).service == service


@pytest.mark.parametrize("pages", ["0", "", "0.00"])
def test_pages_that_nobody_counted_are_absent_and_never_one(pages: str, line: At) -> None:
    assert job(line(pages=pages)).ordered == Amount(copies=2, sides="two-sided")


@pytest.mark.parametrize(("text", "pages"), [("12", 12), ("12.0", 12), (" 7 ", 7)])
def test_pages_are_whole_numbers(text: str, pages: int, line: At) -> None:
    ordered = job(line(pages=text)).ordered
    assert ordered is not None
    assert ordered.impressions == pages


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("0.05", Cost(amount=Decimal("0.05"))),
        ("$1.20", Cost(amount=Decimal("1.20"), currency="USD")),
        ("€ 3", Cost(amount=Decimal(3), currency="EUR")),
        ("-2.50", Cost(amount=Decimal("-2.50"))),
        ('"1,234.50"', Cost(amount=Decimal("1234.50"))),
        ('"0,35"', Cost(amount=Decimal("0.35"))),
        ("12.00 kr", Cost(amount=Decimal("12.00"), currency="kr")),
        ("", None),
    ],
)
def test_costs_are_exact(text: str, cost: Cost | None, line: At) -> None:
    assert job(line(cost=text)).cost == cost


def test_a_currency_that_is_set_is_that_of_the_costs(line: At) -> None:
    assert job(line(), currency="CHF").cost == Cost(amount=Decimal("0.30"), currency="CHF")


@pytest.mark.parametrize("title", ["Minutes, draft", "a,b,c,d,e", "03/04/2026,08:00:00,x", ",", "12,13"])
def test_commas_in_a_title_are_put_together_again(title: str, line: At) -> None:
    found = job(line(document=title))
    assert found.document == title.strip()
    assert found.ordered is not None
    assert found.ordered.impressions == 6


@pytest.mark.parametrize(
    ("title", "document"),
    [('"Minutes, draft"', "Minutes, draft"), ('"She said ""no"""', 'She said "no"'), ('5" pipe', '5" pipe')],
)
def test_quotes_are_honoured(title: str, document: str, line: At) -> None:
    assert job(line(document=title)).document == document


def test_a_quote_that_nobody_closes_swallows_no_other_line(line: At) -> None:
    result = read(line(document='"Draft'), line(user="bob"))
    assert [found.user for found in result.jobs] == ["SCHOOL\\ada", "bob"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_detected(delimiter: str, line: At) -> None:
    result = read(*(line(user=name).replace(",", delimiter) for name in ("ada", "bob")))
    assert (result.delimiter, len(result.jobs)) == (delimiter, 2)


def test_fields_behind_the_known_ones_are_ignored(line: At) -> None:
    assert job(line() + ",more,of,it").cost == Cost(amount=Decimal("0.30"))


def test_a_line_may_lack_cost_and_balance(line: At) -> None:
    found = job(",".join(line().split(",")[:12]))
    assert found.cost is None
    assert found.ordered is not None
    assert found.ordered.impressions == 6


def test_another_order_of_fields_can_be_set() -> None:
    fields = ("datetime", "user", "-", "pages", "queue", "document")
    found = job("2026-03-17 08:05:09;ada;x;6;HP1;Timetable", fields=fields)
    assert (found.user, found.queue, found.document) == ("ada", "HP1", "Timetable")
    assert found.completed_at == datetime(2026, 3, 17, 8, 5, 9, tzinfo=UTC)
    assert found.ordered == Amount(impressions=6)


def test_a_heading_empty_lines_and_deposits_are_no_jobs(line: At) -> None:
    heading = "User,Document,Printer,Date,Time,Computer,ClientCode,SubCode,PaperSize,Features,Size,Pages,Cost,Balance"
    result = read(heading, "", line(document="Deposit", pages="0", cost="10.00"), line())
    assert (len(result.jobs), result.passed_over, result.quarantined) == (1, 3, [])


def test_a_document_that_is_named_deposit_is_a_job(line: At) -> None:
    assert job(line(document="Deposit form")).document == "Deposit form"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("garbage", "1 fields, at least 12 are needed"),
        ("a,b,c,d,e,f,g,h,i,j,k,l,m,n", "field 4 is no date"),
        ("SECRET,b,c,03/17/2026,99:99,f,g,h,i,j,k,l,m,n", "field 4 is no date"),
    ],
)
def test_a_line_that_is_not_understood_says_why_without_quoting_it(text: str, why: str) -> None:
    result = read(text)
    assert [(piece.why, piece.text) for piece in result.quarantined] == [(why, text)]
    assert result.again == [(0, len(text) + 2)]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"pages": "many"}, "its number of pages is none"),
        ({"pages": "-3"}, "its number of pages is none"),
        ({"cost": "free"}, "its cost is no number"),
        ({"date": "02/30/2026"}, "its date or time is none"),
    ],
)
def test_a_value_that_is_none_of_its_kind_is_quarantined(changed: dict[str, str], why: str, line: At) -> None:
    result = read(line(**changed), line())
    assert [piece.why for piece in result.quarantined] == [why]
    assert len(result.jobs) == 1


def test_one_line_that_is_not_understood_stops_no_other(line: At) -> None:
    result = read(line(), "garbage", line())
    assert len(result.jobs) == 2
    assert [piece.offset for piece in result.quarantined] == [len(line()) + 2]


def test_an_unfinished_line_and_one_without_text_are_quarantined_for_good() -> None:
    lines = [Line(0, 70_000, None), Line(70_000, 8, b"half a l", finished=False)]
    result = LineReader("gus", Form()).read("file", lines)
    assert [(piece.why, piece.text) for piece in result.quarantined] == [
        ("longer than 64 KB", None),
        ("the file ended in the middle of the line", "half a l"),
    ]
    assert result.again == []


def test_control_characters_of_a_title_come_out_harmless(line: At) -> None:
    assert job(line(document="a\x1b[31mb\x00c\u202ed")).document == "a [31mb c d"


def test_a_title_of_64_kilobytes_is_cut(line: At) -> None:
    document = job(line(document="x" * 60_000)).document
    assert document is not None
    assert len(document) == 255


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("utf-8", "Prüfung für Łukasz"),
        ("cp1252", "Prüfung für Zoë, 5 €"),
        ("cp850", "Prüfung für Zoë, Größe"),
        ("cp437", "Prüfung für Zoë"),
        ("utf-16-le", "Prüfung für Łukasz"),
        ("utf-16-be", "Prüfung für Łukasz"),
        ("utf-8-sig", "Prüfung"),
    ],
)
def test_encodings_are_detected(encoding: str, title: str, line: At) -> None:
    texts = [line(document=title), line(document="Übung mit Köchen und Ärzten"), line()]
    result = read(*texts, encoding=encoding if encoding != "utf-8-sig" else "utf-8")
    if encoding == "utf-8-sig":
        result = read("\ufeff" + texts[0], *texts[1:])
    assert [found.document for found in result.jobs] == [title, "Übung mit Köchen und Ärzten", "Timetable"]
    assert result.jobs[0].user == "SCHOOL\\ada"


def test_a_code_page_that_is_set_is_used(line: At) -> None:
    raw = (line(document="Żółw") + "\r\n").encode("cp1250")
    reader = LineReader("gus", Form(encoding="cp1250"))
    assert reader.read("file", [Line(0, len(raw), raw)]).jobs[0].document == "Żółw"


def test_what_is_not_in_its_encoding_is_quarantined_without_text(line: At) -> None:
    raw = (line() + "\r\n").encode().replace(b"Time", b"\xff\xfe")
    result = LineReader("gus", Form(encoding="utf-8")).read("file", [Line(0, len(raw), raw)])
    assert [(piece.why, piece.text) for piece in result.quarantined] == [("not written in utf-8", None)]


def test_ids_are_the_same_for_the_same_line_and_different_for_all_others(line: At) -> None:
    texts = [line(), line(), line(user="bob")]
    ids = [found.id for found in read(*texts).jobs]
    assert ids == [found.id for found in read(*texts).jobs]
    assert len(set(ids)) == 3
    raw = texts[0].encode()
    other_file = LineReader("gus", Form()).read("other", [Line(0, len(raw), raw)]).jobs[0].id
    other_server = LineReader("tom", Form()).read("file", [Line(0, len(raw), raw)]).jobs[0].id
    assert len({*ids, other_file, other_server}) == 5
    assert "ada" not in "".join(ids)
