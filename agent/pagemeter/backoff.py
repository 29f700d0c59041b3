"""How long to leave alone what fails."""

from __future__ import annotations

from collections.abc import Callable

from pagemeter.clock import Clock

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0


class Pauses:
    """Pauses that double from 1 s to 5 min; half of each is left to chance, so that many do not come at once."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self.count = 0

    def longer(self) -> float:
        """Return the next pause in seconds."""
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self.count, 30))
        self.count += 1
        return pause * (0.5 + 0.5 * self._jitter())

    def reset(self) -> None:
        """Begin with the shortest again."""
        self.count = 0


class Breaker:
    """Holds calls back for a pause after so many failures in a row; one success ends it."""

    def __init__(self, most: int | None, clock: Clock, pauses: Pauses) -> None:
        self._most = most
        self._clock = clock
        self._pauses = pauses
        self._in_a_row = 0
        self._until = clock.monotonic()

    @property
    def tripped(self) -> bool:
        """Whether calls are held back now."""
        return self._clock.monotonic() < self._until

    def failed(self) -> bool:
        """Count a failure; say whether it starts a pause. Calls that were under way together count for one pause."""
        self._in_a_row += 1
        if self._most is None or self._in_a_row < self._most or self.tripped:
            return False
        self._until = self._clock.monotonic() + self._pauses.longer()
        return True

    def worked(self) -> None:
        """Forget the failures."""
        self._in_a_row = 0
        self._until = self._clock.monotonic()
        self._pauses.reset()
