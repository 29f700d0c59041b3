"""The way of a mail for ``outputs test``, step by step, up to where it would begin."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TypeVar

from pagemeter.dial import Address, connect, resolve, resolved
from pagemeter.errors import DeliveryError
from pagemeter_plugins.email.conversation import Conversation, in_thread
from pagemeter_plugins.email.replies import Step, listed
from pagemeter_plugins.email.settings import EmailSettings

STEP_SECONDS = 30.0
# What is said that the mail would have.
TEST_OCTETS = 10_000

T = TypeVar("T")


class Trial:
    """One connection; a step returns words, or raises DeliveryError. Whoever made it closes it."""

    def __init__(self, settings: EmailSettings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._tls = tls
        self._addresses: list[Address] = []
        self._talk: Conversation | None = None

    def steps(self) -> Iterator[tuple[str, Callable[[], Awaitable[str]]]]:
        """Name the steps in their order; each is asked for when the one before is done."""
        yield "DNS", self._resolve
        yield "TCP", self._connect
        talk = self._open()
        for step, say in talk.steps():
            yield step, partial(self._spoken, talk, say)
        yield Step.RECIPIENTS, partial(self._spoken, talk, partial(self._offered, talk))

    async def leave(self) -> None:
        """Say goodbye."""
        talk = self._open()
        await in_thread(talk, talk.leave)

    def close(self) -> None:
        """Give the connection back."""
        if self._talk is not None:
            self._talk.close()

    async def _resolve(self) -> str:
        server = self._settings.server
        self._addresses = await self._within(STEP_SECONDS, resolve(server))
        return resolved(server.host, self._addresses)

    async def _connect(self) -> str:
        server = self._settings.server
        tcp = await self._within(STEP_SECONDS, connect(server, self._addresses))
        self._talk = Conversation(self._settings, self._tls, tcp, seconds=STEP_SECONDS)
        return f"{server.where} takes connections"

    def _open(self) -> Conversation:
        if self._talk is None:
            raise DeliveryError(f"{self._settings.server.where}: there is no connection")
        return self._talk

    async def _spoken(self, talk: Conversation, say: Callable[[], str]) -> str:
        return await self._within(2 * STEP_SECONDS, in_thread(talk, say))

    def _offered(self, talk: Conversation) -> str:
        refused = talk.offer(TEST_OCTETS)
        talk.withdraw()
        sender = self._settings.sender
        if refused:
            raise DeliveryError(f"{sender} may send, but not to {listed(refused)}; the others are accepted")
        return f"{sender} may send to {', '.join(self._settings.recipients)}; nothing was sent"

    async def _within(self, seconds: float, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            raise DeliveryError(f"{self._settings.server.where}: no answer in time; does a firewall stop us?") from None
