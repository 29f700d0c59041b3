"""What can be set for ``cups``."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pagemeter import Settings
from pagemeter.ipp.operations import USER

_HOW = "name the server like ipp://localhost:631, ipps://print.example or /run/cups/cups.sock"


class CupsSettings(Settings):
    """Settings of the source ``cups``."""

    server: str = Field(
        default="ipp://localhost:631",
        description="The server: `ipp://localhost:631`, `ipps://print.example`, or its local socket, such as "
        "`/run/cups/cups.sock`.",
    )
    queues: tuple[str, ...] = Field(default=(), description="The queues whose state and jobs are taken; all if absent.")
    jobs: bool = Field(default=True, description="Whether jobs are taken, not only the states of the queues.")
    user: str = Field(
        default=USER,
        min_length=1,
        max_length=200,
        description="The user that the agent names to the server, which shows owners and titles of jobs only to those "
        "that its policy allows (JobPrivateAccess).",
    )

    @field_validator("server")
    @classmethod
    def _is_a_server(cls, server: str) -> str:
        if server.startswith("/"):
            return server
        try:
            parts = urlsplit(server)
            fits = parts.scheme in ("ipp", "ipps") and bool(parts.hostname) and parts.username is None
            fits = fits and parts.path in ("", "/") and not parts.query and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(_HOW)
        return server

    @property
    def uri(self) -> str:
        """The server as ``Ipp.ask`` takes it."""
        return f"ipp+unix://{self.server}" if self.server.startswith("/") else f"{self.server.rstrip('/')}/"
