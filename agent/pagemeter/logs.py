"""Logging: lines on stderr, for people or as JSON; registered secrets never appear in them."""

from __future__ import annotations

import json as json_format
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from textwrap import indent
from typing import TextIO

from pydantic import SecretStr

from pagemeter.clock import Clock
from pagemeter.text import escaped

HIDDEN = "**********"
_OWN = ("pagemeter", "pagemeter_plugins")
_WORD_LENGTH = 8
_secrets: set[str] = set()


def set_up_logging(level: int | str = logging.INFO, json: bool = False, *, stream: TextIO | None = None) -> None:  # noqa: FBT001, FBT002, RUF100 - the switch --log-json
    """Send the log to stderr (or ``stream``), as text or one JSON object a line; replaces what was set up before.

    The libraries speak from WARNING on, unless the level is DEBUG.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(handler)
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(_JsonFormatter() if json else _TextFormatter())
    root.addHandler(handler)
    for name in _OWN:
        logging.getLogger(name).setLevel(level)
    own = logging.getLogger(_OWN[0]).level
    root.setLevel(own if own <= logging.DEBUG else max(own, logging.WARNING))


def keep_secret(secrets: Iterable[SecretStr]) -> None:
    """Register secrets: from now on they are hidden in every log line, traceback and reason."""
    _secrets.update(text for secret in secrets if (text := secret.get_secret_value()))
    _pattern.cache_clear()


def redact(text: str) -> str:
    """Hide the registered secrets in a text; short ones only as whole words, lest every "a" vanish."""
    pattern = _pattern()
    return text if pattern is None else pattern.sub(HIDDEN, text)


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str] | None:
    longest_first = sorted(_secrets, key=len, reverse=True)
    parts = [
        re.escape(secret) if len(secret) >= _WORD_LENGTH else rf"(?<!\w){re.escape(secret)}(?!\w)"
        for secret in longest_first
    ]
    return re.compile("|".join(parts)) if parts else None


class OutageLog:
    """Logs an outage at its edges: once when it starts, once when it ends."""

    def __init__(self, logger: logging.Logger, clock: Clock) -> None:
        self._logger = logger
        self._clock = clock
        self._since: dict[str, float] = {}

    def failed(self, key: str, message: str) -> None:
        """Warn when ``key`` fails for the first time since it worked; further failures are for DEBUG."""
        level = logging.DEBUG if key in self._since else logging.WARNING
        self._since.setdefault(key, self._clock.monotonic())
        self._logger.log(level, "%s: %s", key, message)

    def recovered(self, key: str) -> None:
        """Tell that ``key`` works again and how long it did not; nothing when it always did."""
        since = self._since.pop(key, None)
        if since is not None:
            lasted = timedelta(seconds=round(self._clock.monotonic() - since))
            self._logger.info("%s: works again after %s", key, lasted)


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, told from handlers that others added to the root logger."""


class _TextFormatter(logging.Formatter):
    """``2025-01-06 08:00:00 WARNING pagemeter.supervisor: message``; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_at(record):%Y-%m-%d %H:%M:%S%z} {record.levelname} {record.name}: {_message(record)}"
        trace = _trace(self, record)
        # Indented, for a line of an exception's text must not pass for a record.
        return line if trace is None else f"{line}\n{indent(trace, '  ', lambda _: True)}"


class _JsonFormatter(logging.Formatter):
    """One object a line: at, level, logger, message, and trace where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "at": _at(record).astimezone(UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        trace = _trace(self, record)
        return json_format.dumps(fields if trace is None else fields | {"trace": trace}, ensure_ascii=False)


def _at(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC).astimezone()


def _message(record: logging.LogRecord) -> str:
    return escaped(redact(record.getMessage()))


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str | None:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(escaped(line) for line in redact("\n".join(parts)).split("\n")) if parts else None
