"""What is read from the disk and the environment: the YAML's text, secrets, variables."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from pagemeter.config.loader import Scalar, load_texts, parse_scalar
from pagemeter.config.mistakes import shown
from pagemeter.errors import ConfigError

SECRETS_FILE = "secrets.yaml"
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"  # systemd.exec(5), LoadCredential=
MOST_BYTES = 4 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")


def read_text(path: Path) -> str:
    """Read a text file; raises ConfigError with one line that says why it can't be used and what to do."""
    return _text_of(_bytes_of(path), path)


class Secrets:
    """Looks secrets up: a systemd credential of that name, else ``secrets.yaml`` beside the YAML.

    The file is read when the first secret is asked for; on POSIX nobody but its owner may read it.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._file = folder / SECRETS_FILE
        self._credentials = environ.get(CREDENTIALS_DIRECTORY)
        self._texts: Mapping[str, str] | None = None

    def __call__(self, name: str) -> str:
        """Return a secret as it is written; raises LookupError with the reason and the remedy."""
        if _NAME.fullmatch(name) is None:
            raise LookupError("!secret takes one name of letters, digits, _ . and -, such as !secret token")
        try:
            credential = self._credential(name)
            return self._listed(name) if credential is None else credential
        except ConfigError as error:
            raise LookupError(f"the secret {name} can't be read: {str(error).splitlines()[0]}") from error
        except OSError as error:
            raise LookupError(f"the secret {name} can't be read ({error.strerror}); may this user?") from error

    def _credential(self, name: str) -> str | None:
        if not self._credentials or not (path := Path(self._credentials) / name).exists():
            return None
        return read_text(path).removesuffix("\n").removesuffix("\r")

    def _listed(self, name: str) -> str:
        if not self._file.exists():
            raise LookupError(f"the secret {name} is missing; write `{name}: ...` into {self._file} (mode 0600)")
        if self._texts is None:
            _refuse_what_others_read(self._file)
            self._texts = load_texts(read_text(self._file), str(self._file))
        if name not in self._texts:
            raise LookupError(f"the secret {name} is missing; write `{name}: ...` into {self._file}")
        return self._texts[name]


class Environment:
    """Looks variables of the environment up and reads them as YAML scalars."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str) -> Scalar:
        """Return a variable's value; raises LookupError with the remedy where it is not set."""
        if name not in self._environ:
            raise LookupError(f"the environment has no {shown(name) or 'variable without a name'}; set it")
        return parse_scalar(self._environ[name])


def _bytes_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ConfigError(f"{path}:1: this is a directory; name the YAML file in it")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}:1: there is no such file; is the path right?") from None
    except PermissionError:
        raise ConfigError(f"{path}:1: this can't be read by this user; give it the right to read") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "the path is none"
        raise ConfigError(f"{path}:1: this can't be read ({reason}); is the path right?") from error
    if not raw:
        raise ConfigError(f"{path}:1: this file is empty; `pagemeter schema` and config/minimal.yaml show what it says")
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"{path}:1: this file is larger than {MOST_BYTES // 1024 // 1024} MiB; is it the right one?")
    return raw


def _text_of(raw: bytes, path: Path) -> str:
    place = raw.find(b"\0")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = error.start if place < 0 else place
        text = ""
    if place >= 0:
        line = raw.count(b"\n", 0, place) + 1
        raise ConfigError(f"{path}:{line}: this is no UTF-8 text; is it the right file? If so, save it as UTF-8")
    return text


def _refuse_what_others_read(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # reading it says why
    if os.name == "posix" and stat.S_ISREG(mode) and stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"{path} is open to other users (mode {stat.S_IMODE(mode):04o}); run `chmod 600 {path}`")
