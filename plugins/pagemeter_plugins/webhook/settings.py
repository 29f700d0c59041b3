"""What can be set for ``webhook``."""

from __future__ import annotations

from pydantic import Field, SecretStr

from pagemeter.http import HttpSettings


class WebhookSettings(HttpSettings):
    """Settings of the output ``webhook``."""

    url: str = Field(description="Where batches are sent by POST, `https://...`.")
    secret: SecretStr | None = Field(
        default=None,
        min_length=8,
        description="The key of the signature, shared with the receiver, at least 8 characters; `!secret NAME`.",
    )
    latest: bool = Field(
        default=False, description="Whether only the newest snapshot of each device is sent instead of every document."
    )
    most: int = Field(default=500, ge=1, le=5000, description="How many documents a batch has at most.")
