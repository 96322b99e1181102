"""What identifies a person is masked in logs, prompts and cache keys; the transcript keeps it."""

import logging
import uuid

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from conversations.dialogue import prompt, sameness
from conversations.dialogue.memory import Memory, Utterance
from conversations.models import Message
from conversations.services.intake import IntakeService
from portal.core.masking import CARD, EMAIL, IBAN, PHONE, iban, luhn, mask
from portal.logs import HumanFormatter, JsonFormatter, Redact

CARDS = ["4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", "6011000990139424"]
IBANS = ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "NL91ABNA0417164300"]
PHONES = ["+31 6 1234 5678", "0031612345678", "(020) 123 4567", "06-12345678", "+1 (555) 123-4567",
          "555-123-4567", "+49.30.901820"]  # fmt: skip
EMAILS = ["jo@example.com", "jo.o'neil+shop@mail.example.co.uk", "jürgen@müller.example"]
MARKS = ((EMAILS, EMAIL), (CARDS, CARD), (IBANS, IBAN), (PHONES, PHONE))
FOUND = [(text, mark) for texts, mark in MARKS for text in texts]


@pytest.mark.parametrize(("text", "mark"), FOUND)
@pytest.mark.parametrize("frame", ["{}", "It is {}.", "({})", "a {} b", "“{}”", "x: {}, thanks"])
def test_what_identifies_somebody_is_masked_wherever_it_stands(
    text: str, mark: str, frame: str
) -> None:
    assert mask(frame.format(text)) == frame.format(mark)


@pytest.mark.parametrize(
    "text",
    [
        "Order NG-20418 of 2026-11-22 cost €49.95", "within 30 days", "4111111111111112",
        "DE89370400440532013001", "version 1.2.3", "12:30:05", "0.123456789", "0000000000000000",
        "the 24 hours of day 365", "a@b", "@mira please", "@", "1234567", "22/11/2026 14:00",
        "7d9f0c1e-5a1b-4c3d-8e2f-0123456789ab", "turn.finished seconds=1.2",
    ],
)  # fmt: skip
def test_orders_dates_prices_and_ids_stay(text: str) -> None:
    assert mask(text) == text


def test_a_card_beside_other_numbers_is_found() -> None:
    assert mask("4111 1111 1111 1111 12 pieces") == f"{CARD} 12 pieces"
    assert mask("DE89 3704 0044 0532 0130 00 and more") == f"{IBAN} and more"


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once_and_never_fails(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-"]))
def test_every_number_with_a_check_digit_is_a_card(body: str, gap: str) -> None:
    digits = next(f"{body}{check}" for check in range(10) if luhn(f"{body}{check}"))
    shown = gap.join(digits[i : i + 4] for i in range(0, len(digits), 4))
    if len(set(digits)) > 1:
        assert digits[-4:] not in mask(f"my card {shown} please")


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2),
       st.text("0123456789ABCDEFGHIJ", min_size=11, max_size=30))  # fmt: skip
def test_every_text_with_the_checksum_is_an_account(country: str, account: str) -> None:
    number = next(
        f"{country}{check:02d}{account}"
        for check in range(100)
        if iban(f"{country}{check:02d}{account}")
    )
    assert account not in mask(f"to {number} please")


@given(st.emails())
def test_addresses_of_the_usual_form_are_masked(address: str) -> None:
    if all(char.isalnum() or char in ".+%'-_@" for char in address):
        assert address not in mask(f"write to {address} today")


PERSONAL = "I am jo@example.com, +31 6 1234 5678, card 4111 1111 1111 1111, DE89370400440532013000"
SECRETS = ("jo@example.com", "1234 5678", "4111 1111", "DE8937")


@pytest.mark.parametrize("formatter", [HumanFormatter, JsonFormatter])
def test_a_log_line_shows_none_of_it(formatter: type[logging.Formatter]) -> None:
    record = logging.LogRecord("x", 30, "f", 1, "said %s", (PERSONAL,), None)
    record.fields = {"note": PERSONAL, "seconds": 1.5, "turn": uuid.UUID(int=7)}
    Redact().filter(record)
    line = formatter().format(record)
    assert not any(secret in line for secret in SECRETS)
    assert EMAIL in line
    assert str(uuid.UUID(int=7)) in line


def test_a_prompt_shows_none_of_it_but_the_companys_own_address() -> None:
    memory = Memory(
        PERSONAL, (Utterance("user", PERSONAL),), summary=PERSONAL, facts=(f"e-mail: {SECRETS[0]}",)
    )
    passages = [prompt.PromptPassage(1, "Contact", "Write to care@northwind.example.")]
    chat = prompt.build(company="Northwind", passages=passages, memory=memory)
    whole = "\n".join(message.content for message in chat)
    assert not any(secret in whole for secret in SECRETS)
    assert "care@northwind.example" in whole


@pytest.mark.parametrize(("text", "mark"), FOUND)
def test_a_question_with_it_has_no_cached_answer(text: str, mark: str) -> None:
    assert sameness.asked(f"can I get my money back to {text} please") is None


@pytest.mark.django_db
def test_the_transcript_stays_as_it_was_typed_and_metrics_know_nothing() -> None:
    intake = IntakeService()
    opened = intake.open_conversation()
    from django.utils import timezone

    intake.post_message(
        conversation_id=opened.id, client_id=uuid.uuid4(), text=PERSONAL, now=timezone.now()
    )
    assert Message.objects.get().text == PERSONAL
    shown = Client().get("/metrics").content.decode()
    assert not any(secret in shown for secret in SECRETS)
