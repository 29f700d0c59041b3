"""The local socket of a running agent: a command asks it what only the one that has the store may do.

POSIX: a socket file beside the store, for its owner alone. Windows: a port of 127.0.0.1, and a file beside the store
with the port and a token that every question must carry.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import JsonValue

from pagemeter.boundary import reason_of
from pagemeter.durable import replace_file
from pagemeter.errors import PagemeterError

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[..., Awaitable[JsonValue]]

MOST_OCTETS = 1 << 20
ANSWER_SECONDS = 60.0
HANDLER_SECONDS = 50.0
"""Less than the asker waits, so that it hears the reason."""
_QUESTION_SECONDS = 5.0
_MOST_NAME = 100


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
        await desk.close()


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
        self._taking: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Let go of the questions that are not answered yet."""
        for task in self._taking:
            task.cancel()
        if self._taking:
            await asyncio.wait(self._taking)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a question with ``{"answer": ...}`` or ``{"error": ...}``."""
        task = asyncio.current_task()
        if task is not None:
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)
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
            arguments = inspect.signature(handler).bind(**question.get("arguments", {}))
        except TypeError:
            return {"error": f"the running agent takes other arguments for {question['do']}; is it of another version?"}
        return await _done(str(question["do"]), handler(*arguments.args, **arguments.kwargs))


async def _done(do: str, work: Awaitable[JsonValue]) -> dict[str, Any]:
    try:
        async with asyncio.timeout(HANDLER_SECONDS):
            return {"answer": await work}
    except PagemeterError as error:
        return {"error": str(error)}
    except TimeoutError:
        return {"error": f"{do} took longer than {HANDLER_SECONDS:g} s and was given up"}
    except Exception as error:
        log.error("%s failed: %s", do, reason_of(error))
        log.debug("%s: where it happened", do, exc_info=error)
        return {"error": f"{do} failed ({type(error).__name__}); the agent's log says more"}


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
        # A socket is reachable from the moment when it is bound: its owner's alone from the beginning. The mask is the
        # whole process's, so nothing else may run meanwhile.
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with _short(path) as short:
                listening.bind(short)
        except BaseException:
            listening.close()
            raise
        finally:
            os.umask(before)
        return await asyncio.start_unix_server(desk.take, sock=listening, limit=MOST_OCTETS)

    async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        with _short(path) as short:
            return *await asyncio.open_unix_connection(short, limit=MOST_OCTETS), ""

    @contextmanager
    def _short(path: Path) -> Iterator[str]:
        """Write the path so that it fits into the 107 octets of a socket's name (104 on macOS)."""
        names = [str(path), os.path.relpath(path)]
        fitting = next((name for name in names if len(os.fsencode(name)) <= _MOST_NAME), None)
        if fitting is not None or sys.platform != "linux":
            yield fitting or names[0]
            return
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{folder}/{path.name}"
        finally:
            os.close(folder)
