"""An agent's words reach a customer who is gone: once, by e-mail, with a way back."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from conversations import access, return_key
from conversations.access import Agent
from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.holding import HoldingService
from conversations.escalation.mailing import MailingService
from conversations.escalation.speech import SpeechService
from conversations.models import Conversation
from portal import limits
from tests.desk.conftest import Waiting

pytestmark = pytest.mark.django_db(transaction=True)
mailing = MailingService()


class Refusing(BaseEmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError


def later(seconds: float = limits.MAIL_AFTER + 1) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def say(agent: Agent, waiting: Waiting, text: str) -> int:
    message = SpeechService().send(
        agent=agent,
        conversation_id=waiting.id,
        client_id=uuid.uuid4(),
        text=text,
        now=timezone.now(),
    )
    return message.seq


@pytest.fixture
def held(mira: Agent, waiting: Waiting) -> Waiting:
    """A customer who left an address; Mira has the conversation."""
    EscalationDeskService().leave_contact(
        conversation_id=waiting.id, email="ana@example.com", now=timezone.now()
    )
    HoldingService().claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
    return waiting


def test_what_nobody_has_seen_goes_out_once_with_a_way_back(mira: Agent, held: Waiting) -> None:
    say(mira, held, "It is at the depot <today>.")
    say(mira, held, "I have asked them to call you.")
    assert mailing.send_due(now=timezone.now()) == 0  # they may be reading it just now
    assert mailing.send_due(now=later()) == 1
    assert mailing.send_due(now=later()) == 0
    (sent,) = mail.outbox
    assert sent.to == ["ana@example.com"]
    assert "It is at the depot <today>." in sent.body
    assert "I have asked them to call you." in sent.body
    html = str(sent.alternatives[0][0])  # type: ignore[attr-defined]
    assert "&lt;today&gt;" in html
    found = re.search(r"#return=([0-9a-f-]+)~(\S+)", str(sent.body))
    assert found
    assert access.customer_conversation(found[1], found[2]).pk == held.id


def test_a_later_word_comes_alone(mira: Agent, held: Waiting) -> None:
    say(mira, held, "First.")
    mailing.send_due(now=later())
    say(mira, held, "Second.")
    assert mailing.send_due(now=later()) == 1
    assert "First." not in mail.outbox[1].body
    assert "Second." in mail.outbox[1].body


def test_who_has_seen_it_gets_no_mail(mira: Agent, held: Waiting) -> None:
    mailing.seen(conversation_id=held.id, seq=say(mira, held, "Here."))
    assert mailing.send_due(now=later()) == 0


def test_seen_goes_forward_only_and_not_past_the_end(mira: Agent, held: Waiting) -> None:
    seq = say(mira, held, "Here.")
    for said in (seq, 1, seq + 1_000):
        mailing.seen(conversation_id=held.id, seq=said)
        assert Conversation.objects.get(pk=held.id).seen_seq == seq


def test_without_an_address_nothing_is_sent(mira: Agent, waiting: Waiting) -> None:
    HoldingService().claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
    say(mira, waiting, "Here.")
    assert mailing.send_due(now=later()) == 0


def test_a_mail_server_that_is_away_is_tried_again(
    mira: Agent, held: Waiting, settings: Any
) -> None:
    say(mira, held, "Here.")
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    assert mailing.send_due(now=later()) == 0
    settings.EMAIL_BACKEND = working
    assert mailing.send_due(now=later()) == 1


def test_a_return_key_opens_its_own_conversation_for_its_time(
    held: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = return_key.make(held.id)
    assert return_key.opens(held.id, key)
    assert not return_key.opens(uuid.uuid4(), key)
    assert not return_key.opens(held.id, key[:-1] + ("A" if key[-1] != "A" else "B"))
    assert not return_key.opens(held.id, key.removeprefix(return_key.PREFIX))
    monkeypatch.setattr(limits, "RETURN_KEY", -1)
    assert not return_key.opens(held.id, key)
