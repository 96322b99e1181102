"""Who may touch what at the desk: every address and the socket, for everybody who should not."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from conversations.access import Agent
from conversations.api.desk_actions import ACTIONS
from conversations.api.desk_urls import urlpatterns
from conversations.escalation.holding import HoldingService
from conversations.models import (
    AuditEntry,
    CannedReply,
    Conversation,
    Escalation,
    Follow,
    Message,
    Note,
    SavedView,
    Team,
)
from conversations.streaming import replay
from portal.asgi import application
from tests.desk.conftest import MakeAgent, Waiting

pytestmark = pytest.mark.django_db(transaction=True)

BODIES: dict[str, dict[str, Any]] = {
    "transfer": {"team": 1, "note": "please"},
    "supervise": {"note": "please"},
    "snooze": {"until": (timezone.now() + timedelta(hours=1)).isoformat()},
    "priority": {"priority": 5},
    "desk-messages": {"text": "hi", "client_id": str(uuid.uuid4())},
    "desk-notes": {"text": "hi"},
    "desk-draft": {"text": "hi"},
    "desk-rewrite": {"text": "hi", "style": "shorter"},
    "desk-article": {"title": "hi", "text": "hi"},
    "desk-facts": {"kind": "name", "value": "Jo"},
    "desk-fact": {"kind": "name", "value": "Jo"},
    "desk-canned": {"shortcut": "hi", "title": "hi", "body": "hi"},
    "desk-views": {"name": "hi", "filters": {}},
}


def routes(conversation: uuid.UUID) -> Iterator[tuple[str, str, str]]:
    """Every (name, method, address) of the desk; a new address comes in by itself."""
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        view = pattern.callback.view_class  # type: ignore[attr-defined]
        needs = pattern.pattern.converters
        values: dict[str, Any] = {}
        if "conversation_id" in needs:
            values["conversation_id"] = conversation
        for name in needs:
            if name.endswith("_id") and name != "conversation_id":
                values[name] = 1
        methods = [m for m in ("get", "post", "put", "patch", "delete") if hasattr(view, m)]
        actions = sorted(ACTIONS) if "action" in needs else [None]
        for action in actions:
            extra = {"action": action} if action else {}
            address = reverse(str(pattern.name), kwargs={**values, **extra, **pattern.default_args})
            for method in methods:
                yield action or str(pattern.name), method, address


def call(client: Client, name: str, method: str, address: str) -> Any:
    body = json.dumps(BODIES.get(name, {}))
    return getattr(client, method)(
        address, **({} if method == "get" else {"data": body, "content_type": "application/json"})
    )


def test_every_address_refuses_nobody_a_customer_and_a_user_without_a_role(
    waiting: Waiting,
) -> None:
    user = get_user_model().objects.create_user("plain", password="open sesame")
    plain = Client()
    plain.force_login(user)
    customer = Client(headers={"authorization": f"Bearer {waiting.token}"})
    before = AuditEntry.objects.count()
    found = list(routes(waiting.id))
    assert len(found) > 25
    for name, method, address in found:
        for client, status in ((Client(), 401), (customer, 401), (plain, 403)):
            answer = call(client, name, method, f"{address}?token={waiting.token}")
            assert answer.status_code == status, (name, method, answer.content)
            assert answer.json()["code"] in ("not_logged_in", "not_allowed")
    assert AuditEntry.objects.count() == before


@pytest.fixture
def of_billing(waiting: Waiting) -> Team:
    team = Team.objects.create(name="Billing", slug="billing")
    Escalation.objects.update(team=team)
    return team


def test_an_agent_of_another_team_finds_nothing_at_any_address_of_the_conversation(
    make_agent: MakeAgent, waiting: Waiting, of_billing: Team
) -> None:
    other = Team.objects.create(name="Shipping", slug="shipping")
    stranger = make_agent("stranger", team=other)
    client = logged_in(stranger)
    CannedReply.objects.create(shortcut="b", title="b", body="b", team=of_billing)
    Follow.objects.create(agent_id=stranger.id, conversation_id=waiting.id)  # before it was theirs
    before = AuditEntry.objects.count()
    for name, method, address in routes(waiting.id):
        if str(waiting.id) in address:
            answer = call(client, name, method, address)
            assert answer.status_code == 404, (name, method, answer.content)
    assert client.get(reverse("desk-queue") + "?view=all").json()["rows"] == []
    assert client.get(reverse("desk-queue")).json()["counts"]["all"] == 0
    assert client.get(reverse("desk-canned")).json()["replies"] == []
    assert client.get(reverse("desk-me")).json()["follows"] == []
    assert AuditEntry.objects.count() == before
    member = logged_in(make_agent("member", team=of_billing))
    assert member.get(reverse("desk-conversation", args=[waiting.id])).status_code == 200


def test_a_supervisor_sees_all_teams_and_only_a_manager_reads_the_log(
    make_agent: MakeAgent, waiting: Waiting, of_billing: Team
) -> None:
    audit = reverse("desk-audit", args=[waiting.id])
    detail = reverse("desk-conversation", args=[waiting.id])
    for role, sees, reads in (("agent", 404, 404), ("supervisor", 200, 403),
                              ("manager", 200, 200), ("admin", 200, 200)):  # fmt: skip
        client = logged_in(make_agent(f"a-{role}", role))
        assert client.get(detail).status_code == sees, role
        assert client.get(audit).status_code == reads, role


def test_a_logged_out_agent_is_refused_at_every_address(mira: Agent, waiting: Waiting) -> None:
    client = logged_in(mira)
    assert client.get(reverse("desk-me")).status_code == 200
    client.logout()
    for name, method, address in routes(waiting.id):
        assert call(client, name, method, address).status_code == 401, (name, method)


def test_a_deactivated_agent_is_out_at_once(mira: Agent) -> None:
    client = logged_in(mira)
    get_user_model().objects.filter(pk=mira.id).update(is_active=False)
    assert client.get(reverse("desk-me")).status_code == 401


def test_a_write_without_the_csrf_token_is_refused(mira: Agent, waiting: Waiting) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.get(pk=mira.id))
    for name, method, address in routes(waiting.id):
        if method != "get":
            assert call(client, name, method, address).status_code == 403, (name, method)
    assert Escalation.objects.get().state == "waiting"


def test_an_agent_cannot_share_or_change_what_is_not_theirs(
    mira: Agent, noor: Agent, boss: Agent
) -> None:
    client = logged_in(mira)
    shared = {"name": "all", "filters": {"view": "all"}, "shared": True}
    assert post(client, reverse("desk-views"), shared).status_code == 403
    assert post(logged_in(boss), reverse("desk-views"), shared).status_code == 201
    reply = CannedReply.objects.create(shortcut="hi", title="Hi", body="Hi", owner_id=noor.id)
    address = reverse("desk-canned-reply", args=[reply.pk])
    assert client.delete(address).status_code == 403
    assert logged_in(boss).delete(address).status_code == 204
    view = SavedView.objects.get()
    assert client.delete(reverse("desk-view", args=[view.pk])).status_code == 404


# --- the socket


def logged_in(agent: Agent) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=agent.id))
    return client


def post(client: Client, address: str, body: dict[str, Any]) -> Any:
    return client.post(address, data=json.dumps(body), content_type="application/json")


def desk_socket(
    client: Client | None, origin: str | None = "http://localhost:8000", query: str = ""
) -> WebsocketCommunicator:
    headers = [(b"host", b"localhost:8000")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if client is not None:
        key = client.cookies[settings.SESSION_COOKIE_NAME].value
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode()))
    return WebsocketCommunicator(application, f"/ws/desk/{query}", headers=headers)


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://localhost:81", "http://localhost"]
)
async def test_the_desk_socket_refuses_a_missing_or_foreign_origin(
    mira: Agent, origin: str | None
) -> None:
    client = await sync_to_async(logged_in)(mira)
    socket = desk_socket(client, origin)
    connected, _ = await socket.connect(timeout=5)
    assert not connected


@pytest.mark.parametrize("who", ["nobody", "customer", "without a role", "logged out"])
async def test_the_desk_socket_refuses_whoever_is_not_at_the_desk(
    mira: Agent, waiting: Waiting, who: str
) -> None:
    @sync_to_async
    def client() -> Client | None:
        if who in ("nobody", "customer"):
            return None
        if who == "without a role":
            user = get_user_model().objects.create_user("plain")
            plain = Client()
            plain.force_login(user)
            return plain
        out = logged_in(mira)
        key = out.cookies[settings.SESSION_COOKIE_NAME].value
        out.logout()
        out.cookies[settings.SESSION_COOKIE_NAME] = key
        return out

    socket = desk_socket(await client(), query=f"?token={waiting.token}")
    assert (await socket.connect(timeout=5))[0]
    frame = json.loads(await socket.receive_from(timeout=5))
    assert frame["code"] in ("not_logged_in", "not_allowed")
    assert (await socket.receive_output(timeout=5))["code"] == 4003


def test_a_note_is_no_event_of_the_conversation_so_no_customer_can_get_it(
    mira: Agent, waiting: Waiting
) -> None:
    client = logged_in(mira)
    post(client, reverse("desk-notes", args=[waiting.id]), {"text": "customer is a VIP"})
    HoldingService().claim(agent=mira, conversation_id=waiting.id, now=timezone.now())
    assert Note.objects.count() == 1
    said = json.dumps(replay.events_after(waiting.id, 0))
    assert "VIP" not in said
    assert "mira" not in said  # the login name stays inside too
    assert not Message.objects.filter(text__contains="VIP").exists()
    assert Conversation.objects.get().holder == "agent"
