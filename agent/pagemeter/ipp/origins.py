"""Where a value was read."""

from __future__ import annotations

from pagemeter.model import Origin


def origin(*attributes: str) -> Origin:
    """Name the attributes that a value was read from."""
    return Origin(protocol="ipp", where=" + ".join(attributes))
