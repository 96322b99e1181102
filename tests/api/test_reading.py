"""What a program reads: lists by cursor, filters, single things, and what it is told of errors."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Escalation, Team
from conversations.services.intake import IntakeService, NewConversation
from tests.api.conftest import MakeClient, MakeToken, calling, write

pytestmark = pytest.mark.django_db

ADDRESSES = (
    "conversations/", "turns/", "articles/", "escalations/", "agents/", "ladder/", "health/",
    "insights/measures/",
)  # fmt: skip


def read(client: Client, address: str, status: int = 200) -> Any:
    response = client.get(address if address.startswith("/") else f"/api/v1/{address}")
    assert response.status_code == status, response.content
    return response.json()


def test_every_list_answers_a_program_and_refuses_nobody_with_a_problem(program: Client) -> None:
    for address in ADDRESSES:
        read(program, address)
        response = Client().get(f"/api/v1/{address}")
        assert response.status_code == 401, address
        assert response["Content-Type"] == "application/problem+json"
        assert response["WWW-Authenticate"].startswith("Bearer")
        problem = response.json()
        assert problem["code"] == "not_logged_in"
        assert problem["status"] == 401


def test_a_conversation_its_messages_and_turns_are_read_by_a_program(
    program: Client, conversation: NewConversation
) -> None:
    write(conversation.id, "How do I return it?")
    found = read(program, f"conversations/{conversation.id}/")
    assert found["status"] == "open"
    messages = read(program, f"conversations/{conversation.id}/messages/")["results"]
    assert [item["text"] for item in messages] == ["How do I return it?"]
    turn = read(program, f"conversations/{conversation.id}/turns/")["results"][0]
    assert turn["state"] == "queued"
    assert turn["decision"] is None
    assert read(program, f"turns/{turn['id']}/") == turn
    assert read(program, "turns/?state=queued")["results"] == [turn]
    assert read(program, "turns/?decision=answer")["results"] == []


def test_pages_neither_skip_nor_repeat_while_rows_are_added(program: Client) -> None:
    opened = [str(IntakeService().open_conversation().id) for _ in range(25)]
    seen: list[str] = []
    address: str | None = "/api/v1/conversations/?limit=4"
    while address:
        page = read(program, address)
        seen += [item["id"] for item in page["results"]]
        address = page["next"]
        IntakeService().open_conversation()  # newer than all that is still to be read
    assert seen == opened[::-1]


def test_pages_are_whole_where_many_rows_have_the_same_time(program: Client) -> None:
    opened = {str(IntakeService().open_conversation().id) for _ in range(9)}
    Conversation.objects.update(created_at=timezone.now())
    seen: list[str] = []
    address: str | None = "/api/v1/conversations/?limit=2"
    while address:
        page = read(program, address)
        seen += [item["id"] for item in page["results"]]
        address = page["next"]
    assert len(seen) == len(opened)
    assert set(seen) == opened


def test_messages_are_paged_in_their_order(program: Client, conversation: NewConversation) -> None:
    for number in range(7):
        write(conversation.id, f"message {number}")
    texts: list[str] = []
    address: str | None = f"/api/v1/conversations/{conversation.id}/messages/?limit=3"
    while address:
        page = read(program, address)
        texts += [item["text"] for item in page["results"]]
        address = page["next"]
    assert texts == [f"message {number}" for number in range(7)]


def test_filters_are_kept_on_the_next_page(program: Client) -> None:
    for _ in range(3):
        IntakeService().open_conversation(channel="api")
        IntakeService().open_conversation(channel="web")
    first = read(program, "conversations/?channel=api&limit=2")
    second = read(program, first["next"])
    found = [*first["results"], *second["results"]]
    assert [item["channel"] for item in found] == ["api"] * 3
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("conversations/?statsu=open", "unknown_parameter"),
        ("conversations/?status=happy", "invalid"),
        ("conversations/?limit=0", "invalid"),
        ("conversations/?limit=9999", "invalid"),
        ("conversations/?cursor=nonsense", "bad_cursor"),
        ("conversations/?cursor=WzEsMl0", "bad_cursor"),
        ("conversations/?since=yesterday", "invalid"),
        ("conversations/?since=0001-01-01T00:00:00%2B14:00", "invalid"),
        ("conversations/?topic=%00", "invalid"),
        ("turns/?conversation=1", "invalid"),
        ("escalations/?team=99999999999999", "invalid"),
        ("articles/?cursor=" + "x" * 400, "invalid"),
        ("agents/?who=all", "unknown_parameter"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused_with_the_way_out(
    program: Client, query: str, code: str
) -> None:
    problem = read(program, query, 400)
    assert problem["code"] == code
    assert problem["detail"]
    assert problem["type"] == "/api/docs/#errors"


def test_what_does_not_exist_is_a_problem_not_a_page(program: Client) -> None:
    for address in (f"conversations/{uuid.uuid4()}/", "conversations/7/", "nothing/", "turns/x/y/"):
        assert read(program, address, 404)["code"] == "not_found"
    assert read(program, "articles/99999999999999999999999/", 404)["code"] == "not_found"


def test_a_wrong_method_body_and_format_are_problems(program: Client) -> None:
    assert program.delete("/api/v1/turns/").json()["code"] == "bad_method"
    broken = program.post("/api/v1/articles/", "{", content_type="application/json")
    assert (broken.status_code, broken.json()["code"]) == (400, "not_json")
    form = program.post("/api/v1/articles/", {"title": "x"})
    assert (form.status_code, form.json()["code"]) == (415, "bad_media_type")
    other = program.get("/api/v1/turns/", headers={"accept": "text/html"})
    assert (other.status_code, other.json()["code"]) == (406, "bad_accept")


def test_each_wrong_field_is_named(program: Client) -> None:
    response = program.post("/api/v1/articles/", json.dumps({}), content_type="application/json")
    assert response.status_code == 400
    assert {item["field"] for item in response.json()["errors"]} == {"title", "body"}


def test_what_did_not_change_is_not_sent_again(
    program: Client, conversation: NewConversation
) -> None:
    address = f"/api/v1/conversations/{conversation.id}/"
    first = program.get(address)
    again = program.get(address, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    write(conversation.id)
    assert program.get(address, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_a_list_costs_the_same_queries_however_long_it_is(
    program: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        opened = IntakeService().open_conversation()
        write(opened.id)
        IntakeService().request_person(conversation_id=opened.id, now=timezone.now())
    for address in ("conversations/", "turns/", "escalations/"):
        with django_assert_max_num_queries(6):
            assert len(read(program, address)["results"]) == 12


def test_people_see_what_the_desk_shows_them(
    log_in: MakeClient, conversation: NewConversation
) -> None:
    write(conversation.id)
    IntakeService().request_person(conversation_id=conversation.id, now=timezone.now())
    billing = Team.objects.create(name="Billing", slug="billing")
    Escalation.objects.update(team=billing)
    mine, other = log_in("mira", team=billing), log_in("noor")
    boss = log_in("boss", "supervisor")
    for client, count in ((mine, 1), (other, 0), (boss, 1)):
        for address in ("conversations/", "turns/", "escalations/"):
            assert len(read(client, address)["results"]) == count, address
    read(other, f"conversations/{conversation.id}/", 404)
    assert read(mine, "insights/measures/", 403)["code"] == "not_allowed"
    assert read(boss, "insights/measures/")["measures"]


def test_a_customer_reads_the_own_conversation_and_nothing_else(
    conversation: NewConversation, make_token: MakeToken
) -> None:
    other = IntakeService().open_conversation()
    write(conversation.id, "mine")
    customer = calling(conversation.token)
    assert read(customer, f"conversations/{conversation.id}/")["id"] == str(conversation.id)
    assert read(customer, f"conversations/{conversation.id}/messages/")["results"]
    for address in ("", "messages/"):
        read(customer, f"conversations/{other.id}/{address}", 401)
    for address in (*ADDRESSES, f"conversations/{conversation.id}/turns/"):
        problem = read(customer, address, 401)
        assert problem["code"] in ("bad_token", "not_logged_in")
