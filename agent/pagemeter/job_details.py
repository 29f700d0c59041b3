"""Who may know who printed what: jobs lose what the local file does not allow, before anything is kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pagemeter.component import Quarantined
from pagemeter.model import JobDetails, JobRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPrivacy:
    """What of a job is kept at a level; ``key`` gives the key of the pseudonyms, asked only where one is needed."""

    level: JobDetails
    key: Callable[[], bytes]

    def job(self, job: JobRecord) -> JobRecord:
        """Return the job as it may be kept.

        Off: no user, client, account and document. Pseudonymous: the first three as keyed hashes, the document
        dropped, times cut to the hour.
        """
        if self.level is JobDetails.FULL:
            return job
        if self.level is JobDetails.OFF:
            return replace(job, user=None, client=None, account=None, document=None)
        return replace(
            job,
            user=self._pseudonym("user", job.user),
            client=self._pseudonym("client", job.client),
            account=self._pseudonym("account", job.account),
            document=None,
            submitted_at=_hour(job.submitted_at),
            completed_at=_hour(job.completed_at),
        )

    def quarantined(self, piece: Quarantined) -> Quarantined:
        """Return the piece as it may be kept: its text may name anybody."""
        return piece if self.level is JobDetails.FULL else replace(piece, text=None)

    def _pseudonym(self, what: str, value: str | None) -> str | None:
        # The field's name goes in: a user and a computer of one name must not be seen to be equal.
        return None if value is None else pseudonym(self.key(), f"{what}:{value.casefold()}")


def pseudonym(key: bytes, text: str) -> str:
    """Hash a text with the agent's key: 16 hex digits, the same for the same text, not guessed without the key."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]


def _hour(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(minute=0, second=0, microsecond=0)
