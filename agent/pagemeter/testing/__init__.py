"""What a plugin author needs in tests; the pytest fixtures are in ``pagemeter.testing.plugin``."""

from pagemeter.testing.clock import FakeClock

__all__ = ["FakeClock"]
