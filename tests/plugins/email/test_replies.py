"""What replies mean, by the codes of RFC 5321 section 4.2.3 and RFC 3463."""

from __future__ import annotations

import pytest

from pagemeter.errors import DeliveryError, Refused, TooLarge
from pagemeter_plugins.email.replies import Step, judged

M, S, R, L, G, T = Step.MAIL, Step.SENDER, Step.RECIPIENTS, Step.LOGIN, Step.GREETING, Step.TLS


@pytest.mark.parametrize(
    ("step", "code", "reply", "kind"),
    [
        (S, 552, "message size exceeds fixed maximum message size", TooLarge),
        (M, 552, "5.3.4 Message size exceeds fixed limit", TooLarge),
        (M, 550, "5.2.3 too long for this mailbox", TooLarge),
        (M, 554, "Message too big", TooLarge),
        (M, 552, "5.2.2 mailbox full", DeliveryError),
        (R, 552, "mailbox full", Refused),
        (M, 554, "5.7.1 rejected: exceeds our patience", DeliveryError),
        (M, 550, "5.7.1 attachment refused", DeliveryError),
        (G, 554, "no SMTP service here", DeliveryError),
        (T, 501, "Syntax error", DeliveryError),
        (L, 535, "5.7.8 invalid", Refused),
        (L, 534, "5.7.9 mechanism too weak", Refused),
        (S, 530, "5.7.0 Must issue a STARTTLS command first", Refused),
        (S, 550, "5.7.1 not yours", Refused),
        (R, 550, "5.1.1 unknown user", Refused),
        (G, -1, "HTTP/1.1 400 Bad Request", DeliveryError),
    ],
)
def test_a_reply_becomes_the_error_that_fits(step: Step, code: int, reply: str, kind: type[DeliveryError]) -> None:
    error = judged(step, "mail.example:587", code, reply.encode())
    assert type(error) is kind
    assert error.retry_after is None
    assert str(error).startswith("mail.example:587: ")


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
def test_what_passes_by_is_tried_again_after_some_minutes(step: Step, code: int) -> None:
    error = judged(step, "mail.example:587", code, b"4.7.1 greylisted")
    assert type(error) is DeliveryError
    assert error.retry_after is not None
    assert 60 <= error.retry_after.total_seconds() <= 900


def test_a_reply_is_quoted_as_one_line_and_that_to_a_login_not_at_all() -> None:
    hostile = b"go away\r\n\x1b[31mroot " + b"x" * 5000
    assert "550 go away [31mroot" in str(judged(Step.SENDER, "m:25", 550, hostile))
    assert len(str(judged(Step.SENDER, "m:25", 550, hostile))) < 400
    assert "sesame" not in str(judged(Step.LOGIN, "m:25", 535, b"no user with the password open sesame"))
