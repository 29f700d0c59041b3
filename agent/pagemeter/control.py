"""The local socket of a running agent: a command asks it what only the one that has the store may do.

POSIX: a socket file beside the store, for its owner alone. Windows: a port of 127.0.0.1, and a file beside the store
with the port and a token that every question must carry.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import JsonValue

from pagemeter.durable import replace_file
from pagemeter.errors import PagemeterError

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[..., Awaitable[JsonValue]]

MOST_OCTETS = 1 << 20
ANSWER_SECONDS = 60.0
_QUESTION_SECONDS = 5.0


class NotRunning(PagemeterError):
    """No agent runs on this store."""


def control_path(store: Path) -> Path:
    """Return the socket (POSIX) or the file with port and token (Windows) of the agent of a store."""
    return store.with_name(f"{store.name}.control")


@asynccontextmanager
async def controlled(store: Path, handlers: Mapping[str, Handler]) -> AsyncIterator[None]:
    """Answer questions while the block runs; where no socket can be made that is said once, and the agent runs on."""
    path, token = control_path(store), secrets.token_hex(16)
    desk = _Desk(handlers, token if sys.platform == "win32" else None)
    try:
        server = await _serve(path, desk, token)
    except OSError as error:
        log.warning("commands can't reach this agent: %s can't be made (%s)", path, error)
        yield
        return
    try:
        yield
    finally:
        server.close()
        with suppress(OSError):
            _remove(path)


async def ask_agent(store: Path, do: str, **arguments: JsonValue) -> JsonValue:
    """Ask the agent that runs on a store; raises NotRunning where none does, PagemeterError with its reason."""
    path = control_path(store)
    try:
        reader, writer, token = await _connect(path)
    except (OSError, ValueError) as error:
        raise NotRunning(f"no agent runs on {store}") from error
    try:
        writer.write(json.dumps({"do": do, "token": token, "arguments": arguments}).encode() + b"\n")
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await reader.readline()
        answer = json.loads(line)
    except (OSError, ValueError, TimeoutError) as error:
        raise PagemeterError("the running agent does not answer; its log says more") from error
    finally:
        writer.close()
    if "error" in answer:
        raise PagemeterError(str(answer["error"]))
    value: JsonValue = answer.get("answer")
    return value


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Desk:
    """Takes one question a connection."""

    def __init__(self, handlers: Mapping[str, Handler], token: str | None) -> None:
        self._handlers = dict(handlers)
        self._token = token

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a question with ``{"answer": ...}`` or ``{"error": ...}``."""
        try:
            async with asyncio.timeout(_QUESTION_SECONDS):
                line = await reader.readline()
            answer = await self._answered(line)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            log.debug("a question on the control socket was not finished")
        finally:
            writer.close()

    async def _answered(self, line: bytes) -> dict[str, Any]:
        question = json.loads(line)
        if not isinstance(question, dict) or (self._token is not None and question.get("token") != self._token):
            return {"error": "the question is not understood"}
        handler = self._handlers.get(str(question.get("do")))
        if handler is None:
            return {"error": f"the running agent can't {question.get('do')}; is it of another version?"}
        try:
            return {"answer": await handler(**question.get("arguments", {}))}
        except PagemeterError as error:
            return {"error": str(error)}
        except TypeError:
            return {"error": f"the running agent takes other arguments for {question['do']}; is it of another version?"}


if sys.platform == "win32":

    async def _serve(path: Path, desk: _Desk, token: str) -> asyncio.Server:
        server = await asyncio.start_server(desk.take, "127.0.0.1", 0, limit=MOST_OCTETS)
        port = server.sockets[0].getsockname()[1]
        replace_file(path, f"{port} {token}\n".encode())
        return server

    async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        port, token = _read(path)
        return *await asyncio.open_connection("127.0.0.1", int(port), limit=MOST_OCTETS), token

    def _read(path: Path) -> list[str]:
        return path.read_text(encoding="ascii").split()

else:

    async def _serve(path: Path, desk: _Desk, token: str) -> asyncio.Server:  # noqa: ARG001 - Windows' needs it
        _remove(path)
        # A socket is reachable from the moment when it is bound: its owner's alone from the beginning.
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(desk.take, _short(path), limit=MOST_OCTETS)
        finally:
            os.umask(before)

    async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        return *await asyncio.open_unix_connection(_short(path), limit=MOST_OCTETS), ""

    def _short(path: Path) -> str:
        """Write the path so that it fits into 107 octets, where the working folder allows it."""
        whole = str(path)
        return whole if len(whole.encode()) <= 100 else os.path.relpath(path)
