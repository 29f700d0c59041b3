"""What a plugin author needs in tests; the pytest fixtures are in ``pagemeter.testing.plugin``."""

from pagemeter.testing.clock import FakeClock
from pagemeter.testing.ipp import RecordedIpp, ipp_group
from pagemeter.testing.services import FakeServices
from pagemeter.testing.snmp import RecordedSnmp

__all__ = ["FakeClock", "FakeServices", "RecordedIpp", "RecordedSnmp", "ipp_group"]
