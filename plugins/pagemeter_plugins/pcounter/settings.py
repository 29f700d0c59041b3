"""What can be set for ``pcounter``."""

from __future__ import annotations

import codecs
from collections import Counter
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from pagemeter import Settings
from pagemeter_plugins.pcounter.layout import DOCUMENTED, KNOWN

_PATH = "A log, followed with what it is renamed or copied to, or a folder with daily files; a relative one is meant from the folder of the YAML file."  # noqa: E501 - one sentence
_PATTERN = "Which names in its folder belong to it, such as `PCOUNTER*.LOG`; several with spaces between. Without it: of a log what begins like it, of a folder everything."  # noqa: E501 - one sentence


class Form(Settings):
    """How the lines of a log are written."""

    encoding: str = Field(
        default="auto",
        description="`auto` (UTF-8, UTF-16, else cp1252, cp850 or cp437 by their letters), or one of Python's names.",
    )
    delimiter: Literal["auto", ",", ";", "\t", "|"] = Field(
        default="auto", description='What is between the fields: `auto`, `,`, `;`, `|`, or a tab (`"\\t"`).'
    )
    fields: tuple[str, ...] = Field(
        default=DOCUMENTED,
        min_length=2,
        description="The order of the fields: of user, document, queue, date, time, client, account, subaccount, paper, options, size, pages, cost, balance, datetime, copies; `-` for one that is passed over.",  # noqa: E501 - a list
    )
    dates: Literal["auto", "mdy", "dmy"] = Field(
        default="auto", description="Whether the month or the day comes first; `auto` tells by the dates themselves."
    )
    timezone: str | None = Field(
        default=None,
        min_length=1,
        description="The zone of its times, such as `Europe/Vienna`; that of this host if absent.",
    )
    currency: str | None = Field(default=None, min_length=1, description="The currency of its costs, such as `EUR`.")

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, encoding: str) -> str:
        if encoding != "auto":
            try:
                codecs.lookup(encoding)
            except LookupError:
                raise ValueError("no such encoding; write auto, utf-8, utf-16-le, cp1252, cp850 ...") from None
        return encoding

    @field_validator("fields")
    @classmethod
    def _are_fields(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in fields if name not in KNOWN]:
            raise ValueError(f"{unknown[0]} is no field; write {', '.join((*DOCUMENTED, 'datetime', 'copies'))} or -")
        if twice := [name for name, count in Counter(fields).items() if count > 1 and name != "-"]:
            raise ValueError(f"{twice[0]} is there twice")
        if ("date" in fields) != ("time" in fields):
            raise ValueError("date needs time and time needs date; write both, datetime, or neither")
        return fields

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, timezone: str | None) -> str | None:
        if timezone is not None:
            try:
                ZoneInfo(timezone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError("no such time zone; write one like Europe/Vienna or UTC") from None
        return timezone


class LogSettings(Form):
    """One log of several."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$", description="The name of its server.")
    path: str = Field(min_length=1, description=_PATH)
    pattern: str | None = Field(default=None, min_length=1, description=_PATTERN)
    archive: str | None = Field(
        default=None, min_length=1, description="A further folder, where old files are moved to."
    )


class PcounterSettings(Form):
    """Settings of the source ``pcounter``."""

    path: str | None = Field(default=None, min_length=1, description=_PATH)
    server: str = Field(
        default="pcounter",
        max_length=64,
        pattern=r"^[\w.-]+$",
        description="The name of the server whose log `path` is.",
    )
    pattern: str | None = Field(default=None, min_length=1, description=_PATTERN)
    archive: str | None = Field(
        default=None, min_length=1, description="A further folder, where old files are moved to."
    )
    logs: tuple[LogSettings, ...] = Field(
        default=(),
        description="Several servers: each with name and path, and what differs of the settings above and below.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.path is None and not self.logs:
            raise ValueError("nothing is followed; name path or logs")
        names = Counter(log.name for log in self.every_log)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"two logs are named {twice[0]}; each needs a name of its own")
        return self

    @property
    def every_log(self) -> tuple[LogSettings, ...]:
        """The logs that are followed, each with all its settings."""
        shared = {name: getattr(self, name) for name in Form.model_fields if name in self.model_fields_set}
        own = [
            log.model_copy(update={k: v for k, v in shared.items() if k not in log.model_fields_set})
            for log in self.logs
        ]
        if self.path is None:
            return tuple(own)
        single = LogSettings(name=self.server, path=self.path, pattern=self.pattern, archive=self.archive, **shared)
        return (single, *own)
