"""The exception tree: a class exists only where the agent does something different."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagemeter.model import Document


class PagemeterError(Exception):
    """Anything that Pagemeter itself raises."""


class ConfigError(PagemeterError):
    """The configuration can't be used; the message has a line per mistake, each with file, line and remedy."""


class PluginError(PagemeterError):
    """A plugin can't be loaded or breaks its contract: it is listed with this reason and the rest runs."""


class StoreError(PagemeterError):
    """The store can't be opened or written; the message names the file and the remedy."""


class DeviceError(PagemeterError):
    """One device can't be read this time."""


class Unreachable(DeviceError):
    """The device does not answer."""


class AccessDenied(DeviceError):
    """The device answers and refuses: wrong community, user, password or level; or the fence forbids to ask."""


class Forbidden(AccessDenied):
    """The fence forbids to ask: whatever lies there is neither silent nor at fault."""


class QuietHours(DeviceError):
    """The device is not asked now, for its network has quiet hours; it is not silent, and nothing failed."""


class Unreadable(DeviceError):
    """The device answers what can't be understood."""


class DeliveryError(PagemeterError):
    """A batch was not delivered whole: ``accepted`` are the documents that were, the rest is tried again."""

    def __init__(
        self, message: str, *, accepted: Iterable[Document] = (), retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.accepted = tuple(accepted)
        self.retry_after = retry_after


class TooLarge(DeliveryError):
    """The receiver wants smaller batches: the batch is halved."""


class Refused(DeliveryError):
    """The receiver knows us not: wait for a new secret, keep everything."""


class Undeliverable(DeliveryError):
    """The receiver will never take these documents: they are set aside, visible."""
