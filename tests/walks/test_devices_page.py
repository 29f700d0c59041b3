"""docs/devices.md says what is read of each recorded model: it is what the command writes now."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.walks

ROOT = Path(__file__).resolve().parents[2]
WALKS = ROOT / "../shared/walks"


def command() -> ModuleType:
    spec = importlib.util.spec_from_file_location("devices_page", ROOT / "docs/devices.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_of_devices_is_up_to_date() -> None:
    if not WALKS.is_dir():
        pytest.skip("../shared/walks is not on this machine")
    written = (ROOT / "docs/devices.md").read_text(encoding="utf-8")
    assert command().page([WALKS]) == written, "run: make devices"
