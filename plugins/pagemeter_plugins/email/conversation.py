"""One conversation with a mail server (RFC 5321), blocking: run in a thread, ended from outside by ``abort``."""

from __future__ import annotations

import asyncio
import base64
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import TypeVar

from pagemeter.errors import DeliveryError
from pagemeter.tls import encrypted_by
from pagemeter_plugins.email.replies import Step, broken, cut, judged, slow, tls_words
from pagemeter_plugins.email.settings import EmailSettings, Encryption

# RFC 5321 section 4.5.3.2 allows a server minutes for each of its replies; the delivery as a whole has a deadline.
REPLY_SECONDS = 120.0

T = TypeVar("T")


class Conversation:
    """From the greeting to QUIT, step by step; a step returns words for ``outputs test``, or raises DeliveryError."""

    def __init__(
        self, settings: EmailSettings, tls: ssl.SSLContext | None, tcp: socket.socket, *, seconds: float = REPLY_SECONDS
    ) -> None:
        tcp.settimeout(seconds)
        self._settings = settings
        self._tls = tls
        self._tcp = tcp
        # A second handle of the same connection: TLS takes over the first one.
        self._handle = tcp.dup()
        self._seconds = seconds
        self._where = settings.server.where
        self._smtp: _Smtp | None = None

    def abort(self) -> None:
        """End the connection under whoever waits for it; may be called from another thread."""
        with suppress(OSError):
            self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the sockets back."""
        self._handle.close()
        if self._smtp is not None:
            self._smtp.close()
        self._tcp.close()

    def steps(self) -> tuple[tuple[Step, Callable[[], str]], ...]:
        """Name the steps up to where mails can be offered, in the order that the settings want."""
        first = {
            Encryption.STARTTLS: ((Step.GREETING, self.greet), (Step.TLS, self.encrypt)),
            Encryption.IMPLICIT: ((Step.TLS, self.encrypt), (Step.GREETING, self.greet)),
            Encryption.NONE: ((Step.GREETING, self.greet),),
        }
        return (*first[self._settings.tls], (Step.LOGIN, self.login))

    def greet(self) -> str:
        """Hear the greeting and what the server offers."""
        with self._step(Step.GREETING):
            self._smtp = _Smtp(self._tcp, self._settings.host, seconds=self._seconds)
            self._smtp.ehlo_or_helo_if_needed()
        plain = ", and nothing is encrypted (tls: none)" if self._tls is None else ""
        return f"{self._settings.host} speaks SMTP{plain}"

    def encrypt(self) -> str:
        """Encrypt at once, or by STARTTLS after the greeting; say how, and how long the certificate is valid."""
        if self._tls is None:
            raise DeliveryError(f"{self._where}: nothing is encrypted")
        with self._step(Step.TLS):
            if self._smtp is None:
                tcp = self._tcp = self._tls.wrap_socket(self._tcp, server_hostname=self._settings.host)
            else:
                tcp = self._start_tls(self._smtp, self._tls)
        return encrypted_by(tcp)

    def _start_tls(self, smtp: _Smtp, tls: ssl.SSLContext) -> ssl.SSLSocket:
        if not smtp.has_extn("starttls"):
            raise DeliveryError(
                f"{self._where}: the server offers no STARTTLS; is the port right, or does it want `tls: implicit`"
                " (465)?"
            )
        smtp.starttls(context=tls)
        # What was offered before may have been forged: it is asked again (RFC 3207 section 4.2).
        smtp.ehlo_or_helo_if_needed()
        if not isinstance(smtp.sock, ssl.SSLSocket):
            raise DeliveryError(f"{self._where}: nothing is encrypted")
        return smtp.sock

    def login(self) -> str:
        """Log in by AUTH PLAIN or LOGIN (RFC 4954) where there is a password."""
        user, password = self._settings.user, self._settings.password
        if user is None or password is None:
            return "no user is set; the server is asked without"
        smtp = self._open()
        ways = smtp.esmtp_features.get("auth", "").upper().split()
        with self._step(Step.LOGIN):
            if "PLAIN" in ways:
                code, reply = smtp.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password.get_secret_value()}"))
            elif "LOGIN" in ways:
                code, reply = smtp.docmd("AUTH", "LOGIN " + _base64(user))
                if code == 334:
                    code, reply = smtp.docmd(_base64(password.get_secret_value()))
            else:
                raise DeliveryError(
                    f"{self._where}: the server offers no login by password (AUTH PLAIN or LOGIN) here; leave out"
                    " `user` and `password`, or is it another port or another `tls`?"
                )
            if code != 235:
                raise smtplib.SMTPResponseException(code, reply)
        return f"logged in as {user}"

    def offer(self, octets: int) -> dict[str, str]:
        """Name the sender, the size and the recipients; returns those that are refused, each with the reply.

        Raises DeliveryError where all of them are, TooLarge where the server says that it takes no mail of that size.
        """
        smtp = self._open()
        with self._step(Step.SENDER):
            options = [f"size={octets}"] if smtp.has_extn("size") else []
            code, reply = smtp.mail(self._settings.sender, options)
            if code != 250:
                raise smtplib.SMTPResponseException(code, reply)
        refused: dict[str, str] = {}
        with self._step(Step.RECIPIENTS):
            for recipient in self._settings.recipients:
                code, reply = smtp.rcpt(recipient)
                if code not in (250, 251):
                    refused[recipient] = cut(code, reply)
                if code == 421 or len(refused) == len(self._settings.recipients):
                    raise smtplib.SMTPResponseException(code, reply)
        return refused

    def withdraw(self) -> None:
        """Take the offer back: nothing is sent."""
        with self._step(Step.RECIPIENTS):
            self._open().rset()

    def send(self, mail: bytes) -> None:
        """Send the mail; once this returns, the server has it."""
        with self._step(Step.MAIL):
            code, reply = self._open().data(mail)
            if code != 250:
                raise smtplib.SMTPResponseException(code, reply)

    def leave(self) -> None:
        """Say goodbye; what goes wrong with that does no harm."""
        with suppress(smtplib.SMTPException, OSError, ValueError):
            self._open().quit()

    def _open(self) -> _Smtp:
        if self._smtp is None:
            raise DeliveryError(f"{self._where}: there was no greeting")
        return self._smtp

    @contextmanager
    def _step(self, step: Step) -> Iterator[None]:
        """Turn what smtplib and the sockets raise into DeliveryError, in words of ours."""
        try:
            yield
        except DeliveryError:
            raise
        except smtplib.SMTPResponseException as error:
            raise judged(step, self._where, error.smtp_code, error.smtp_error) from None
        except ssl.SSLError as error:
            raise DeliveryError(f"{self._where}: {tls_words(error)}") from error
        except TimeoutError as error:
            raise slow(step, self._where, self._seconds) from error
        except smtplib.SMTPServerDisconnected as error:
            # smtplib wraps whatever happened while it waited for a reply.
            if isinstance(error.__context__, TimeoutError):
                raise slow(step, self._where, self._seconds) from error
            raise broken(step, self._where) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise broken(step, self._where) from error


async def in_thread(talk: Conversation, work: Callable[[], T]) -> T:
    """Run a part of the conversation in a thread; whoever cancels it ends the connection, and so the thread."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        talk.abort()
        await asyncio.wait({running})
        running.cancelled() or running.exception()
        raise


class _Smtp(smtplib.SMTP):
    """smtplib's client on a connection that is there already; it calls itself by its own address (RFC 5321 4.1.3)."""

    def __init__(self, tcp: socket.socket, host: str, *, seconds: float) -> None:
        super().__init__(local_hostname=_literal(tcp.getsockname()[0]), timeout=seconds)
        self.sock = tcp
        # What the certificate of STARTTLS is compared with.
        self._host = host
        try:
            code, reply = self.getreply()
            if code != 220:
                raise smtplib.SMTPConnectError(code, reply)
        except BaseException:
            self.close()
            raise


def _literal(address: str) -> str:
    number = ip_address(address.partition("%")[0])
    return f"[{number}]" if number.version == 4 else f"[IPv6:{number}]"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
