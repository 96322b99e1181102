"""What a program writes: once for each Idempotency-Key, also when it asks many times at once."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from conversations.models import (
    Article,
    ArticleRevision,
    Conversation,
    IdempotentAnswer,
    Message,
    Turn,
)
from conversations.services.intake import IntakeService, NewConversation
from portal import limits
from tests.api.conftest import MakeToken, calling

pytestmark = pytest.mark.django_db


def send(client: Client, method: str, address: str, body: Any, **headers: str) -> Any:
    return getattr(client, method)(
        f"/api/v1/{address}",
        json.dumps(body),
        content_type="application/json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_anybody_opens_a_conversation_as_before() -> None:
    response = Client().post("/api/v1/conversations/", "{}", content_type="application/json")
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"id", "token", "socket"}
    assert body["socket"] == f"/ws/conversations/{body['id']}/?token={body['token']}"
    assert Client().generic("POST", "/api/v1/conversations/").status_code == 201
    assert Conversation.objects.count() == 2


def test_the_same_key_opens_one_conversation_and_gives_the_same_secret_nowhere_stored(
    program: Client,
) -> None:
    key = str(uuid.uuid4())
    first = send(program, "post", "conversations/", {"channel": "api"}, idempotency_key=key)
    again = send(program, "post", "conversations/", {"channel": "api"}, idempotency_key=key)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Conversation.objects.count() == 1
    stored = json.dumps(IdempotentAnswer.objects.get().body)
    assert first.json()["token"] not in stored
    customer = calling(first.json()["token"])
    assert customer.get(f"/api/v1/conversations/{first.json()['id']}/").status_code == 200


def test_another_body_under_the_same_key_is_refused(
    program: Client, conversation: NewConversation
) -> None:
    address = f"conversations/{conversation.id}/messages/"
    assert send(program, "post", address, {"text": "one"}, idempotency_key="k").status_code == 201
    other = send(program, "post", address, {"text": "two"}, idempotency_key="k")
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert Message.objects.count() == 1


def test_two_callers_may_use_the_same_key(
    make_token: MakeToken, conversation: NewConversation
) -> None:
    address = f"conversations/{conversation.id}/messages/"
    for client in (calling(make_token().secret), calling(conversation.token)):
        sent = send(client, "post", address, {"text": "hello"}, idempotency_key="k")
        assert sent.status_code == 201
    assert Message.objects.count() == 2


def test_a_failed_write_leaves_its_key_free(program: Client) -> None:
    wrong = {"title": "A", "body": " "}
    right = {"title": "A", "body": "B"}
    assert send(program, "post", "articles/", wrong, idempotency_key="k").status_code == 400
    assert send(program, "post", "articles/", right, idempotency_key="k").status_code == 201


def test_a_key_is_forgotten_after_a_day(program: Client, conversation: NewConversation) -> None:
    address = f"conversations/{conversation.id}/messages/"
    send(program, "post", address, {"text": "one"}, idempotency_key="k")
    IdempotentAnswer.objects.update(
        created_at=timezone.now() - timedelta(seconds=limits.API_ANSWERS + 1)
    )
    assert send(program, "post", address, {"text": "two"}, idempotency_key="k").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(
    program: Client, conversation: NewConversation, key: str
) -> None:
    address = f"conversations/{conversation.id}/messages/"
    refused = send(program, "post", address, {"text": "one"}, idempotency_key=key)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_idempotency_key")


@pytest.fixture
def eight() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.mark.django_db(transaction=True)
def test_eight_requests_at_once_under_one_key_write_once_and_hear_the_same(
    program: Client, conversation: NewConversation, eight: ThreadPoolExecutor
) -> None:
    address = f"conversations/{conversation.id}/messages/"

    def once(key: str) -> tuple[int, Any]:
        try:
            sent = send(program, "post", address, {"text": "hello"}, idempotency_key=key)
            return sent.status_code, sent.json()
        finally:
            connection.close()

    for number in range(3):
        answers = list(eight.map(once, [f"key {number}"] * 8))
        assert {status for status, _body in answers} == {201}
        assert all(body == answers[0][1] for _status, body in answers)
    assert Message.objects.count() == 3
    assert Turn.objects.count() == 1


def test_the_same_client_id_is_the_same_message(
    program: Client, conversation: NewConversation
) -> None:
    address = f"conversations/{conversation.id}/messages/"
    body = {"text": "hello", "client_id": str(uuid.uuid4())}
    first, again = (send(program, "post", address, body).json() for _ in range(2))
    assert again == {**first, "duplicate": True, "turn": None}


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b", "x" * 8_001, "a\x00b", None, 7, ["x"]])
def test_a_message_that_says_nothing_or_too_much_is_refused(
    program: Client, conversation: NewConversation, text: Any
) -> None:
    refused = send(program, "post", f"conversations/{conversation.id}/messages/", {"text": text})
    if text == 7:  # a number is read as its words
        assert refused.status_code == 201
        return
    assert refused.status_code == 400
    assert refused.json()["detail"]


def test_a_customer_writes_in_the_own_conversation_only(conversation: NewConversation) -> None:
    other = IntakeService().open_conversation()
    customer = calling(conversation.token)
    mine = send(customer, "post", f"conversations/{conversation.id}/messages/", {"text": "hi"})
    theirs = send(customer, "post", f"conversations/{other.id}/messages/", {"text": "hi"})
    assert (mine.status_code, theirs.status_code) == (201, 401)


def test_an_article_is_drafted_changed_published_and_every_text_kept(program: Client) -> None:
    new = {"external_id": "returns", "title": "Return it", "body": "Within 30 days."}
    made = send(program, "post", "articles/", new)
    assert made.status_code == 201
    article = made.json()
    assert article["status"] == "draft"
    assert send(program, "post", "articles/", new).status_code == 409
    address = f"articles/{article['id']}/"
    changed = send(program, "patch", address, {"body": "Within 60 days.", "status": "published"})
    assert changed.status_code == 200
    assert changed.json()["revision"] == 2
    assert Client().get(changed.json()["url"]).status_code == 200
    revisions = program.get(f"/api/v1/{address}revisions/").json()["results"]
    assert [item["body"] for item in revisions] == ["Within 60 days.", "Within 30 days."]
    archived = send(program, "patch", address, {"status": "archived"}).json()
    assert archived["status"] == "archived"
    assert ArticleRevision.objects.count() == 2


def test_a_change_of_what_somebody_else_changed_is_refused(program: Client) -> None:
    new = {"title": "Return it", "body": "Within 30 days."}
    article = send(program, "post", "articles/", new).json()
    address = f"articles/{article['id']}/"
    tag = program.get(f"/api/v1/{address}")["ETag"]
    assert send(program, "patch", address, {"body": "A."}, if_match=tag).status_code == 200
    late = send(program, "patch", address, {"body": "B."}, if_match=tag)
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert Article.objects.get().body == "A."


def test_calls_are_counted_and_too_many_are_told_when_to_come_back(
    make_token: MakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.limits.API_CALLS", (3, 60.0))
    client = calling(make_token().secret)
    left = [client.get("/api/v1/turns/").headers["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = client.get("/api/v1/turns/")
    assert refused.status_code == 429
    assert refused.json()["code"] == "slow_down"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["RateLimit-Limit"] == "3"
    assert calling(make_token().secret).get("/api/v1/turns/").status_code == 200
