"""From a queue's device-uri to the place of its printer."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from pagemeter.model import host_uri, usb_uri
from pagemeter.text import scrub

_IN_PATH = "/!$&'()*+,;=:@~"
_NETWORK = frozenset({"socket", "lpd", "http", "https"})
_MOST_CHARACTERS = 1000


def place_of(device_uri: str | None) -> str | None:
    """Write where a queue prints to as a target's URI; none where that is no printer, or is looked up at each job.

    ``socket://10.0.0.7:9100`` becomes ``host://10.0.0.7``; IPP keeps port and path; users, passwords and options are
    left out.
    """
    clean = scrub(device_uri, most=_MOST_CHARACTERS) or ""
    try:
        parts = urlsplit(clean)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme == "usb":
        return _usb(clean)
    if parts.scheme == "hp":
        return _host(parse_qs(parts.query).get("ip", [""])[0])
    if parts.scheme in _NETWORK:
        return _host(unquote(parts.hostname or ""))
    return _ipp(parts) if parts.scheme in ("ipp", "ipps") else None


def _ipp(parts: SplitResult) -> str | None:
    host = unquote(parts.hostname or "")
    if not _names_a_host(host):
        return None
    where = f"[{host}]" if ":" in host else host
    return (
        f"{parts.scheme}://{where}{f':{parts.port}' if parts.port else ''}{quote(unquote(parts.path), safe=_IN_PATH)}"
    )


def _host(host: str) -> str | None:
    return host_uri(host) if _names_a_host(host) else None


def _names_a_host(host: str) -> bool:
    """Say whether it is an address or a name, not that of a DNS-SD service, which is looked up at each job."""
    return host != "" and all(c.isalnum() or c in ".:-_%" for c in host) and not host.endswith("._tcp.local")


def _usb(uri: str) -> str:
    """Escape it anew: CUPS leaves some characters that others do not."""
    maker, _, rest = uri.removeprefix("usb://").partition("/")
    model, _, query = rest.partition("?")
    options = (option.partition("=") for option in query.split("&"))
    return usb_uri(unquote(maker), unquote(model), ((key, unquote(value)) for key, _, value in options if key))
