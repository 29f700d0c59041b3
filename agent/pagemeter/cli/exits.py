"""Exit codes, and the one place where an error becomes a line for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from pagemeter.errors import ConfigError, DeviceError, PagemeterError
from pagemeter.text import escaped


class Exit(IntEnum):
    """What a command's exit code says."""

    OK = 0
    PARTLY_FAILED = 1
    CONFIGURATION = 2
    NOTHING_ANSWERED = 3
    INTERRUPTED = 130


@contextmanager
def speaking() -> Iterator[None]:
    """Turn errors into lines on standard error and an exit code; never a traceback for what a person can mend."""
    try:
        yield
    except ConfigError as error:
        _end(str(error), Exit.CONFIGURATION)
    except DeviceError as error:
        _end(f"pagemeter: {error}", Exit.NOTHING_ANSWERED)
    except PagemeterError as error:
        _end(f"pagemeter: {error}", Exit.PARTLY_FAILED)
    except (KeyboardInterrupt, InterruptedError):
        _end("pagemeter: interrupted", Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is left to say.
        sys.stderr.close()
        raise typer.Exit(Exit.OK) from None


def usage(message: str) -> typer.Exit:
    """Say what is wrong with the command line; the caller raises what comes back."""
    print(f"pagemeter: {message}", file=sys.stderr)
    return typer.Exit(Exit.CONFIGURATION)


def _end(message: str, code: Exit) -> None:
    print(escaped(message, but="\n"), file=sys.stderr)
    raise typer.Exit(code) from None
