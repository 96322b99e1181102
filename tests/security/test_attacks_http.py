"""Attacks over HTTP: each is refused, or does nothing."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from conversations.models import (
    AgentProfile,
    AuditEntry,
    CannedReply,
    Conversation,
    Escalation,
    Message,
    SavedView,
)
from portal import limits
from tests.security.conftest import World

pytestmark = pytest.mark.django_db

INJECTIONS = [
    "' OR '1'='1", "'; DROP TABLE conversations_message; --", "1) OR 1=1 --", "%' OR 1=1 --",
    "') UNION SELECT password FROM auth_user --", "\\'; SELECT pg_sleep(5) --", "$$;SELECT 1;$$",
    "{{7*7}}", "${7*7}", "\x00", "%00", "😀' --", "-1", "1e309", "[]", "<script>",
]  # fmt: skip


def tables_stand() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM conversations_message")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("words", INJECTIONS)
def test_sql_in_a_filter_is_a_word_like_any_other(world: World, words: str) -> None:
    agent, boss = world.clients["agent"], world.clients["root"]
    asked: list[tuple[Client, str, dict[str, str]]] = [
        (agent, reverse("desk-queue"), {"q": words}),
        (agent, reverse("desk-queue"), {"view": words, "sort": words, "team": words}),
        (agent, reverse("desk-queue"), {"priority": words, "language": words, "cursor": words}),
        (agent, reverse("desk-knowledge"), {"q": words}),
        (agent, reverse("desk-past"), {"q": words}),
        (agent, reverse("desk-canned"), {"q": words}),
        (agent, reverse("desk-messages", args=[world.conversation]), {"before": words}),
        (Client(), reverse("help-search"), {"q": words}),
        (boss, reverse("insights-overview"), {"from": words, "to": words, "topic": words}),
        (boss, reverse("insights-rows"), {"measure": words, "page": words}),
        (boss, reverse("insights-ask"), {"q": words}),
        (boss, reverse("admin:conversations_message_changelist"), {"q": words}),
        (boss, reverse("admin:auth_user_changelist"), {"q": words, "o": words, "p": words}),
    ]
    for client, address, query in asked:
        client.raise_request_exception = False
        status = client.get(address, query).status_code
        assert status < 500, (address, query, status)
    assert tables_stand()


@pytest.mark.parametrize(
    "path",
    [
        "/static/../portal/settings.py", "/static/..%2f..%2fportal/settings.py",
        "/../../etc/passwd",
        "/static/%2e%2e/%2e%2e/etc/passwd", "/help/..%2f..%2fetc%2fpasswd/", "/static//etc/passwd",
        "/help/sections/../../admin/", "/.env", "/.git/config", "/static/css/../../manage.py",
        "/media/../secret", "/static/%00.css", "/static/....//....//etc/passwd", "/var/secret_key",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file_of_the_server(path: str) -> None:
    answer = Client().get(path)
    content = b"".join(answer) if answer.streaming else answer.content
    assert answer.status_code in (301, 302, 400, 404), answer.status_code
    assert b"SECRET_KEY" not in content
    assert b"root:" not in content


@pytest.mark.parametrize("shift", range(1, 6))
def test_ids_of_conversations_cannot_be_guessed_by_counting(world: World, shift: int) -> None:
    near = uuid.UUID(int=world.conversation.int + shift)
    for role in ("stranger", "agent", "root"):
        path = reverse("desk-conversation", args=[near])
        assert world.clients[role].get(path).status_code == 404
    assert world.conversation.version == 4


def test_a_strangers_404_is_the_same_as_for_an_unknown_id(world: World) -> None:
    """The answer does not tell that the conversation exists."""
    stranger = world.clients["stranger"]
    real = stranger.get(reverse("desk-conversation", args=[world.conversation]))
    none = stranger.get(reverse("desk-conversation", args=[uuid.uuid4()]))
    assert (real.status_code, real.content) == (none.status_code, none.content)


LISTS = (
    "/api/v1/conversations/", "/api/v1/turns/", "/api/v1/escalations/", "/api/v1/desk/queue/",
    "/api/v1/desk/queue/?view=all", "/api/v1/desk/past/?q=parcel", "/api/v1/desk/canned/",
    "/api/v1/escalations/?team=1", "/api/v1/turns/?conversation={id}",
    "/api/v1/conversations/?status=waiting", "/api/v1/conversations/?q=parcel",
)  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_no_list_shows_a_stranger_anything_of_another_team(world: World, path: str) -> None:
    address = path.format(id=world.conversation)
    answer = world.clients["stranger"].get(address)
    assert answer.status_code in (200, 400, 404)
    shown = answer.content.decode()
    for secret in (str(world.conversation), "Where is my parcel", world.values["turn_id"],
                   world.values["escalation_id"], '"shortcut": "b"', '"shortcut":"b"'):  # fmt: skip
        assert secret not in shown


def writes(world: World) -> list[tuple[str, str]]:
    of = {"conversation_id": world.conversation}
    return [
        ("post", reverse("desk-action", kwargs={**of, "action": "claim"})),
        ("post", reverse("desk-action", kwargs={**of, "action": "resolve"})),
        ("post", reverse("desk-messages", kwargs=of)),
        ("post", reverse("desk-notes", kwargs=of)),
        ("put", reverse("desk-draft", kwargs=of)),
        ("post", reverse("desk-follow", kwargs=of)),
        ("post", reverse("desk-canned")),
        ("post", reverse("desk-views")),
        ("patch", reverse("desk-me")),
        ("post", reverse("desk-logout")),
        ("post", reverse("second-factor-setup")),
        ("post", "/admin/logout/"),
        ("post", "/admin/password_change/"),
        ("post", "/admin/auth/user/add/"),
        ("post", "/admin/conversations/team/add/"),
    ]


@pytest.mark.parametrize("number", range(15))
def test_a_foreign_page_cannot_write_with_an_agents_cookie(world: World, number: int) -> None:
    method, path = writes(world)[number]
    client = Client(enforce_csrf_checks=True)
    client.cookies = world.clients["root"].cookies
    before = AuditEntry.objects.count()
    foreign = {"origin": "https://evil.example", "referer": "https://evil.example/"}
    for headers in ({}, foreign):
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            answer = getattr(client, method)(path, "{}", content_type=kind, headers=headers)
            assert answer.status_code in (403, 415), (path, answer.status_code)
    assert AuditEntry.objects.count() == before


def test_a_token_from_another_browser_is_no_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = world.clients["agent"].cookies
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    path = reverse("desk-action", kwargs={"conversation_id": world.conversation, "action": "claim"})
    answer = client.post(
        path, "{}", content_type="application/json", headers={"x-csrftoken": "b" * 32}
    )
    assert answer.status_code == 403


def send(client: Client, method: str, path: str, body: dict[str, Any]) -> Any:
    return getattr(client, method)(path, json.dumps(body), content_type="application/json")


def test_mass_assignment_makes_nobody_more_than_they_are(world: World) -> None:
    agent = world.clients["agent"]
    user = get_user_model().objects.get(username="agent")
    more = {
        "is_staff": True, "is_superuser": True, "role": "admin", "groups": [1, 2, 3, 4], "id": 1,
        "teams": [1, 2], "permissions": ["see_all_teams"], "user": 1, "capacity": 9_999,
        "name": "Boss",
    }  # fmt: skip
    send(agent, "patch", reverse("desk-me"), {"availability": "online", **more})
    user.refresh_from_db()
    profile = AgentProfile.objects.get(user=user)
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 1)
    assert (profile.teams.count(), profile.name) == (1, "Agent")
    assert profile.capacity != 9_999


def test_mass_assignment_does_not_speak_for_others(world: World) -> None:
    agent = world.clients["agent"]
    of = {"conversation_id": world.conversation}
    send(agent, "post", reverse("desk-action", kwargs={**of, "action": "claim"}), {"agent": 1})
    me = get_user_model().objects.get(username="agent")
    assert Escalation.objects.get().agent_id == me.pk
    body = {
        "text": "hello", "client_id": str(uuid.uuid4()), "author": "system", "user": 1, "seq": 1,
        "conversation": str(uuid.uuid4()), "created_at": "1999-01-01T00:00:00Z",
    }  # fmt: skip
    assert send(agent, "post", reverse("desk-messages", kwargs=of), body).status_code == 201
    said = Message.objects.latest("seq")
    assert (said.author, said.user_id, said.conversation_id) == ("agent", me.pk, world.conversation)
    assert said.created_at.year != 1999


def test_mass_assignment_does_not_share_or_take_over_tools(world: World) -> None:
    agent = world.clients["agent"]
    canned = {"shortcut": "x", "title": "x", "body": "x", "author": 1, "id": 1, "shared": True}
    send(agent, "post", reverse("desk-canned"), canned)
    view = {"name": "x", "filters": {}, "user": 1, "owner": 1, "shared": True}
    send(agent, "post", reverse("desk-views"), view)
    assert not SavedView.objects.filter(owner__isnull=True).exists()
    assert CannedReply.objects.get(pk=world.values["reply_id"]).shortcut == "b"


def test_a_new_conversation_takes_no_more_than_its_channel() -> None:
    body = {
        "channel": "web", "id": str(uuid.UUID(int=5)), "token": "mine", "status": "resolved",
        "holder": "agent", "agent": 1, "customer": 1, "language": "xx", "summary": "hi",
    }  # fmt: skip
    answer = send(Client(), "post", reverse("api-conversations"), body)
    assert answer.status_code in (201, 400)
    for row in Conversation.objects.all():
        assert (row.status, row.holder, row.agent_id, row.summary) == (
            "open",
            "assistant",
            None,
            "",
        )
        assert row.pk != uuid.UUID(int=5)


@pytest.mark.parametrize(
    "body", ["[]", "null", '"x"', "{", '{"channel": {}}', '{"channel": "email"}', "[" * 50_000,
             '{"identity": "forged.token.here"}', "\x00", '{"channel": "web\\u0000"}'],
)  # fmt: skip
def test_a_hostile_body_is_a_clear_refusal(body: str) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post(reverse("api-conversations"), body, content_type="application/json")
    assert answer.status_code in (201, 400), answer.status_code
    assert b"Traceback" not in answer.content
    if answer.status_code == 201:
        assert body in ("[]", "null")


def test_new_conversations_from_one_address_have_a_limit() -> None:
    count = limits.CONVERSATIONS_OF_ADDRESS[0]
    path = reverse("api-conversations")
    statuses = [
        Client().post(path, "{}", content_type="application/json", REMOTE_ADDR="203.0.113.8")
        for _ in range(count + 1)
    ]
    assert {answer.status_code for answer in statuses[:count]} == {201}
    last = statuses[count]
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1
    spoofed = Client().post(
        path, "{}", content_type="application/json", REMOTE_ADDR="203.0.113.8",
        headers={"x-forwarded-for": "198.51.100.1", "x-real-ip": "198.51.100.1"},
    )  # fmt: skip
    assert spoofed.status_code == 429
    here = Client().post(path, "{}", content_type="application/json", REMOTE_ADDR="127.0.0.1")
    assert here.status_code == 201


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver:evil", "a b"]
)
def test_a_foreign_host_name_is_answered_by_nothing(host: str) -> None:
    assert Client().get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "name", ["x-forwarded-host", "x-original-url", "x-rewrite-url", "forwarded"]
)
def test_headers_do_not_move_a_page(name: str) -> None:
    answer = Client().get("/desk/", headers={name: "evil.example/admin/"})
    assert answer.headers["Location"] == "/desk/login/?next=/desk/"
    page = Client().get("/help/", headers={name: "evil.example"}).content.decode()
    assert "evil.example" not in page


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "DEBUG", "PROPFIND"])
def test_odd_methods_are_not_served(method: str) -> None:
    assert Client().generic(method, "/").status_code == 405
    assert Client().generic(method, reverse("desk-me")).status_code in (401, 405)


@pytest.mark.parametrize("override", ["DELETE", "PUT"])
def test_a_method_cannot_be_hidden_in_a_header(world: World, override: str) -> None:
    path = reverse("desk-canned-reply", args=[world.values["reply_id"]])
    answer = world.clients["root"].post(path, headers={"x-http-method-override": override})
    assert answer.status_code == 405
    assert CannedReply.objects.filter(pk=world.values["reply_id"]).exists()


PAGES = ("/", "/help/", "/desk/login/", "/admin/login/", "/nowhere/", "/insights/")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_sends_its_guards(path: str) -> None:
    headers = Client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert not re.search(r"(script|style|default)-src[^;]*(\*|https:|data:)", policy)
    for directive in ("default-src 'self'", "object-src 'none'", "base-uri 'none'",
                      "frame-ancestors 'none'", "form-action 'self'"):  # fmt: skip
        assert directive in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_no_template_has_an_inline_script_style_or_handler() -> None:
    found = []
    for file in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        if file.stem.endswith("_mail"):
            continue  # programs for mail know no style sheets; it is no page
        text = re.sub(r"{%.*?%}|{#.*?#}", "", file.read_text(), flags=re.DOTALL)
        if re.search(r"<script(?![^>]*\bsrc=)[^>]*>|\sstyle=|\son\w+=|javascript:|<style", text):
            found.append(file.name)
    assert found == []


def test_cookies_are_out_of_reach_of_scripts(world: World) -> None:
    client = Client()
    client.get("/desk/login/")
    client.post("/desk/login/", {"username": "agent", "password": "open sesame"})
    assert {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME} <= set(client.cookies)
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax"


@override_settings(SECURE_SSL_REDIRECT=True, SECURE_HSTS_SECONDS=60)
def test_in_production_plain_http_is_sent_to_https_and_browsers_remember() -> None:
    answer = Client().get("/desk/login/")
    assert answer.headers["Location"] == "https://testserver/desk/login/"
    assert "Strict-Transport-Security" not in answer.headers
    secure = Client().get("/desk/login/", secure=True)
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=60")


def test_pages_of_people_are_never_kept_by_a_cache(world: World) -> None:
    for role, path in (("agent", "/desk/"), ("root", "/admin/"), ("root", "/insights/")):
        assert "no-store" in world.clients[role].get(path).headers["Cache-Control"], path


def test_an_error_page_tells_nothing_of_the_inside(world: World) -> None:
    answers = [Client().get("/nowhere/?token=abc"), Client().post("/desk/login/", {"next": "\x00"})]
    for answer in answers:
        text = answer.content.decode()
        assert "Traceback" not in text
        assert str(settings.BASE_DIR) not in text
        assert "token=abc" not in text
