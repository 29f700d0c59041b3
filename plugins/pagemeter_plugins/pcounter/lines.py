"""Lines of a log into jobs and into what could not be understood: pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from zoneinfo import ZoneInfo

from pagemeter import Quarantined
from pagemeter.clock import LocalZone
from pagemeter.model import JobRecord
from pagemeter.tail import Line
from pagemeter_plugins.pcounter.dates import DateOrder, Evidence, order_of
from pagemeter_plugins.pcounter.encoding import AUTO, encoding_of, text_of
from pagemeter_plugins.pcounter.jobs import PARSER, Reading, job_id, job_of
from pagemeter_plugins.pcounter.layout import DELIMITERS, Layout, NotUnderstood, delimiter_of, is_heading
from pagemeter_plugins.pcounter.settings import Form

MOST_SAMPLED = 20


@dataclass(slots=True)
class Understood:
    """What lines of one file are: jobs, and lines that are none.

    ``again`` are the quarantined lines that other settings may understand, ``undated`` the jobs without a time; pieces
    are (offset, length). ``passed_over`` counts headings, empty lines and transactions.
    """

    jobs: list[JobRecord] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    again: list[tuple[int, int]] = field(default_factory=list)
    undated: list[tuple[int, int]] = field(default_factory=list)
    passed_over: int = 0
    encoding: str = ""
    delimiter: str = ""
    fields: list[tuple[Line, list[str]]] = field(default_factory=list)


class LineReader:
    """Reads the lines of one server's log; learns from them which of day and month comes first."""

    def __init__(self, server: str, form: Form) -> None:
        self._server = server
        self._form = form
        self.layout = Layout(form.fields)
        self._zone: tzinfo = LocalZone() if form.timezone is None else ZoneInfo(form.timezone)
        self.order = None if form.dates == AUTO else DateOrder(form.dates)
        self.evidence: Evidence | None = None
        self._last_delimiter = DELIMITERS[0]

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides what is understood."""
        form = {name: getattr(self._form, name) for name in Form.model_fields}
        return blake2b(json.dumps([PARSER, form], default=str).encode(), digest_size=6).hexdigest()

    def read(
        self, file: str, lines: Sequence[Line], *, name: str = "", modified: float = 0.0, revision: int = 0
    ) -> Understood:
        """Read lines of a file; ``name`` and ``modified`` (seconds since 1970) help to tell day and month apart."""
        result = self._split(lines)
        self.learn(self._dates(result), name=name, modified=modified)
        reading = Reading(
            layout=self.layout,
            delimiter=result.delimiter,
            order=self.order,
            zone=self._zone,
            currency=self._form.currency,
        )
        dated = "date" in self.layout.index or "datetime" in self.layout.index
        for line, fields in result.fields:
            try:
                own = job_id(self._server, file, line.offset, line.raw or b"")
                job = job_of(fields, reading, own, revision=revision)
            except NotUnderstood as error:
                _quarantine(result, line, str(error), result.delimiter.join(fields))
                continue
            if job is None:
                result.passed_over += 1
                continue
            result.jobs.append(job)
            if dated and job.completed_at is None:
                result.undated.append((line.offset, line.length))
        return result

    def _split(self, lines: Sequence[Line]) -> Understood:
        """Decode and split lines."""
        raws = [line.raw for line in lines if line.raw is not None]
        result = Understood(encoding=encoding_of(raws, self._form.encoding))
        texts: list[tuple[Line, str]] = []
        for line in lines:
            if line.raw is None:
                _quarantine(result, line, "longer than 64 KB", None)
                continue
            try:
                text = text_of(line.raw, result.encoding)
            except ValueError:
                _quarantine(result, line, f"not written in {result.encoding}", None)
                continue
            if line.finished:
                texts.append((line, text))
            else:
                _quarantine(result, line, "the file ended in the middle of the line", text)
        result.delimiter = self._delimiter([text for _, text in texts])
        split, delimiter, fields = self.layout.split, result.delimiter, result.fields
        for line, text in texts:
            try:
                fields.append((line, split(text, delimiter)))
            except NotUnderstood as error:
                if not text or text.isspace() or is_heading(text, delimiter):
                    result.passed_over += 1
                else:
                    _quarantine(result, line, str(error), text)
        return result

    def _delimiter(self, texts: Sequence[str]) -> str:
        if self._form.delimiter != AUTO:
            return self._form.delimiter
        sample = [text for text in texts[:MOST_SAMPLED] if text]
        self._last_delimiter = delimiter_of(sample, self.layout, self._last_delimiter)
        return self._last_delimiter

    def learn(self, dates: Sequence[str], *, name: str = "", modified: float = 0.0) -> None:
        """Tell day and month apart by dates in their order; what is sure outweighs what was learned before."""
        if self._form.dates != AUTO:
            return
        day = datetime.fromtimestamp(modified, UTC).date() if modified else None
        evidence = order_of(dates, modified=day, name=name)
        if evidence is not None and (self.order is None or evidence.sure):
            self.order, self.evidence = evidence.order, evidence

    def dates_in(self, lines: Sequence[Line]) -> list[str]:
        """Return the different dates of lines, as they are written."""
        return self._dates(self._split(lines))

    def _dates(self, result: Understood) -> list[str]:
        place = self.layout.index.get("date", self.layout.index.get("datetime"))
        if place is None:
            return []
        texts = dict.fromkeys([fields[place] for _, fields in result.fields])
        return list(dict.fromkeys(text.strip().partition(" ")[0] for text in texts))


def _quarantine(result: Understood, line: Line, why: str, text: str | None) -> None:
    result.quarantined.append(Quarantined(offset=line.offset, length=line.length, why=why, text=text))
    if line.raw is not None and line.finished:
        result.again.append((line.offset, line.length))
