"""Device text of any character set becomes one clean line, and the same octets always the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.charsets import CHARSETS, decoded
from pagemeter.text import MOST_CHARACTERS, scrub

ASCII, LATIN_1, LATIN_2, ISO_CYRILLIC, SHIFT_JIS, EUC_JP, EUC_KR, UTF_8 = 3, 4, 5, 8, 17, 18, 36, 106
GBK, GB18030, UTF_16_BE, UTF_16_LE, UTF_16, ROMAN_8, CP850, CP932 = 113, 114, 1013, 1014, 1015, 2004, 2009, 2024
GB2312, BIG5, KOI8_R, CP1250, CP1251, CP1252, CP1253, CP1254 = 2025, 2026, 2084, 2250, 2251, 2252, 2253, 2254

WESTERN = (
    *("Schwarze Tonerkassette für Büro", "Resttonerbehälter", "Größe ändern", "Fixiereinheit überprüfen"),
    *("Cartouche de toner noir défectueuse", "Récupérateur de toner usagé", "Bac à déchets", "Créée"),
    *("Tóner negro", "Depósito de tóner residual", "Unidad de imagen añadida", "¡Atención! Tóner bajo"),
    *("Svart bläckpatron", "Ändra färgen på överföring", "Cartão de memória", "Manutenção não concluída"),
)
CENTRAL = ("Černá tonerová kazeta", "Žlutý toner", "Żółty toner", "Wałek przenoszący", "Sárga toner", "Hulladékgyűjtő")
CYRILLIC = ("Тонер-картридж черный", "Тонер", "Блок фотобарабана", "тонер (голубой)", "Отработанный тонер")
JAPANESE = (
    "トナー(ブラック)",
    "黒トナー",
    "トナー回収容器",
    "シアン",
    "定着ユニット",
    "TK-8335K トナー",
    "廃トナーボックス",
    "ﾄﾅｰ",
)
CHINESE = ("黑色墨粉盒", "废粉盒", "粉盒", "青色碳粉", "定影组件", "硒鼓")
KOREAN = ("검정 토너 카트리지", "폐토너통", "토너")
TEXTS = {
    **dict.fromkeys((UTF_8, UTF_16_BE, UTF_16_LE, UTF_16), (*WESTERN, *CENTRAL, *CYRILLIC, *JAPANESE, *CHINESE)),
    **dict.fromkeys((LATIN_1, CP1252, ROMAN_8, CP850), WESTERN),
    **dict.fromkeys((LATIN_2, CP1250), CENTRAL),
    **dict.fromkeys((ISO_CYRILLIC, KOI8_R, CP1251), CYRILLIC),
    **dict.fromkeys((SHIFT_JIS, CP932, EUC_JP), JAPANESE),
    **dict.fromkeys((GB2312, GBK, GB18030), CHINESE),
    BIG5: ("黑色碳粉匣", "廢粉盒"),
    EUC_KR: KOREAN,
    CP1253: ("Μαύρο τόνερ",),
    CP1254: ("Siyah toner kartuşu",),
}
# Those that are known without a declaration: by their octets alone, as far as these leave no doubt.
KNOWN_BY_THEMSELVES = (UTF_8, UTF_16_BE, UTF_16_LE, UTF_16, LATIN_1, CP1252, CP1251, KOI8_R, SHIFT_JIS, GBK)
UNDECLARED = [
    (charset, text)
    for charset in KNOWN_BY_THEMSELVES
    for text in TEXTS[charset]
    if not text.startswith("ﾄ")  # half-width kana in Shift_JIS are as good Latin-1
]


def encoded(text: str, charset: int) -> bytes:
    """Encode it; a text that the set lacks is left out by the caller."""
    return text.encode(CHARSETS[charset])


@pytest.mark.parametrize(("charset", "text"), [(charset, text) for charset in TEXTS for text in TEXTS[charset]])
def test_text_in_the_declared_set_is_read_right(charset: int, text: str) -> None:
    raw = encoded(text, charset)
    assert scrub(raw, charset=charset) == text
    assert scrub(raw + b"\0", charset=charset) == text
    assert scrub(raw + b"\0\0\0\0", charset=charset) == text


@pytest.mark.parametrize(("charset", "text"), UNDECLARED)
def test_text_in_no_declared_set_is_read_right(charset: int, text: str) -> None:
    assert scrub(encoded(text, charset)) == text
    assert scrub(encoded(text, charset), charset=ASCII) == text


@pytest.mark.parametrize("text", [*WESTERN, *CENTRAL, *CYRILLIC, *JAPANESE, *CHINESE, *KOREAN])
@pytest.mark.parametrize("declared", [ASCII, LATIN_1, LATIN_2, ISO_CYRILLIC, ROMAN_8, GB2312, CP1252, UTF_16, EUC_KR])
def test_utf_8_is_read_whatever_is_declared(text: str, declared: int) -> None:
    assert scrub(text.encode(), charset=declared) == text


@pytest.mark.parametrize(
    ("raw", "declared", "text"),
    [
        ("Tóner negro".encode("cp1252"), UTF_8, "Tóner negro"),
        ("Tóner negro".encode("cp1252"), SHIFT_JIS, "Tóner negro"),
        ("Größe".encode("cp1252"), ROMAN_8, "Größe"),
        ("défectueuse".encode("hp-roman8"), LATIN_1, "défectueuse"),
        ("Für Büro".encode("cp850"), UTF_8, "Für Büro"),
        ("トナー".encode("shift_jis"), LATIN_1, "トナー"),
        ("トナー".encode("shift_jis"), UTF_8, "トナー"),
        ("シアン".encode("shift_jis"), CP1252, "シアン"),
        ("トナー".encode("euc_jp"), SHIFT_JIS, "トナー"),
        ("Тонер".encode("cp1251"), ISO_CYRILLIC, "Тонер"),
        ("Тонер".encode("koi8-r"), LATIN_1, "Тонер"),
        ("Тонер".encode("utf-16-be"), LATIN_1, "Тонер"),
        (b"Black Toner!", UTF_16, "Black Toner!"),
    ],
)
def test_what_is_declared_wrongly_is_not_believed(raw: bytes, declared: int, text: str) -> None:
    assert scrub(raw, charset=declared) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xfd\xe8" + "Büro".encode(), "Büro"),
        (b"\xfd\xe8HP LaserJet", "HP LaserJet"),
        (b"\x01\x15" + "Büro".encode("hp-roman8"), "Büro"),
        (b"\xef\xbb\xbf" + "Büro".encode(), "Büro"),
        ("\ufeffBüro".encode("utf-16-be"), "Büro"),
        ("\ufeffBüro".encode("utf-16-le"), "Büro"),
        ("\ufeffトナー".encode("utf-16-le") + b"\0\0", "トナー"),
        ("黒トナー".encode("iso2022_jp"), "黒トナー"),
        ("Büro".encode().decode("cp1252").encode(), "Büro"),
        ("Büro für Größe".encode()[:-3], "Büro für Grö"),
        ("トナー回収".encode("shift_jis")[:-1], "トナー回"),
        ("トナー回".encode()[:5] + b"\xff" + "トナー回収容器".encode(), "ト\ufffd\ufffdトナー回収容器"),
        (b"Black\0\0\0", "Black"),
        (b"Black\0Toner", "Black Toner"),
        (b"\0\0", None),
        (b"", None),
    ],
)
def test_marks_in_front_and_damage_at_the_end(raw: bytes, text: str | None) -> None:
    assert scrub(raw) == text


@pytest.mark.parametrize(
    ("charsets", "raw", "text"),
    [
        ((0, EUC_KR), "폐토너통".encode("euc_kr"), "폐토너통"),
        ((0, CP1250, LATIN_2), "Černá".encode("cp1250"), "Černá"),
        ((0, BIG5), "黑色碳粉匣".encode("big5"), "黑色碳粉匣"),
        ((0, CP1253), "Μαύρο".encode("cp1253"), "Μαύρο"),
        ((UTF_8, CP1254), "kartuşu".encode("cp1254"), "kartuşu"),
    ],
)
def test_a_likely_set_is_tried_before_the_common_ones(charsets: tuple[int, ...], raw: bytes, text: str) -> None:
    assert scrub(raw, charset=charsets) == text


@pytest.mark.parametrize("mark", ["\u200b", "\u200f", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u2060"])
def test_what_has_no_width_leaves_no_trace_in_a_devices_octets(mark: str) -> None:
    assert scrub(f"Bü{mark}ro{mark} {mark}1".encode()) == "Büro 1"
    assert scrub(f"Bü{mark}ro") == "Bü ro"


def test_control_characters_are_spaces_and_a_line_has_an_end() -> None:
    assert scrub(b"\x1b[31mBlack\r\n\tToner\x07 \x7f") == "[31mBlack Toner"
    assert scrub(b"x" * 1000) == "x" * MOST_CHARACTERS
    assert scrub("ü".encode() * 1000, most=7) == "ü" * 7


@given(raw=st.binary(max_size=80), charsets=st.lists(st.sampled_from([0, 9999, *CHARSETS]), max_size=3))
def test_any_octets_become_one_clean_line(raw: bytes, charsets: list[int]) -> None:
    text = scrub(raw, charset=charsets)
    assert text == scrub(raw, charset=tuple(charsets))
    if text is not None:
        assert text == text.strip() != ""
        assert len(text) <= MOST_CHARACTERS
        assert not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert scrub(text) == text


@given(text=st.text(min_size=1, max_size=40))
def test_utf_8_of_any_language_is_itself(text: str) -> None:
    raw = text.encode("utf-8", "replace")
    expected = scrub("".join("" if unicodedata.category(c) == "Cf" else c for c in raw.decode()))
    wide_or_doubled = any(c < " " or c in "ÃÂ\ufdd0" for c in text) or raw[:1] in (b"\xfe", b"\xff")
    if not wide_or_doubled and not raw.isascii() and expected is not None and text.isprintable():
        assert scrub(raw) == expected


@given(text=st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60), charset=st.integers())
def test_ascii_is_ascii_in_every_set(text: str, charset: int) -> None:
    assert decoded(text.encode(), (charset,)) == text
