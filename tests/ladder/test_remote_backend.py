"""Another server as a rung: what it says well, and what becomes of all it can say badly."""

import json
import socket
import threading
import time
from typing import Any

import pytest

from conversations.inference.backend import BackendBusy, BackendUnavailable, RequestRefused
from conversations.inference.remote_backend import RemoteBackend
from tests.inference.conftest import request_for
from tests.ladder.wire import Wire, chunk, cut_off, hangs, raw, says


def reply(backend: RemoteBackend, **request: Any) -> tuple[str, Exception | None]:
    """What was shown, and the fault that ended it."""
    text = ""
    try:
        for piece in backend.start(request_for("Articles.", "Returns?", **request)):
            text += piece
    except BackendUnavailable as exc:
        return text, exc
    return text, None


def test_text_streams_with_the_key_and_the_costs(wire: Wire) -> None:
    cached = {"prompt_tokens_details": {"cached_tokens": 16}}
    usage = {"prompt_tokens": 31, "completion_tokens": 3, **cached}
    wire.scripted.append(says("You ", "can", ".", usage=usage))
    backend = RemoteBackend(wire.rung(), "sesame")
    stream = backend.start(request_for("Articles.", "Returns?", stop="END"))
    assert list(stream) == ["You ", "can", "."]
    assert (stream.stats.prompt_tokens, stream.stats.output_tokens) == (31, 3)
    assert (stream.stats.cached_tokens, stream.stats.finish_reason) == (16, "stop")
    sent = wire.requests[0]
    assert wire.keys == ["Bearer sesame"]
    assert sent["model"] == "big"
    assert sent["stream"] is True
    assert sent["stop"] == ["END"]
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert backend.load().active == 0


def test_a_stop_string_ends_the_text_where_the_server_does_not(wire: Wire) -> None:
    wire.default = says("One. ST", "OP two.")
    stream = RemoteBackend(wire.rung()).start(request_for("x", stop="STOP"))
    assert "".join(stream) == "One. "
    assert stream.stats.finish_reason == "stop"


@pytest.mark.parametrize(
    ("behaviour", "shown", "why"),
    [
        (cut_off("You can "), "You can ", "mid-answer"),
        (hangs("You can "), "You can ", "no text for 0.4 s"),
        (raw(b"data: {]\n\n"), "", "no JSON"),
        (raw(b"\x00\xff" * 4000), "", "mid-answer"),
        (raw(chunk("A"), b"data: [1]\n\n"), "A", "no object"),
        (raw(chunk("A"), b'data: {"error": {"message": "secret"}}\n\n'), "A", "an error in mid"),
        (raw(b'data: {"choices": "x"}\n\n'), "", "without choices"),
        (raw(b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'), "", "no text"),
        (raw(b"data: " + b"[" * 200_000 + b"\n\n"), "", "no JSON"),
        (raw(b"data: " + b"x" * 600_000), "", "more than any answer"),
        (raw(b"<html>", headers={"Content-Type": "text/html"}), "", "does not stream"),
        (raw(b"", status=500), "", "HTTP 500"),
        (raw(b"", status=401), "", "key"),
        (raw(b"", status=302, headers={"Location": "http://127.0.0.1:1/"}), "", "redirects"),
    ],
)  # fmt: skip
def test_a_bad_server_is_a_lost_rung_with_a_reason(
    wire: Wire, behaviour: Any, shown: str, why: str
) -> None:
    wire.default = behaviour
    backend = RemoteBackend(wire.rung())
    text, fault = reply(backend)
    assert text == shown
    assert why in str(fault)
    assert "secret" not in str(fault)
    assert not isinstance(fault, BackendBusy | RequestRefused)
    assert backend.load().active == 0


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(wire: Wire) -> None:
    wire.scripted.append(raw(b"", status=429, headers={"Retry-After": "7"}))
    backend = RemoteBackend(wire.rung())
    _, fault = reply(backend)
    assert isinstance(fault, BackendBusy)
    assert 6 < backend.load().predicted_first_token_s < 8
    assert backend.ready()


def test_a_refused_request_says_nothing_against_the_rung(wire: Wire) -> None:
    wire.default = raw(b"", status=400)
    assert isinstance(reply(RemoteBackend(wire.rung()))[1], RequestRefused)


def test_no_server_and_a_server_that_never_answers(wire: Wire) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        assert "cannot be reached" in str(reply(RemoteBackend(wire.rung(url=url)))[1])
        closed.listen()  # takes the connection and says nothing
        began = time.monotonic()
        _, fault = reply(RemoteBackend(wire.rung(url=url, first_token_seconds=0.3)))
        assert "no text for 0.3 s" in str(fault)
        assert time.monotonic() - began < 2


def test_a_deadline_ends_a_slow_reply_and_a_cancel_hangs_up(wire: Wire) -> None:
    wire.default = hangs("Hello")
    backend = RemoteBackend(wire.rung(stall_seconds=9.0))
    stream = backend.start(request_for("x", seconds=0.3))
    assert list(stream) == ["Hello"]
    assert stream.stats.finish_reason == "deadline"
    assert wire.hung_up.wait(3)
    wire.hung_up.clear()
    stream = backend.start(request_for("x"))
    pieces = iter(stream)
    assert next(pieces) == "Hello"
    threading.Timer(0.1, stream.cancel).start()
    assert list(pieces) == []
    assert stream.stats.finish_reason == "cancelled"
    assert wire.hung_up.wait(3)


def test_what_may_not_be_shown_is_taken_out_also_across_pieces(wire: Wire) -> None:
    smile = json.loads('["\\ud83d", "\\ude00"]')
    wire.default = raw(
        chunk("a\x00b\x1b[2Jc"), chunk(smile[0]), chunk(smile[1]), chunk(" " + smile[0]),
        chunk("d"), b"data: [DONE]\n\n",
    )  # fmt: skip
    text, fault = reply(RemoteBackend(wire.rung()))
    assert fault is None
    assert text == "ab[2Jc\U0001f600 \ufffdd"


def test_a_text_is_gone_on_with_only_where_the_server_can(wire: Wire) -> None:
    with pytest.raises(ValueError, match="cannot go on"):
        RemoteBackend(wire.rung()).start(request_for("x", prefix="You can "))
    wire.default = says("You ", "can re", "turn it.")
    echoes = RemoteBackend(wire.rung(continues="vllm"))
    assert reply(echoes, prefix="You can ") == ("return it.", None)
    assert wire.requests[-1]["messages"][-1] == {"role": "assistant", "content": "You can "}
    assert wire.requests[-1]["continue_final_message"] is True
    wire.default = says("Yes, ", "return it.")
    assert reply(echoes, prefix="You can ") == ("Yes, return it.", None)


def test_no_more_replies_at_once_than_slots(wire: Wire) -> None:
    wire.default = hangs("Hello")
    backend = RemoteBackend(wire.rung(slots=1))
    first = backend.start(request_for("x"))
    with pytest.raises(BackendBusy):
        backend.start(request_for("x"))
    first.cancel()
    list(first)
    assert backend.load().active == 0


def test_health_is_asked_for_and_heals(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conversations.inference.remote_backend.CHECK_SECONDS", 0.0)
    backend = RemoteBackend(wire.rung())
    wire.models_status = 502
    backend.check()
    assert not backend.ready()
    assert "HTTP 502" in backend.reason
    wire.models_status = 200
    backend.check()
    assert backend.ready()
