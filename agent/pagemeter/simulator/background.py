"""A simulator in a thread of its own, for what blocks: command lines and foreign clients."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pagemeter.simulator.server import Simulator


@contextmanager
def in_background(simulator: Simulator) -> Iterator[Simulator]:
    """Serve the devices from another thread while the block runs; raises OSError as ``Simulator`` does."""
    loop = asyncio.SelectorEventLoop()
    thread = threading.Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result()
        try:
            yield simulator
        finally:
            asyncio.run_coroutine_threadsafe(simulator.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
