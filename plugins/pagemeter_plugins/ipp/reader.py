"""Reads one printer by Get-Printer-Attributes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from pagemeter.component import Answer, Ask, Ipp, Memory, NotAPrinter, Per, Reader, Services, Traffic
from pagemeter.errors import AccessDenied, DeviceError, Unreachable, Unreadable
from pagemeter.ipp.client import PORT
from pagemeter.ipp.message import Group, GroupTag, IppMessage
from pagemeter.ipp.operations import Status, Version, get_printer_attributes, status_name, succeeded
from pagemeter.ipp.reading import SCOPES, parse_attributes, queue_told_by, wanted
from pagemeter.model import Scope, Target
from pagemeter_plugins.ipp.doors import SCHEMES, doors_of, is_ipp, second_doors_of
from pagemeter_plugins.ipp.settings import IppSettings

VERSIONS: tuple[Version, ...] = ((2, 0), (1, 1), (1, 0))
# What every printer since IPP/1.0 knows (RFC 2566).
MINIMAL = ("printer-make-and-model", "printer-name", "printer-location", "printer-state", "printer-state-reasons")
# How long a printer that spoke IPP and does not answer now is left alone.
_SHORT_PAUSE = timedelta(hours=1)
_FORBIDDEN = frozenset({Status.FORBIDDEN, Status.NOT_AUTHENTICATED, Status.NOT_AUTHORIZED})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habits:
    """What worked the last time: where, in which version, and whether attributes may be named."""

    uri: str | None = None
    version: Version = VERSIONS[0]
    names: str = "wanted"

    @classmethod
    def of(cls, memory: Memory) -> _Habits:
        """Take them from a memory; what is not as it was written there is forgotten."""
        uri, version, names = memory.get("uri"), memory.get("version"), memory.get("names")
        known = {f"{major}.{minor}": (major, minor) for major, minor in VERSIONS}
        return cls(
            uri=uri if isinstance(uri, str) else None,
            version=known.get(str(version), VERSIONS[0]),
            names=str(names) if names in _NAMES else "wanted",
        )

    @property
    def memory(self) -> Memory:
        """Write them down."""
        return {"uri": self.uri, "version": "{}.{}".format(*self.version), "names": self.names}


_NAMES = ("wanted", "all", "minimal")


@dataclass(slots=True)
class _Attempt:
    """What was met on the way to an answer."""

    refusal: AccessDenied | None = None
    silence: Unreachable | None = None
    nonsense: Unreadable | None = None
    closed: set[str] = field(default_factory=set)


class IppReader(Reader):
    """Asks for what the scopes need, in one question once it is known where and how; TCP, which wakes."""

    scopes: ClassVar[frozenset[Scope]] = SCOPES
    wakes: ClassVar[bool] = True

    def __init__(self, settings: IppSettings, services: Services) -> None:
        self._ipp: Ipp = services.ipp
        self._clock = services.clock
        self._pause = timedelta(days=settings.retry_days)

    def traffic(self) -> Iterable[Traffic]:
        """Say what a visit sends at most: the first one tries paths and versions, and a device may tell all it has."""
        why = "read printer attributes by IPP (Get-Printer-Attributes)"
        for to, port, more in (
            ("each printer", PORT, ""),
            ("each printer whose URI names another port", None, ""),
            ("each known printer whose port 631 is closed", 443, ", by TLS"),
        ):
            yield Traffic(
                to=to,
                port=port,
                protocol="tcp",
                packets=300,
                octets=250_000,
                per=Per.DEVICE,
                why=f"{why}{more}",
                carries="names of attributes; nothing of the site",
            )

    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        """Read what was asked; none where no IPP is spoken. Raises DeviceError."""
        if urlsplit(target.uri).scheme not in SCHEMES or not target.host:
            return None
        scopes = ask.scopes & SCOPES
        if not scopes:
            return Answer()
        if not is_ipp(target) and self._left_alone(ask.memory):
            return None
        habits = _Habits.of(ask.memory)
        attempt = _Attempt()
        found = await self._first(doors_of(target, habits.uri), habits, scopes, attempt)
        if found is None and attempt.silence is not None and ask.known:
            found = await self._first(second_doors_of(target), habits, scopes, attempt)
        if found is None:
            return self._nothing(target, ask, attempt)
        printer, learned = found
        if (queue := queue_told_by(printer)) is not None:
            return NotAPrinter(what=queue)
        reading = parse_attributes(printer, scopes=scopes, at=self._clock.now())
        return Answer(readings=(reading,), memory=learned.memory)

    def _left_alone(self, memory: Memory) -> bool:
        until = memory.get("silent_until")
        try:
            return isinstance(until, str) and datetime.fromisoformat(until) > self._clock.now()
        except (ValueError, TypeError):
            return False

    def _nothing(self, target: Target, ask: Ask, attempt: _Attempt) -> Answer | None:
        """Say that there is no IPP, and leave it alone for a while; an error where it is one.

        It is one where the target names IPP, where a password is wanted, and where IPP was spoken before.
        """
        if attempt.refusal is not None:
            raise attempt.refusal
        error: DeviceError | None = attempt.nonsense or attempt.silence
        if is_ipp(target) or (attempt.nonsense is not None and "uri" in ask.memory):
            raise error or Unreachable(f"{target.uri} does not answer IPP; is the path right?")
        if not ask.known:
            return None
        pause = _SHORT_PAUSE if "uri" in ask.memory else self._pause
        return Answer(memory={**ask.memory, "silent_until": (self._clock.now() + pause).isoformat()})

    async def _first(
        self, uris: Sequence[str], habits: _Habits, scopes: frozenset[Scope], attempt: _Attempt
    ) -> tuple[Group, _Habits] | None:
        """Ask one place after another; a port that does not answer is not knocked at again."""
        for uri in uris:
            port = _port(uri)
            if port in attempt.closed:
                continue
            try:
                found = await self._ask(uri, habits, scopes)
            except AccessDenied as error:
                attempt.refusal = error
            except Unreachable as error:
                attempt.silence = error
                attempt.closed.add(port)
            except Unreadable as error:
                attempt.nonsense = attempt.nonsense or error
            else:
                return found
        return None

    async def _ask(self, uri: str, habits: _Habits, scopes: frozenset[Scope]) -> tuple[Group, _Habits]:
        """Ask at one place, in older versions and with other lists where the device wants that."""
        lists = {"wanted": wanted(scopes), "all": (), "minimal": MINIMAL}
        failure: DeviceError = Unreadable(f"{uri} tells nothing of a printer")
        for version in VERSIONS[VERSIONS.index(habits.version) :]:
            for names in _NAMES[_NAMES.index(habits.names) :]:
                answer = await self._ipp.ask(uri, get_printer_attributes(uri, lists[names], version))
                printer = answer.group(GroupTag.PRINTER)
                if succeeded(answer) and printer is not None:
                    return printer, _Habits(uri=uri, version=version, names=names)
                failure = _failure(uri, answer)
                if not _is_worth_another_list(answer):
                    break
            if answer.code not in (Status.VERSION_NOT_SUPPORTED, Status.BAD_REQUEST):
                break
        raise failure


def _port(uri: str) -> str:
    """Name the host and port of a URI; what is none stands for itself, for the client will say so."""
    try:
        parts = urlsplit(uri)
        return f"{parts.hostname}:{parts.port or PORT}"
    except ValueError:
        return uri


def _failure(uri: str, answer: IppMessage) -> DeviceError:
    if answer.code in _FORBIDDEN:
        return AccessDenied(f"{uri} refuses to be asked by IPP ({status_name(answer.code)}); is a password set?")
    return Unreadable(f"{uri} answers IPP with {status_name(answer.code)}")


def _is_worth_another_list(answer: IppMessage) -> bool:
    return succeeded(answer) or answer.code in (
        Status.ATTRIBUTES_NOT_SUPPORTED,
        Status.BAD_REQUEST,
        Status.INTERNAL_ERROR,
    )
