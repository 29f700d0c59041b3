"""How Windows is asked: winspool.drv, wevtapi.dll and two keys of the registry. Thin, and nothing is parsed here.

It has not run on the real system yet; its signatures are those of winspool.h, winevt.h and winreg.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from pagemeter_plugins.winspool.events import CHANNEL
from pagemeter_plugins.winspool.structures import Buffer

BATCH: Final = 64

if sys.platform == "win32":
    import ctypes
    import winreg
    from collections.abc import Callable
    from ctypes import wintypes

    _PORTS = r"SYSTEM\CurrentControlSet\Control\Print\Monitors\Standard TCP/IP Port\Ports"
    _CHANNELS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels"
    _LOCAL_AND_CONNECTIONS = 0x2 | 0x4
    _INSUFFICIENT_BUFFER = 122
    _NO_MORE_ITEMS = 259
    _CHANNEL_PATH = 0x1
    _RENDER_XML = 1

    class WindowsSpooler:
        """The spooler of this host."""

        def __init__(self) -> None:
            self._spool = ctypes.WinDLL("winspool.drv", use_last_error=True)
            self._events = ctypes.WinDLL("wevtapi.dll", use_last_error=True)
            handle = wintypes.HANDLE
            self._events.EvtQuery.restype = handle
            self._events.EvtQuery.argtypes = [handle, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD]
            self._events.EvtNext.argtypes = [
                handle, wintypes.DWORD, ctypes.POINTER(handle), wintypes.DWORD, wintypes.DWORD,
                ctypes.POINTER(wintypes.DWORD),
            ]  # fmt: skip
            self._events.EvtRender.argtypes = [
                handle, handle, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID,
                ctypes.POINTER(wintypes.DWORD), ctypes.POINTER(wintypes.DWORD),
            ]  # fmt: skip
            self._events.EvtClose.argtypes = [handle]

        def printers(self) -> Buffer:
            """Return PRINTER_INFO_2W (EnumPrinters, level 2)."""
            call = self._spool.EnumPrintersW
            call.argtypes = [
                wintypes.DWORD, wintypes.LPCWSTR, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD,
                ctypes.POINTER(wintypes.DWORD), ctypes.POINTER(wintypes.DWORD),
            ]  # fmt: skip
            return _filled(lambda *rest: call(_LOCAL_AND_CONNECTIONS, None, 2, *rest))

        def ports(self) -> Buffer:
            """Return PORT_INFO_2W (EnumPorts, level 2)."""
            call = self._spool.EnumPortsW
            call.argtypes = [
                wintypes.LPCWSTR, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD,
                ctypes.POINTER(wintypes.DWORD), ctypes.POINTER(wintypes.DWORD),
            ]  # fmt: skip
            return _filled(lambda *rest: call(None, 2, *rest))

        def hosts(self) -> Mapping[str, str]:
            """Return HostName, else IPAddress, of each standard TCP/IP port."""
            found: dict[str, str] = {}
            try:
                ports = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PORTS)
            except FileNotFoundError:
                return found
            with ports:
                for place in range(winreg.QueryInfoKey(ports)[0]):
                    name = winreg.EnumKey(ports, place)
                    with winreg.OpenKey(ports, name) as port:
                        host = _value(port, "HostName") or _value(port, "IPAddress")
                    if isinstance(host, str) and host:
                        found[name.casefold()] = host
            return found

        def enabled(self) -> bool:
            """Say whether the channel is switched on."""
            # A slash is part of the name of the key.
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, f"{_CHANNELS}\\{CHANNEL}") as channel:
                return bool(_value(channel, "Enabled"))

        def events(self, condition: str) -> Iterator[str]:
            """Yield events as XML (EvtQuery, EvtNext, EvtRender)."""
            query = self._events.EvtQuery(None, CHANNEL, f"*[System[{condition}]]", _CHANNEL_PATH)
            if not query:
                raise ctypes.WinError(ctypes.get_last_error())
            try:
                while handles := self._next(query):
                    try:
                        for event in handles:
                            yield self._rendered(event)
                    finally:
                        for event in handles:
                            self._events.EvtClose(event)
            finally:
                self._events.EvtClose(query)

        def _next(self, query: int) -> list[int]:
            handles = (wintypes.HANDLE * BATCH)()
            count = wintypes.DWORD()
            if not self._events.EvtNext(query, BATCH, handles, 5000, 0, ctypes.byref(count)):
                error = ctypes.get_last_error()
                if error == _NO_MORE_ITEMS:
                    return []
                raise ctypes.WinError(error)
            return [int(handle) for handle in handles[: count.value] if handle]

        def _rendered(self, event: int) -> str:
            used, properties = wintypes.DWORD(), wintypes.DWORD()
            arguments = (None, event, _RENDER_XML)
            self._events.EvtRender(*arguments, 0, None, ctypes.byref(used), ctypes.byref(properties))
            if ctypes.get_last_error() != _INSUFFICIENT_BUFFER:
                raise ctypes.WinError(ctypes.get_last_error())
            text = ctypes.create_unicode_buffer(used.value // 2 + 1)
            size = ctypes.sizeof(text)
            if not self._events.EvtRender(*arguments, size, text, ctypes.byref(used), ctypes.byref(properties)):
                raise ctypes.WinError(ctypes.get_last_error())
            return text.value

    def _filled(call: Callable[..., int]) -> Buffer:
        """Call an Enum function twice: for the size, and for the structures; again where there is more meanwhile."""
        size, count = wintypes.DWORD(0), wintypes.DWORD()
        octets = ctypes.create_string_buffer(1)
        for _ in range(5):
            if call(octets, ctypes.sizeof(octets) if size.value else 0, ctypes.byref(size), ctypes.byref(count)):
                pointer = ctypes.sizeof(ctypes.c_void_p)
                return Buffer(octets=octets.raw, address=ctypes.addressof(octets), count=count.value, pointer=pointer)
            if ctypes.get_last_error() != _INSUFFICIENT_BUFFER:
                break
            octets = ctypes.create_string_buffer(size.value)
        raise ctypes.WinError(ctypes.get_last_error())

    def _value(key: winreg.HKEYType, name: str) -> object:
        try:
            return winreg.QueryValueEx(key, name)[0]
        except FileNotFoundError:
            return None
