from __future__ import annotations

from pathlib import Path

import pytest

from pagemeter.errors import PluginError
from pagemeter.net.lists import read_list


def test_comments_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\ufeff1 # one\n\n# none\r\n 2\n", encoding="utf-8")
    assert list(read_list(tmp_path / "list.txt", int)) == [1, 2]


def test_a_line_that_means_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("1\n# two\nthree\n", encoding="utf-8")
    with pytest.raises(PluginError, match=r"list\.txt:3: .*three"):
        list(read_list(tmp_path / "list.txt", int))


@pytest.mark.parametrize("content", [None, b"\xff\xfe1"])
def test_a_file_that_can_t_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(PluginError, match=r"list\.txt can't be read \(.*\); is it a text file in UTF-8"):
        list(read_list(tmp_path / "list.txt", int))
