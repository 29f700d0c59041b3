"""How the YAML says what to log in with over SNMP."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema, field_validator, model_validator

from pagemeter.component import Settings
from pagemeter.config.notation import ItemName, Reach
from pagemeter.net.credentials import Auth, Priv, Trust
from pagemeter.net.fence import PRINTING_PORTS

# RFC 3414 section 11.2: passwords have at least 8 characters.
Password: TypeAlias = Annotated[SecretStr, Field(min_length=8)]


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Version: TypeAlias = Annotated[
    Literal["1", "2c", "3"], BeforeValidator(_as_text), WithJsonSchema({"enum": [1, "2c", 3, "1", "3"]})
]


class _OnePassword(Settings):
    """A mapping with one key, the algorithm, and its password."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if len(self._given) != 1:
            raise ValueError("name one algorithm with its password")
        return self

    @property
    def _given(self) -> dict[str, SecretStr]:
        fields = type(self).model_fields
        given = {fields[name].alias or name: getattr(self, name) for name in fields}
        return {name: password for name, password in given.items() if password is not None}

    @property
    def chosen(self) -> tuple[str, SecretStr]:
        """The algorithm as the YAML spells it, and the password."""
        (pair,) = self._given.items()
        return pair


class AuthSettings(_OnePassword):
    """The authentication protocol of the user and its password (RFC 3414, RFC 7860)."""

    md5: Password | None = Field(default=None, description="HMAC-MD5-96; broken, for old devices only.")
    sha1: Password | None = Field(default=None, description="HMAC-SHA-96.")
    sha224: Password | None = Field(default=None, description="HMAC-SHA-224.")
    sha256: Password | None = Field(default=None, description="HMAC-SHA-256.")
    sha384: Password | None = Field(default=None, description="HMAC-SHA-384.")
    sha512: Password | None = Field(default=None, description="HMAC-SHA-512.")


class PrivSettings(_OnePassword):
    """The privacy protocol of the user and its password; ``-c`` extends keys as Cisco and Reeder's draft do."""

    des: Password | None = Field(default=None, description="DES-CBC; broken, for old devices only.")
    aes128: Password | None = Field(default=None, description="AES-128 (RFC 3826).")
    aes192: Password | None = Field(default=None, description="AES-192, key extended as in Blumenthal's draft.")
    aes256: Password | None = Field(default=None, description="AES-256, key extended as in Blumenthal's draft.")
    aes192_c: Password | None = Field(
        default=None, alias="aes192-c", description="AES-192, key extended as in Reeder's draft (Cisco)."
    )
    aes256_c: Password | None = Field(
        default=None, alias="aes256-c", description="AES-256, key extended as in Reeder's draft (Cisco)."
    )


class SnmpSettings(Settings):
    """One way to log in over SNMP."""

    version: Version = Field(description="1, 2c or 3.")
    community: SecretStr | None = Field(default=None, min_length=1, description="The community of version 1 and 2c.")
    user: str | None = Field(default=None, min_length=1, max_length=32, description="The user of version 3.")
    auth: AuthSettings | None = Field(default=None, description="How the user proves who they are, `{sha256: ...}`.")
    priv: PrivSettings | None = Field(default=None, description="How packets are encrypted, `{aes128: ...}`.")
    context: str = Field(default="", description="The context of version 3; hardly a printer has one.")
    port: int = Field(default=161, ge=1, le=65535, description="The UDP port.")
    trust: Trust = Field(
        default=Trust.FIRST,
        description="Version 3: `first` signs only for the engine that was met first at an address, another one has to "
        "be confirmed (`pagemeter engines`); `network` signs for any engine in the networks of this credential.",
    )

    @field_validator("port")
    @classmethod
    def _prints_nothing(cls, port: int) -> int:
        if port in PRINTING_PORTS:
            raise ValueError("this port prints what it is sent and is never used")
        return port

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.version == "3":
            self._is_a_whole_user()
        elif self.community is None:
            raise ValueError(f"version {self.version} needs a community")
        elif self._says_something_of_version_3:
            raise ValueError(f"user, auth, priv, context and trust belong to version 3, this is version {self.version}")
        return self

    @property
    def _says_something_of_version_3(self) -> bool:
        fields = type(self).model_fields
        return any(getattr(self, name) != fields[name].default for name in ("user", "auth", "priv", "context", "trust"))

    def _is_a_whole_user(self) -> None:
        if self.community is not None:
            raise ValueError("a community belongs to version 1 and 2c, this is version 3")
        if self.user is None:
            raise ValueError("version 3 needs a user")
        if self.priv is not None and self.auth is None:
            raise ValueError("priv needs auth")

    @property
    def authentication(self) -> tuple[Auth, SecretStr] | tuple[None, None]:
        """The authentication protocol and its password, or nothing."""
        return (None, None) if self.auth is None else (Auth(self.auth.chosen[0]), self.auth.chosen[1])

    @property
    def privacy(self) -> tuple[Priv, SecretStr] | tuple[None, None]:
        """The privacy protocol and its password, or nothing."""
        return (None, None) if self.priv is None else (Priv(self.priv.chosen[0]), self.priv.chosen[1])


class NetworkCredentialSettings(Settings):
    """What to log in with, and the networks it may be sent to; tried in the order of the YAML."""

    networks: tuple[Reach, ...] = Field(
        min_length=1,
        description="The networks to which this credential may be sent, and no others; `segments` are those that were "
        "selected of what a gateway lists.",
    )
    name: ItemName | None = Field(default=None, description="What logs call it; made from the version if absent.")
    snmp: SnmpSettings = Field(description="How to log in over SNMP.")
