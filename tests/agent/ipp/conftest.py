"""A printer that answers what a test says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

import pytest

from pagemeter.ipp.reading import SCOPES, parse_attributes
from pagemeter.model import Reading
from pagemeter.testing import ipp_group
from pagemeter.testing.ipp import Told

Read: TypeAlias = Callable[..., Reading]


@pytest.fixture
def read() -> Read:
    """Return a function that reads a printer with these attributes; ``printer_name="x"`` is printer-name."""

    def read(**attributes: Told) -> Reading:
        at = datetime(2026, 3, 1, 12, tzinfo=UTC)
        return parse_attributes(ipp_group(**attributes), scopes=SCOPES, at=at)

    return read
