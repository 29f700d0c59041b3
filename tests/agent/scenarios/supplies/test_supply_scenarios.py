"""What becomes of supplies over time: each row is a story, told by printers on the wire and kept by a whole agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from pagemeter.model import Event, SupplyEmpty, SupplyInstalled, SupplyKind, SupplyLow

from .conftest import START, Cartridge, Row, Shown
