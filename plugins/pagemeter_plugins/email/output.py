"""Mail the workbook."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Self, TypeVar

from pagemeter import Batch, Feed, Form, Output, Services, Stage, Traffic
from pagemeter.component import Per
from pagemeter.errors import DeliveryError, PluginError, TooLarge
from pagemeter_plugins.email.conversation import Conversation
from pagemeter_plugins.email.dial import connect, resolve, trust
from pagemeter_plugins.email.mail import write_mail
from pagemeter_plugins.email.replies import Step
from pagemeter_plugins.email.settings import EmailSettings, Encryption, Sheet
from pagemeter_plugins.email.workbook import write_workbook

log = logging.getLogger(__name__)

T = TypeVar("T")

# One mail a report is the rule: so many jobs fit into it.
MOST_JOBS = 20_000
MEGABYTE = 1_000_000
STEP_SECONDS = 30.0
# What a test says that its mail would have.
TEST_OCTETS = 10_000


class EmailOutput(Output):
    """Sends a workbook of the fleet, and of the jobs since the last one, at its time."""

    def __init__(self, settings: EmailSettings, services: Services) -> None:
        self._settings = settings
        self._folder = services.folder
        self._clock = services.clock
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        """Read what the server is judged by, and see that workbooks can be written."""
        self._tls = await asyncio.to_thread(trust, self._settings, self._folder)
        await asyncio.to_thread(_require_openpyxl)
        return self

    def feeds(self) -> Sequence[Feed]:
        """One feed: the report of the fleet, with the jobs since the last one where the workbook has them."""
        jobs = Sheet.JOBS in self._settings.attach
        return (Feed(name="report", form=Form.REPORT, most=MOST_JOBS, history=jobs, types=("job",)),)

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
            per=Per.DELIVERY,
            why=f"the workbook by SMTP to {', '.join(settings.recipients)}",
            carries=carries,
        )

    async def deliver(self, batch: Batch) -> None:
        """Deliver the batch as a mail: the server said that it has it, for at least one of the recipients."""
        mail = await asyncio.to_thread(self._written, batch)
        async with self._conversation() as talk:
            refused = await _in_thread(talk, lambda: _handed_over(talk, mail))
        if refused:
            replies = "; ".join(f"{recipient} ({reply})" for recipient, reply in refused.items())
            log.warning("%s takes the mail, but not for %s", self._settings.host, replies)

    async def test(self) -> AsyncIterator[Stage]:
        """Go the whole way up to where a mail would begin, and take it back: nothing is sent."""
        at = f"{self._settings.host}:{self._settings.server_port}"
        name = "DNS"
        try:
            async with asyncio.timeout(STEP_SECONDS):
                addresses = await resolve(self._settings)
            yield Stage(name=name, ok=True, text=self._resolved([str(address[0]) for _, address in addresses]))
            name = "TCP"
            async with asyncio.timeout(STEP_SECONDS):
                tcp = await connect(self._settings, addresses)
            talk = Conversation(self._settings, self._tls, tcp, seconds=STEP_SECONDS)
            try:
                yield Stage(name=name, ok=True, text=f"{at} takes connections")
                for name, step in (*talk.steps(), (Step.RECIPIENTS, lambda: self._offered(talk))):
                    async with asyncio.timeout(2 * STEP_SECONDS):
                        text = await _in_thread(talk, step)
                    yield Stage(name=name, ok=True, text=text)
                await _in_thread(talk, talk.leave)
            finally:
                talk.close()
        except DeliveryError as failure:
            yield Stage(name=name, ok=False, text=str(failure))
        except TimeoutError:
            yield Stage(name=name, ok=False, text=f"{at}: no answer in time; does a firewall stop us?")

    def _offered(self, talk: Conversation) -> str:
        refused = talk.offer(TEST_OCTETS)
        talk.withdraw()
        if refused:
            replies = "; ".join(f"{recipient} ({reply})" for recipient, reply in refused.items())
            raise DeliveryError(f"{self._settings.sender} may send, but not to {replies}; the others are accepted")
        return f"{self._settings.sender} may send to {', '.join(self._settings.recipients)}; nothing was sent"

    def _resolved(self, addresses: list[str]) -> str:
        with suppress(ValueError):
            return f"{ip_address(self._settings.host)} is an address, no name to resolve"
        return f"{self._settings.host} is {', '.join(dict.fromkeys(addresses))}"

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
        tcp = await connect(self._settings, await resolve(self._settings))
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


async def _in_thread(talk: Conversation, work: Callable[[], T]) -> T:
    """Run a part of the conversation in a thread; whoever cancels it ends the connection, and so the thread."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        talk.abort()
        await asyncio.wait({running})
        running.cancelled() or running.exception()
        raise


def _require_openpyxl() -> None:
    try:
        import openpyxl  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise PluginError("workbooks need openpyxl: pip install 'pagemeter[xlsx]'") from error
