"""The colors that texts of a supply name, in the languages of printers' menus."""

from __future__ import annotations

import re
from functools import lru_cache

# Word by word as menus have it; words that mean something else in another language are left out (Estonian "must").
_COLORS = {
    "black": """black schwarz noire? negr[oau] nera? nero pret[oa] zwart svart sort musta czarn[yae] čern[ýáé] cern[yae]
        čiern[ya] fekete чёрн\\w+ черн\\w+ чорн\\w+ siyah μαύρ\\w+ crn[aio] juod\\w+ melns hitam đen""",
    "cyan": """cyan zyan cian[oa]? cyaan syaani cyjan azurov[ýáé] azúrov[ýá] ciánkék cián голуб\\w+ циан блакитн\\w+
        camgöbeği κυανό cijan""",
    "magenta": "magenta purpurov[ýáé] bíbor пурпур\\w+ маджента μ?ματζέντα macenta",
    "yellow": """yellow gelb jaune amarill[oa] giall[oa] amarel[oa] geel gul keltainen żółt[yae] zolt[yae] žlut[ýáé]
        zlut[yae] žlt[ýáé] sárga желт\\w+ жёлт\\w+ жовт\\w+ sar\u0131 κίτριν\\w+ galben žut[aio] rumen[aio] geltona
        kuning vàng""",
    "gray": "gr[ae]y grau gris grigi[oa] cinza cinzento grijs grå harmaa szary šed[ýáé] серый",
    "red": "red rouge rojo rosso vermelho röd красный",
    "green": "green grün verde grön зел[её]ный",
    "blue": "blue blau bleue? azul bl[ue]u? blauw blå синий",
    "orange": "orange naranja arancione laranja oranje",
    "violet": "violet violett violeta",
    "white": "white weiß weiss blanc bianco blanco branco",
    "gold": "gold",
    "silver": "silver",
    "clear": "clear transparent",
}
# Without spaces between words: longer names stand before the shorter ones that they hold.
_SIGNS = {
    "black": ("ブラック", "黑色", "黑", "黒", "블랙", "검정", "검은색", "สีดำ", "שחור", "أسود"),
    "cyan": ("シアン", "青色", "시안", "사이안", "สีฟ้า", "ציאן"),
    "magenta": ("マゼンタ", "品红色", "品红", "洋红色", "洋红", "洋紅", "品紅", "마젠타", "자홍", "מגנטה"),
    "yellow": ("イエロー", "黄色", "黃色", "黄", "黃", "옐로우", "옐로", "노랑", "노란색", "สีเหลือง", "צהוב", "أصفر"),
    "gray": ("グレー", "灰色", "회색"),
    "clear": ("クリア",),
    "white": ("ホワイト", "白色"),
}
_SHADES = {
    "light": "light hell claro clair claire chiaro licht ljus светло ライト 淡 浅 라이트",
    "dark": "dark dunkel foncé",
    "photo": "photo foto фото フォト 照片 포토",
    "matte": "matte? matt mat mate матовый マット 粗面 매트",
    "vivid": "vivid ビビッド",
}
_AFTER = {"light": "claro claire? chiaro", "photo": "photo foto", "matte": "mate? opaco"}
_TRIPLE = re.compile(r"\b(?:tri-?colou?r|three-?colou?r|dreifarbig|CMY)\b", re.IGNORECASE)
_SHORT_WORDS = """
    k:black bk:black c:cyan m:magenta y:yellow pk:photo-black pbk:photo-black mk:matte-black mbk:matte-black
    lc:light-cyan lm:light-magenta pc:photo-cyan pm:photo-magenta gy:gray lgy:light-gray lk:light-black
    llk:light-light-black
"""
_SHORT = {short: color for short, _, color in (pair.partition(":") for pair in _SHORT_WORDS.split())}
_NONE = frozenset({"other", "unknown", "none", "n/a", "na", "-", "null"})


def _any(words: str) -> str:
    return "|".join(words.split())


_LATIN = "|".join(f"(?P<{name}>{_any(words)})" for name, words in _COLORS.items())
_OTHER = "|".join(f"(?P<{name}_>{'|'.join(words)})" for name, words in _SIGNS.items())
_SHADE = _any(" ".join(_SHADES.values()))
# A German compound may begin with the color: "Schwarztoner".
_COLOR = re.compile(
    rf"(?P<shades>(?:(?<!\w)(?:{_SHADE})[ _-]?|(?:ライト|フォト|マット|ビビッド|照片|粗面|淡|浅|라이트|포토|매트))*)"
    rf"(?:(?:(?<![^\W_])|(?<=foto)|(?<=matt)|(?<=hell))(?:{_LATIN})(?=toner|tinte|[\W_]|$)|{_OTHER})"
    rf"(?P<after>(?: (?:{_any(' '.join(_AFTER.values()))})\b)?)",
    re.IGNORECASE,
)
_SHADE_NAMES = tuple((re.compile(_any(words), re.IGNORECASE), name) for name, words in _SHADES.items())
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


# Supplies have few names, and each is read at every visit.
@lru_cache(maxsize=4096)
def colors_in(words: str) -> tuple[str, ...]:
    """Return the colors that a text names, each once and in its order, by their English names: ``("light-cyan",)``."""
    found = [_color(match) for match in _COLOR.finditer(_CAMEL.sub(" ", words))]
    if not found and _TRIPLE.search(words):
        return ("cyan", "magenta", "yellow")
    return tuple(dict.fromkeys(found))


def colors_named(value: str | None) -> tuple[str, ...]:
    """Read a colorant's own name, as prtMarkerColorantValue or colorantname has it; one of no language stays as it is.

    ``Black toner`` is black, ``PK`` photo-black, ``Vendor9`` vendor9; other, unknown and none are no color.
    """
    name = (value or "").strip().casefold()
    if not name or name in _NONE:
        return ()
    if name in _SHORT:
        return (_SHORT[name],)
    return colors_in(value or "") or (name.split()[0],)


def colors_of(told: tuple[str, ...], described: tuple[str, ...]) -> tuple[str, ...]:
    """Choose between a colorant's own name and the description: the description knows the shades, and which one it is.

    Where both name one color and not the same, the description is right: it stands in the supply's own row, while some
    firmware mixes up the table of colorants.
    """
    return described if len(told) == len(described) == 1 else told or described


def _color(match: re.Match[str]) -> str:
    color = next(
        name.rstrip("_") for name, text in match.groupdict().items() if text and name not in ("shades", "after")
    )
    return "-".join([*_shades_in(match["after"]), *_shades_in(match["shades"]), color])


def _shades_in(words: str) -> list[str]:
    found = ((match.start(), name) for pattern, name in _SHADE_NAMES for match in pattern.finditer(words))
    return [name for _, name in sorted(found)]
