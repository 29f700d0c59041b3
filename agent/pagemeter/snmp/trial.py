"""Which credential a device takes: each is tried once, then those that met silence again."""

from __future__ import annotations

from pagemeter.errors import AccessDenied, DeviceError, Unreachable
from pagemeter.net.credentials import SnmpCredential
from pagemeter.snmp.session import ErrorStatus, Reply, silent

_REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})


class Trial:
    """The credentials that are left to try, the one named ``first`` before the others; raises AccessDenied for none.

    ``attempt`` says how often they were tried before.
    """

    __slots__ = ("_at", "_failures", "_left", "_tries", "_uri", "attempt")

    def __init__(self, uri: str, credentials: tuple[SnmpCredential, ...], first: str | None, tries: int) -> None:
        if not credentials:
            raise AccessDenied(f"{uri}: no SNMP credential is for this address; add one for its network")
        self.attempt = 0
        self._at = 0
        self._failures: dict[str, DeviceError] | None = None
        # Mostly there is one: thousands of silent devices share what holds it.
        self._left = credentials
        if first is not None and credentials[0].name != first:
            self._left = tuple(sorted(credentials, key=lambda one: one.name != first))
        self._tries = tries
        self._uri = uri

    def next(self) -> SnmpCredential | None:
        """Return the one to try now, none where all were tried often enough."""
        if self._at == len(self._left):
            self._at = 0
            self.attempt += 1
        if not self._left or self.attempt == self._tries:
            return None
        self._at += 1
        return self._left[self._at - 1]

    def takes(self, reply: Reply) -> bool:
        """Say whether the device answers under the one that was tried; a refusal is noted."""
        if reply.error_status not in _REFUSALS:
            return True
        name = self._left[self._at - 1].name
        self.failed(AccessDenied(f"{self._uri} refuses the credential {name!r}"))
        return False

    def failed(self, error: DeviceError) -> None:
        """Note how the one that was tried failed; after anything but silence it is not tried again."""
        failures = self._failures = self._failures or {}
        credential = self._left[self._at - 1]
        if isinstance(error, Unreachable):
            failures.setdefault(credential.name, error)
            return
        failures[credential.name] = error
        self._at -= 1
        self._left = self._left[: self._at] + self._left[self._at + 1 :]

    def failure(self) -> DeviceError:
        """Choose what to tell: a refusal says more than a silence."""
        failures = list((self._failures or {}).values())
        told = [failure for failure in failures if not isinstance(failure, Unreachable)]
        if told or len(failures) == 1:
            return (told or failures)[0]
        return silent(self._uri, self._tries * len(failures))
