"""What a follower hands out, whatever is done to the files of a log."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pagemeter.tail import LONGEST_LINE, Follower, Place, Watched


@pytest.fixture
def in_order(writer: Any, reader: Any) -> Any:
    """Say that everything was read, once and in order."""

    def check() -> None:
        assert reader.lines == writer.written

    return check


def test_lines_come_once_as_they_are_written(writer: Any, reader: Any, in_order: Any) -> None:
    for count in (3, 0, 1, 50):
        writer.append(count)
        assert len(reader.read()) == count
    in_order()


def test_an_empty_log_and_an_empty_folder_have_no_lines(tmp_path: Path, make_reader: Any) -> None:
    assert make_reader(Watched(path=tmp_path)).read() == []
    (tmp_path / "PCOUNTER.LOG").touch()
    assert make_reader(Watched(path=tmp_path)).read() == []


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, make_reader: Any) -> None:
    with pytest.raises(FileNotFoundError):
        make_reader(Watched(path=tmp_path / "away" / "PCOUNTER.LOG")).read()


def test_a_partial_line_waits_for_its_end(writer: Any, reader: Any, in_order: Any) -> None:
    writer.append(2)
    line = writer.begin_line()
    assert len(reader.read()) == 2
    reader.restart()
    assert reader.read() == []
    writer.end_line(line)
    assert reader.read() == [line]
    in_order()


def test_a_restart_goes_on_where_the_last_kept_batch_ended(writer: Any, reader: Any, in_order: Any) -> None:
    writer.append(25)
    assert len(reader.read(10, pieces=1)) == 10
    reader.restart()
    assert len(reader.read(10)) == 15
    in_order()


def test_a_batch_that_was_not_kept_comes_again(writer: Any, reader: Any, in_order: Any) -> None:
    writer.append(25)
    assert len(reader.read(10, pieces=2, kill=True)) == 10
    reader.restart()
    assert len(reader.read()) == 15
    in_order()


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("unread", [0, 5])
@pytest.mark.parametrize("rotation", ["rename", "copytruncate"])
def test_a_rotation_loses_and_repeats_nothing(
    rotation: str, unread: int, restart: bool, writer: Any, reader: Any, in_order: Any
) -> None:
    for _ in range(4):
        writer.append(7)
        reader.read()
        writer.append(unread)
        getattr(writer, rotation)()
        writer.append(3)
        if restart:
            reader.restart()
        reader.read()
    in_order()


@pytest.mark.parametrize("rotation", ["rename", "copytruncate"])
def test_several_rotations_while_nobody_looked(rotation: str, writer: Any, reader: Any, in_order: Any) -> None:
    writer.append(5)
    reader.read()
    reader.restart()
    for _ in range(5):
        writer.append(4)
        getattr(writer, rotation)()
    writer.append(2)
    reader.read()
    in_order()


def test_a_truncated_log_begins_anew(writer: Any, reader: Any, in_order: Any) -> None:
    writer.append(9)
    reader.read()
    writer.truncate()
    writer.append(20)
    reader.read()
    in_order()
    assert reader.follower.losses.cuts == 1


def test_what_was_seen_and_cut_before_it_was_read_is_counted(writer: Any, reader: Any) -> None:
    writer.append(3)
    writer.begin_line()
    reader.read()
    writer.truncate()
    reader.read()
    assert (reader.follower.losses.cuts, reader.follower.losses.octets) == (1, 7)


def test_a_cut_is_told_once(writer: Any, reader: Any) -> None:
    writer.append(3)
    reader.read()
    writer.truncate()
    for _ in range(3):
        reader.read()
    assert reader.follower.losses.cuts == 1


@pytest.mark.parametrize("rotation", ["rename", "copytruncate"])
def test_a_rotation_is_no_loss(rotation: str, writer: Any, reader: Any) -> None:
    writer.append(3)
    reader.read()
    getattr(writer, rotation)()
    writer.append(1)
    reader.read()
    assert (reader.follower.losses.cuts, reader.follower.losses.octets) == (0, 0)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("restart", [False, True])
def test_a_log_that_is_replaced_by_a_longer_copy_of_itself_goes_on_in_it(
    writer: Any, log: Path, reader: Any, in_order: Any, kept: bool, restart: bool
) -> None:
    for number in range(4):
        writer.append(3)
        copy = log.with_name("new")
        shutil.copyfile(log, copy)
        if kept:
            log.rename(log.with_name(f"PCOUNTER.LOG.{number}"))
        # What rsync, robocopy and editors do.
        copy.replace(log)
        reader.read()
        if restart:
            reader.restart()
        reader.read()
        in_order()
    assert (reader.follower.losses.cuts, reader.follower.losses.octets) == (0, 0)


def test_an_old_file_that_is_removed_and_leaves_its_inode_to_the_next_log_was_not_cut(
    writer: Any, log: Path, reader: Any, in_order: Any
) -> None:
    for _ in range(3):
        writer.append(3)
        reader.read()
        old = log.with_name("PCOUNTER.LOG.1")
        log.rename(old)
        reader.read()
        # What the system does when it gives the number of a removed file away again.
        os.truncate(old, 0)
        old.rename(log)
    writer.append(2)
    reader.read()
    in_order()
    assert (reader.follower.losses.cuts, reader.follower.losses.octets) == (0, 0)


def test_lines_between_the_copy_and_the_cut_are_kept_when_they_were_seen(
    writer: Any, reader: Any, log: Path, in_order: Any
) -> None:
    writer.append(5)
    shutil.copy(log, log.with_name("PCOUNTER.LOG.1"))
    writer.append(3)
    reader.read()
    writer.truncate()
    writer.append(2)
    reader.read()
    in_order()


def test_a_log_that_was_deleted_and_made_again_begins_anew(writer: Any, reader: Any, in_order: Any) -> None:
    for _ in range(5):
        writer.append(6)
        reader.read()
        writer.recreate()
    writer.append(6)
    reader.read()
    in_order()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no files without a name")
def test_what_is_written_before_a_file_is_deleted_is_read_all_the_same(writer: Any, reader: Any, in_order: Any) -> None:
    writer.append(6)
    reader.read()
    writer.append(4)
    writer.recreate()
    writer.append(2)
    reader.read()
    in_order()


def test_an_inode_that_is_used_again_is_no_old_file(log: Path, reader: Any) -> None:
    log.write_bytes(b"first day\nsecond line\n")
    reader.read()
    inode = log.stat().st_ino
    other = log.with_name("other")
    other.write_bytes(b"another day\nwith a line that is longer than the old file was\n")
    reader.restart()
    for cursor in reader.cursors.values():
        cursor["inode"] = other.stat().st_ino
    log.unlink()
    other.rename(log)
    assert log.stat().st_ino != inode
    assert len(reader.read()) == 2


def test_a_file_is_known_again_on_a_drive_that_makes_up_its_inodes(log: Path, reader: Any) -> None:
    log.write_bytes(b"one\ntwo\n")
    reader.read()
    reader.restart()
    for cursor in reader.cursors.values():
        cursor.update(device=1, inode=2)
    with log.open("ab") as file:
        file.write(b"three\n")
    assert reader.read() == [b"three"]


def test_a_backup_beside_the_log_is_not_read(writer: Any, reader: Any, log: Path, in_order: Any) -> None:
    writer.append(5)
    shutil.copy(log, log.with_name("PCOUNTER.LOG.bak"))
    reader.read()
    writer.append(5)
    shutil.copy(log, log.with_name("PCOUNTER.LOG.bak2"))
    reader.read()
    reader.restart()
    writer.rename()
    writer.append(2)
    reader.read()
    in_order()


def test_a_backup_is_known_as_one_after_its_original_is_gone(
    writer: Any, reader: Any, log: Path, in_order: Any
) -> None:
    writer.append(5)
    shutil.copy(log, log.with_name("PCOUNTER.LOG.bak"))
    writer.append(50)
    reader.read()
    writer.truncate()
    reader.restart()
    writer.append(2)
    reader.read()
    in_order()


def test_of_a_log_that_is_cut_back_nothing_is_lost_and_only_the_end_comes_again(
    writer: Any, reader: Any, log: Path
) -> None:
    first = writer.append(100)
    size = log.stat().st_size
    second = writer.append(20)
    reader.read()
    os.truncate(log, size)
    third = writer.append(10)
    again = reader.read()
    assert reader.lines[:120] == [*first, *second]
    assert again[-10:] == third
    assert again[:-10] == first[100 - len(again) + 10 :]
    assert len(again) < 50


def test_daily_files_are_read_one_after_the_other(tmp_path: Path, make_reader: Any) -> None:
    reader = make_reader(Watched(path=tmp_path, patterns=("pcounter_*.log",)))
    written = []
    for day in range(1, 6):
        file = tmp_path / f"PCOUNTER_2026_030{day}.LOG"
        for part in range(2):
            with file.open("ab") as opened:
                opened.write(b"day %d part %d\n" % (day, part))
            written.append(b"day %d part %d" % (day, part))
            reader.read()
            reader.restart()
    (tmp_path / "notes.txt").write_bytes(b"not a log\n")
    reader.read()
    assert reader.lines == written


def test_daily_files_that_all_begin_with_a_heading_are_different_files(tmp_path: Path, make_reader: Any) -> None:
    reader = make_reader(Watched(path=tmp_path))
    for day in range(1, 4):
        file = tmp_path / f"day{day}.log"
        file.write_bytes(b"User,Document,Printer\n")
        reader.read()
        with file.open("ab") as opened:
            opened.write(b"job of day %d\n" % day)
        reader.read()
    jobs = [line for line in reader.lines if line.startswith(b"job")]
    assert jobs == [b"job of day 1", b"job of day 2", b"job of day 3"]
    assert len(reader.cursors) == 3


def test_old_files_are_found_in_the_folder_that_they_are_moved_to(
    tmp_path: Path, make_reader: Any, make_writer: Any
) -> None:
    archive = tmp_path / "old"
    archive.mkdir()
    log = tmp_path / "PCOUNTER.LOG"
    writer, reader = make_writer(log, Random(1)), make_reader(Watched(path=log, others=(archive,)))
    writer.append(4)
    reader.read()
    reader.restart()
    writer.append(4)
    log.rename(archive / "PCOUNTER.LOG")
    log.touch()
    writer.append(4)
    reader.read()
    assert reader.lines == writer.written


def test_packed_files_are_left_alone(log: Path, reader: Any) -> None:
    log.write_bytes(b"one\n")
    log.with_name("PCOUNTER.LOG.1.gz").write_bytes(b"packed\n")
    assert reader.read() == [b"one"]


def test_a_line_that_is_too_long_is_handed_out_without_its_text(log: Path, reader: Any) -> None:
    log.write_bytes(b"one\n" + b"x" * LONGEST_LINE + b"\ntwo\n")
    reader.read()
    assert reader.lines == [b"one", b"two"]
    assert reader.odd == [(4, LONGEST_LINE + 1, True)]


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_a_line_of_megabytes_is_passed_over_as_it_is_written(restart: bool, log: Path, reader: Any) -> None:
    log.write_bytes(b"one\n")
    for _ in range(12):
        with log.open("ab") as file:
            file.write(b"x" * 300_000)
        reader.read()
        if restart:
            reader.restart()
    with log.open("ab") as file:
        file.write(b"\ntwo\n")
    reader.read()
    assert reader.lines == [b"one", b"two"]
    assert reader.odd == [(4, 3_600_001, True)]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_lines_of_two_octets_a_letter_are_split_where_they_end(
    encoding: str, mark: str, log: Path, make_reader: Any
) -> None:
    # U+010A and U+0A0A hold the octet of a newline, at both places.
    lines = ["job 1,\u010austa,5\r\n", "job 2,\u0a0a\u0a0a,6\r\n", "job 3,plain,7\r\n"]
    log.write_bytes((mark + "".join(lines)).encode(encoding))
    follower = Follower(Watched(path=log))
    follower.resume([], now=0)
    piece = follower.next(10)
    assert piece is not None
    assert [line.raw.decode(encoding).lstrip("\ufeff") for line in piece.lines if line.raw is not None] == lines


def test_the_hole_that_a_writer_leaves_who_does_not_append_is_passed_over(log: Path, reader: Any) -> None:
    with log.open("wb") as file:
        file.write(b"one\ntwo\n")
        file.flush()
        reader.read()
        shutil.copy(log, log.with_name("PCOUNTER.LOG.1"))
        os.truncate(log, 0)
        file.write(b"three\n")
    assert log.read_bytes() == b"\x00" * 8 + b"three\n"
    reader.read()
    assert reader.lines == [b"one", b"two", b"three"]


def test_the_end_of_a_file_that_nobody_completes_is_handed_out_as_unfinished(log: Path, make_reader: Any) -> None:
    old = log.with_name("PCOUNTER.LOG.1")
    old.write_bytes(b"one\ntwo with no end")
    os.utime(old, (1_000_000, 1_000_000))
    log.write_bytes(b"three\n")
    reader = make_reader(Watched(path=log), now=1_000_000 + 3600)
    reader.read()
    assert reader.odd == []
    reader.now = 1_000_000 + 100_000
    reader.read()
    assert reader.odd == [(4, 15, False)]
    reader.read()
    assert (reader.lines, len(reader.odd)) == ([b"one", b"three"], 1)


def test_a_cursor_holds_no_text_of_the_log(log: Path, reader: Any) -> None:
    log.write_bytes(b"CANARY,Canary,document\n" * 40)
    reader.read(7)
    assert "canary" not in json.dumps(reader.cursors).lower()


def test_a_cursor_survives_json(writer: Any, reader: Any) -> None:
    writer.append(40)
    reader.read(7)
    for cursor in reader.cursors.values():
        place = Place.from_json(cursor)
        assert Place.from_json(json.loads(json.dumps(place.to_json()))) == place


@pytest.mark.parametrize("cursor", [None, 3, {}, {"id": "x"}, {"id": "x", "marks": []}, {"id": "x", "marks": 3}])
def test_what_is_no_cursor_is_refused(cursor: Any) -> None:
    with pytest.raises(ValueError, match="cursor"):
        Place.from_json(cursor)


def test_the_same_file_has_the_same_name_for_every_reader(writer: Any, log: Path, make_reader: Any) -> None:
    writer.append(3)
    one, two = make_reader(Watched(path=log)), make_reader(Watched(path=log))
    one.read(1)
    writer.append(3)
    two.read()
    assert list(one.cursors) == list(two.cursors)


def test_two_files_that_begin_alike_have_different_names(log: Path, reader: Any) -> None:
    log.write_bytes(b"same\none\n")
    reader.read()
    log.write_bytes(b"same\ntwo\n")
    reader.read()
    assert reader.lines == [b"same", b"one", b"same", b"two"]
    assert len(reader.cursors) == 2


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_stops_no_other(log: Path, reader: Any) -> None:
    log.write_bytes(b"one\n")
    secret = log.with_name("PCOUNTER.LOG.1")
    secret.write_bytes(b"two\n")
    secret.chmod(0)
    assert reader.read() == [b"one"]
    assert list(reader.follower.unreadable) == ["PCOUNTER.LOG.1"]
