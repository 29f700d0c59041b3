"""The colors that texts of a supply name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.colorants import colors_in, colors_named, colors_of


@pytest.mark.parametrize(
    ("words", "colors"),
    [
        ("Black Toner Cartridge", "black"),
        ("CYAN", "cyan"),
        ("Black_Toner", "black"),
        ("Color Ink (Cyan, Magenta, Yellow)", "cyan magenta yellow"),
        ("Tri-color Cartridge", "cyan magenta yellow"),
        ("Toner (Gelb)", "yellow"),
        ("Schwarztoner", "black"),
        ("Trommeleinheit für Schwarz", "black"),
        ("Cartouche de toner noir", "black"),
        ("Encre jaune", "yellow"),
        ("Tóner negro", "black"),
        ("Toner magenta, cian y amarillo", "magenta cyan yellow"),
        ("Toner nero", "black"),
        ("Toner preto", "black"),
        ("Zwarte toner", ""),
        ("Toner zwart", "black"),
        ("Svart bläckpatron", "black"),
        ("Sort toner", "black"),
        ("Musta väriaine", "black"),
        ("Żółty toner", "yellow"),
        ("Černá tonerová kazeta", "black"),
        ("Sárga toner", "yellow"),
        ("Черный тонер", "black"),
        ("Тонер голубой", "cyan"),
        ("Siyah toner", "black"),
        ("Sar\u0131 toner", "yellow"),
        ("Μαύρο τόνερ", "black"),
        ("トナー(ブラック)", "black"),
        ("黒トナー", "black"),
        ("マゼンタ", "magenta"),
        ("黑色墨粉盒", "black"),
        ("黄色碳粉", "yellow"),
        ("青色碳粉", "cyan"),
        ("검정 토너", "black"),
        ("Grey Ink", "gray"),
        ("Orange", "orange"),
        ("White Toner", "white"),
        ("Clear Toner", "clear"),
        ("Photo Black Ink", "photo-black"),
        ("PhotoBlack", "photo-black"),
        ("Matte Black", "matte-black"),
        ("Mattschwarz", "matte-black"),
        ("Fotoschwarz", "photo-black"),
        ("noir photo", "photo-black"),
        ("negro mate", "matte-black"),
        ("light cyan", "light-cyan"),
        ("lightCyan", "light-cyan"),
        ("Hellcyan", "light-cyan"),
        ("magenta clair", "light-magenta"),
        ("ライトシアン", "light-cyan"),
        ("フォトブラック", "photo-black"),
        ("Vivid Light Magenta", "vivid-light-magenta"),
        ("Light Light Black", "light-light-black"),
        ("Waste Toner Box", ""),
        ("TK-1162", ""),
        ("Reduced Redundant Goldfish", ""),
        ("Greenland", ""),
        ("Drum (R1)", ""),
    ],
)
def test_a_text_names_colors_in_the_languages_of_menus(words: str, colors: str) -> None:
    assert list(colors_in(words)) == colors.split()


@pytest.mark.parametrize(
    ("value", "colors"),
    [
        ("black", "black"),
        ("Black toner", "black"),
        ("BLACK", "black"),
        ("PK", "photo-black"),
        ("lc", "light-cyan"),
        ("Gris", "gray"),
        ("Vendor9 special", "vendor9"),
        ("Other", ""),
        ("unknown", ""),
        (" none ", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_colorants_own_name_may_be_short_or_the_makers(value: str | None, colors: str) -> None:
    assert list(colors_named(value)) == colors.split()


@pytest.mark.parametrize(
    ("told", "described", "colors"),
    [
        ("cyan", "light-cyan", "light-cyan"),
        ("yellow", "magenta", "magenta"),
        ("cyan", "", "cyan"),
        ("", "black", "black"),
        ("cyan", "cyan magenta yellow", "cyan"),
        ("cyan magenta yellow", "black", "cyan magenta yellow"),
    ],
)
def test_the_description_knows_the_shade_and_which_color_it_is(told: str, described: str, colors: str) -> None:
    assert list(colors_of(tuple(told.split()), tuple(described.split()))) == colors.split()


@given(words=st.text(max_size=60))
def test_any_text_names_known_colors_each_once(words: str) -> None:
    colors = colors_in(words)
    assert len(colors) == len(set(colors))
    assert all(color == color.lower() and color.isascii() for color in colors)
