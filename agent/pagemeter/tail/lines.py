"""Octets into lines: which newline a file has, and where its complete lines end."""

from __future__ import annotations

from typing import Final, NamedTuple

LONGEST_LINE: Final = 64 * 1024


class Line(NamedTuple):
    """One line of a file: where it begins, how many octets it has with its newline, and these octets.

    ``raw`` is none where the line is longer than LONGEST_LINE. ``finished`` is false for the rest of a file that ended
    without a newline.
    """

    offset: int
    length: int
    raw: bytes | None
    finished: bool = True


def newline_of(head: bytes) -> bytes:
    """Tell the newline by a file's first octets: two octets in UTF-16, by its byte order mark or by its zeros."""
    if head.startswith(b"\xff\xfe"):
        return b"\n\x00"
    if head.startswith(b"\xfe\xff"):
        return b"\x00\n"
    whole = len(head) // 2 * 2
    first, second = head[0:whole:2].count(0), head[1:whole:2].count(0)
    # Digits and separators make zeros in every script, on one side only; zeros on both sides are a hole.
    if second > 4 * first and second * 4 >= whole // 2:
        return b"\n\x00"
    if first > 4 * second and first * 4 >= whole // 2:
        return b"\x00\n"
    return b"\n"


def split(data: bytes, offset: int, newline: bytes, most: int) -> tuple[list[Line], int]:
    """Split octets that begin with a line at ``offset`` into at most ``most`` complete lines; say where they end.

    Zeros before a line are no part of it, but are behind the place that is returned.
    """
    if len(newline) == 2:
        return _split_pairs(data, offset, newline, most)
    found: list[Line] = []
    begin = 0
    zeros = data.find(b"\x00") >= 0
    while len(found) < most and (end := data.find(b"\n", begin) + 1):
        start = _after_zeros(data, begin, end) if zeros else begin
        length = end - start
        found.append(Line(offset + start, length, data[start:end] if length <= LONGEST_LINE else None))
        begin = end
    if zeros and len(found) < most:
        begin = _after_zeros(data, begin, len(data))
    return found, offset + begin


def end_of_line(data: bytes, offset: int, newline: bytes) -> int:
    """Return where the first line of the octets ends, after its newline, or -1; pairs of octets are kept whole."""
    end = data.find(newline)
    if len(newline) == 2:
        while end >= 0 and (offset + end) % 2:
            end = data.find(newline, end + 1)
    return -1 if end < 0 else end + len(newline)


def _split_pairs(data: bytes, offset: int, newline: bytes, most: int) -> tuple[list[Line], int]:
    found: list[Line] = []
    begin = 0
    # A file of pairs has its lines at even places.
    search = 0
    while len(found) < most and (end := data.find(newline, search)) >= 0:
        if (offset + end) % 2:
            search = end + 1
            continue
        length = end + 2 - begin
        found.append(Line(offset + begin, length, data[begin : end + 2] if length <= LONGEST_LINE else None))
        begin = search = end + 2
    return found, offset + begin


def _after_zeros(data: bytes, begin: int, end: int) -> int:
    while begin < end and data[begin] == 0:
        rest = data[begin:end].lstrip(b"\x00")
        begin = end - len(rest)
    return begin
