from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pagemeter.logs import OutageLog, keep_secret, redact, set_up_logging
from pagemeter.testing import FakeClock


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A stream for the log; the loggers are as before in the end."""
    loggers = [logging.getLogger(name) for name in (None, "pagemeter", "pagemeter_plugins")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield io.StringIO()
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


log = logging.getLogger("pagemeter.somewhere")


def test_text_is_a_line_an_entry(stream: io.StringIO) -> None:
    set_up_logging("INFO", stream=stream)
    log.info("%s: open", "mqtt")
    log.debug("not told")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(" INFO pagemeter.somewhere: mqtt: open")


def test_json_is_an_object_a_line_with_the_trace(stream: io.StringIO) -> None:
    set_up_logging(logging.INFO, json=True, stream=stream)
    try:
        raise OSError("disk full")
    except OSError:
        log.exception("can't write")
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"]) == ("error", "pagemeter.somewhere", "can't write")
    assert entry["at"].endswith("+00:00")
    assert entry["trace"].endswith("OSError: disk full")


def test_setting_up_again_replaces_what_was(stream: io.StringIO) -> None:
    set_up_logging("INFO", stream=io.StringIO())
    set_up_logging("INFO", json=True, stream=stream)
    log.warning("once")
    assert len(stream.getvalue().splitlines()) == 1


def test_libraries_are_quiet_unless_debugging(stream: io.StringIO) -> None:
    set_up_logging("INFO", stream=stream)
    logging.getLogger("aiohttp").info("chatter")
    assert stream.getvalue() == ""
    set_up_logging("DEBUG", stream=stream)
    logging.getLogger("aiohttp").info("chatter")
    assert "chatter" in stream.getvalue()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_secret_never_appears_in_message_arguments_or_trace(stream: io.StringIO, as_json: bool) -> None:
    keep_secret([SecretStr('s3cret"token')])
    set_up_logging("DEBUG", json=as_json, stream=stream)
    log.info("token %s", 's3cret"token')
    try:
        raise OSError('401 for https://x/?t=s3cret"token')
    except OSError:
        log.exception("refused")
    assert "s3cret" not in stream.getvalue()
    assert "token **********" in stream.getvalue()
    assert "OSError: 401 for https://x/?t=**********" in stream.getvalue()


def test_a_secret_object_prints_as_stars(stream: io.StringIO) -> None:
    set_up_logging("INFO", stream=stream)
    log.info("%s %r", SecretStr("never registered"), SecretStr("never registered"))
    assert "never" not in stream.getvalue()


def test_a_short_secret_is_hidden_as_a_word_and_an_empty_one_not_at_all() -> None:
    keep_secret([SecretStr("pw1"), SecretStr("")])
    assert redact("user meter, password pw1, spw12") == "user meter, password **********, spw12"


@pytest.mark.parametrize("as_json", [False, True])
def test_device_text_can_not_forge_a_line_or_steer_a_terminal(stream: io.StringIO, as_json: bool) -> None:
    set_up_logging("INFO", json=as_json, stream=stream)
    log.info("name is %s", "HP\n2025-01-06 ERROR forged\x1b[2J\u202e")
    (line,) = stream.getvalue().splitlines()
    assert not {"\x1b", "\u202e"} & set(line)


async def test_an_outage_is_told_once_when_it_starts_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    outages = OutageLog(log, clock)
    with caplog.at_level(logging.INFO):
        outages.recovered("mqtt")
        outages.failed("mqtt", "broker gone")
        await clock.advance(60)
        outages.failed("mqtt", "broker gone")
        outages.failed("disk", "full")
        await clock.advance(30)
        outages.recovered("mqtt")
        outages.recovered("mqtt")
        outages.failed("mqtt", "broker gone again")
    assert caplog.messages == [
        "mqtt: broker gone",
        "disk: full",
        "mqtt: works again after 0:01:30",
        "mqtt: broker gone again",
    ]
