"""Whatever a client sends is served or answered with an error that says what to do."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.streaming.frames import FrameError, Resume, SendMessage, parse
from portal import limits

ID = "5f0c7d0e-3a51-4d0f-9a0c-6b1f4c1c8f21"  # fixed: processes must collect the same tests


def message(text: object, **extra: object) -> str:
    return json.dumps({"type": "message.send", "client_id": ID, "text": text, **extra})


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (None, "not_text"),
        ("", "not_json"),
        ("{", "not_json"),
        ("[" * 20_000, "not_json"),
        ("[]", "not_object"),
        ('"hello"', "not_object"),
        ("{}", "unknown_type"),
        ('{"type": "fly"}', "unknown_type"),
        ('{"type": ["message.send"]}', "unknown_type"),
        ('{"type": "resume", "v": 2}', "wrong_version"),
        ('{"type": "resume", "after": -1}', "bad_after"),
        ('{"type": "resume", "after": "1"}', "bad_after"),
        ('{"type": "resume", "after": true}', "bad_after"),
        ('{"type": "reply.rate", "message": "x", "score": 1}', "bad_message"),
        (json.dumps({"type": "reply.rate", "message": ID, "score": 5}), "bad_score"),
        (message(""), "empty"),
        (message("   \n\t "), "empty"),
        (message("\u200b\u200f"), "empty"),
        (message("\x00\x00"), "empty"),
        (message(7), "bad_text"),
        (message("x" * (limits.MESSAGE_CHARS + 1)), "too_long"),
        ("x" * 1_000_000, "too_long"),
        (json.dumps({"type": "message.send", "text": "hi"}), "bad_client_id"),
        (json.dumps({"type": "message.send", "text": "hi", "client_id": 12}), "bad_client_id"),
    ],
)
def test_a_frame_that_cannot_be_served_gets_a_code_and_a_sentence(
    raw: str | None, code: str
) -> None:
    with pytest.raises(FrameError) as caught:
        parse(raw)
    assert caught.value.code == code
    assert caught.value.detail.endswith((".", "!"))


@pytest.mark.parametrize(
    "text", ["Grüße 👋🏽", "مرحبا بالعالم", "<script>alert(1)</script>", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "a\u0301"]
)
def test_any_writing_is_a_message_as_it_stands(text: str) -> None:
    frame = parse(message(text))
    assert isinstance(frame, SendMessage)
    assert frame.text == text


def test_nul_bytes_and_lone_surrogates_are_taken_out_of_a_message() -> None:
    frame = parse(message("REPLACE").replace("REPLACE", "a\\u0000b\\ud800c"))
    assert isinstance(frame, SendMessage)
    assert frame.text == "ab?c"


def test_a_resume_without_a_number_begins_at_the_beginning() -> None:
    assert parse('{"type": "resume"}') == Resume(0)


@given(st.text(max_size=300) | st.binary(max_size=100).map(repr))
def test_no_text_whatever_raises_anything_but_a_frame_error(raw: str) -> None:
    with contextlib.suppress(FrameError):
        parse(raw)
