"""The receipt of a report: what the back end says that it received. Pure, and strict: bills rest on it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from xml.parsers import expat

MOST_OCTETS = 65_536
_NAMESPACE = "urn:pagemeter:report:1"
_KEYS = frozenset({"report", "devices", "sha256"})
_DIGITS = re.compile(r"[0-9]{1,9}")
_HEX = re.compile(r"[0-9A-Fa-f]{64}")


class NoReceipt(ValueError):
    """The body is no receipt, or that of another report; the message says which and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was received: the report's id, the number of its devices, the SHA-256 of its XML before any compression."""

    report: str
    devices: int
    sha256: str


def read_receipt(body: bytes) -> Receipt:
    """Read ``<receipt report="ID" devices="N" sha256="HEX"/>`` or ``{"report": ..., "devices": ..., "sha256": ...}``.

    Raises NoReceipt for anything else: further elements or keys, a key twice, a DTD, an encoding other than UTF-8.
    """
    if len(body) > MOST_OCTETS:
        raise NoReceipt("the body is too long for a receipt")
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise NoReceipt("the body is empty")
    said = _of_json(text) if text.startswith(b"{") else _of_xml(text)
    if said.keys() != _KEYS:
        raise NoReceipt("a receipt says report, devices and sha256, and nothing else")
    if not _DIGITS.fullmatch(said["devices"]) or not _HEX.fullmatch(said["sha256"]):
        raise NoReceipt("devices is a number, sha256 64 hex digits")
    return Receipt(report=said["report"], devices=int(said["devices"]), sha256=said["sha256"].lower())


def require(receipt: Receipt, sent: Receipt) -> None:
    """Hold a receipt against what was sent; raises NoReceipt where they differ."""
    if receipt.report != sent.report:
        raise NoReceipt("it is the receipt of another report")
    if receipt.devices != sent.devices:
        raise NoReceipt(f"it names {receipt.devices} devices, {sent.devices} were sent")
    if receipt.sha256 != sent.sha256:
        raise NoReceipt("its sha256 is another; it is that of the XML, before compression")


def _of_json(text: bytes) -> dict[str, str]:
    try:
        said = json.loads(text.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise NoReceipt("the body is neither XML nor JSON of a receipt") from None
    if type(said.get("devices")) is not int or said["devices"] < 0:
        raise NoReceipt("devices is a number")
    if not all(isinstance(said.get(key), str) for key in ("report", "sha256")):
        raise NoReceipt("report and sha256 are text")
    return {key: str(value) for key, value in said.items()}


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _of_xml(text: bytes) -> dict[str, str]:
    """Take the attributes of the one element; expat hands over no entity, for a DTD ends it."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if found or name.rpartition(" ")[2] != "receipt" or name.rpartition(" ")[0] not in ("", _NAMESPACE):
            raise NoReceipt("a receipt is one element `receipt`, empty")
        found.append(attributes)

    def refuse(*_: object) -> None:
        raise NoReceipt("a receipt has no DTD, no text and no instructions")

    def characters(text: str) -> None:
        if text.strip():
            refuse()

    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.StartElementHandler = start
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        raise NoReceipt("the body is neither XML nor JSON of a receipt") from None
    return found[0]
