"""Mail the workbook."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Self

from pagemeter import Batch, Feed, Form, Output, Services, Stage, Traffic
from pagemeter.component import Per
from pagemeter.dial import connect, resolve, tried
from pagemeter.errors import DeliveryError, PluginError, TooLarge
from pagemeter.tls import client_context
from pagemeter_plugins.email.conversation import Conversation, in_thread
from pagemeter_plugins.email.mail import write_mail
from pagemeter_plugins.email.replies import listed
from pagemeter_plugins.email.settings import EmailSettings, Encryption, Sheet
from pagemeter_plugins.email.trial import Trial
from pagemeter_plugins.email.workbook import write_workbook

log = logging.getLogger(__name__)

# One mail a report is the rule: so many jobs fit into it.
MOST_JOBS = 20_000
MEGABYTE = 1_000_000


class EmailOutput(Output):
    """Sends a workbook of the fleet, and of the jobs and events since the last one, at its time."""

    def __init__(self, settings: EmailSettings, services: Services) -> None:
        self._settings = settings
        self._folder = services.folder
        self._clock = services.clock
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        """Read what the server is judged by, and see that workbooks can be written."""
        if self._settings.tls is not Encryption.NONE:
            self._tls = await asyncio.to_thread(client_context, self._folder, ca=self._settings.ca)
        await asyncio.to_thread(_require_openpyxl)
        return self

    def feeds(self) -> Sequence[Feed]:
        """One feed: the report of the fleet, with the jobs and events since the last one that the workbook has."""
        sheets = {Sheet.JOBS: "job", Sheet.EVENTS: "event"}
        types = tuple(name for sheet, name in sheets.items() if sheet in self._settings.attach)
        return (Feed(name="report", form=Form.REPORT, most=MOST_JOBS, history=bool(types), types=types or ("job",)),)

    def traffic(self) -> Iterable[Traffic]:
        """Name one connection a mail, to the server of the settings."""
        settings = self._settings
        carries = f"a workbook: {', '.join(sheet for sheet in Sheet if sheet in settings.attach)}"
        carries += ", user and password" if settings.password is not None else ""
        carries += ", all in clear text" if settings.tls is Encryption.NONE else ""
        yield Traffic(
            to=settings.host,
            port=settings.server_port,
            protocol="tcp",
            per=Per.DEVICE,
            packets=20,
            octets=8_000,
            why=f"the workbook by SMTP to {', '.join(settings.recipients)}",
            carries=carries,
        )

    async def deliver(self, batch: Batch) -> None:
        """Deliver the batch as a mail: the server said that it has it, for at least one of the recipients."""
        mail = await asyncio.to_thread(self._written, batch)
        async with self._conversation() as talk:
            refused = await in_thread(talk, lambda: _handed_over(talk, mail))
        if refused:
            log.warning("%s takes the mail, but not for %s", self._settings.host, listed(refused))

    async def test(self) -> AsyncIterator[Stage]:
        """Go the whole way up to where a mail would begin, and take it back: nothing is sent."""
        trial = Trial(self._settings, self._tls)
        try:
            for name, step in trial.steps():
                stage = await tried(name, step)
                yield stage
                if not stage.ok:
                    return
            await trial.leave()
        finally:
            trial.close()

    def _written(self, batch: Batch) -> bytes:
        try:
            workbook = write_workbook(batch, self._settings.attach)
        except OSError as error:
            raise DeliveryError(
                f"the workbook was not written: {error.strerror}; is there space in the folder for temporary files?"
            ) from error
        mail = write_mail(batch, workbook, self._settings, now=self._clock.now())
        if len(mail) > self._settings.max_megabytes * MEGABYTE:
            raise TooLarge(
                f"the mail has {len(mail):,} octets, more than max_megabytes ({self._settings.max_megabytes}) allows;"
                " it is parted"
            )
        return mail

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Conversation]:
        server = self._settings.server
        tcp = await connect(server, await resolve(server))
        talk = Conversation(self._settings, self._tls, tcp)
        try:
            yield talk
        finally:
            talk.close()


def _handed_over(talk: Conversation, mail: bytes) -> dict[str, str]:
    """Go through a whole conversation; returns the recipients that were refused, each with the reply."""
    for _, step in talk.steps():
        step()
    refused = talk.offer(len(mail))
    talk.send(mail)
    talk.leave()
    return refused


def _require_openpyxl() -> None:
    try:
        import openpyxl  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise PluginError("workbooks need openpyxl: pip install 'pagemeter[xlsx]'") from error
