"""Attacks on the sockets: who may open them, and what may be sent through them."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from conversations import customer_door
from conversations.models import Conversation, Escalation, Message, Rating, Team
from conversations.routing import websocket_urlpatterns
from conversations.services.intake import IntakeService, NewConversation
from portal import limits
from portal.asgi import application
from tests.security import people

pytestmark = pytest.mark.django_db(transaction=True)

HOST = [(b"host", b"localhost")]
#: Outcomes: "in", "refused" (an error frame and close 4003), "shut" (no handshake).
SOCKETS: dict[str, dict[str, str]] = {
    "ws/conversations/<str:conversation_id>/": {
        "nobody": "refused", "customer": "refused", "outsider": "refused", "stranger": "refused",
        "agent": "refused", "supervisor": "refused", "manager": "refused", "admin": "refused",
        "root": "refused", "logged out": "refused", "owner": "in",
    },
    "ws/desk/": {
        "nobody": "refused", "customer": "refused", "outsider": "refused", "stranger": "in",
        "agent": "in", "supervisor": "in", "manager": "in", "admin": "in", "root": "in",
        "logged out": "refused", "owner": "refused",
    },
}  # fmt: skip


@pytest.fixture
def opened() -> NewConversation:
    return IntakeService().open_conversation()


@pytest.fixture
def other() -> NewConversation:
    return IntakeService().open_conversation()


@pytest.fixture
def clients(other: NewConversation) -> dict[str, Client]:
    one = Team.objects.create(name="A", slug="a")
    two = Team.objects.create(name="B", slug="b")
    return people.clients(one, two, other.token)


def cookie_of(client: Client) -> bytes:
    morsel = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return f"{settings.SESSION_COOKIE_NAME}={morsel.value if morsel else ''}".encode()


async def knock(path: str, headers: list[tuple[bytes, bytes]]) -> str:
    socket = WebsocketCommunicator(application, path, headers=headers)
    try:
        connected, _ = await socket.connect(timeout=5)
        if not connected:
            return "shut"
        if path.startswith("ws/conversations") or "/conversations/" in path:
            await socket.send_to('{"type": "ping"}')
        first: dict[str, Any] = json.loads(await socket.receive_from(timeout=5))
        if first["type"] == "error":
            closed = await socket.receive_output(timeout=5)
            return "refused" if closed.get("code") == 4003 else f"closed {closed.get('code')}"
        return "in"
    finally:
        await socket.disconnect()


def test_every_socket_has_a_row() -> None:
    assert {str(route.pattern) for route in websocket_urlpatterns} == set(SOCKETS)


@pytest.mark.parametrize("route", sorted(SOCKETS))
async def test_every_socket_lets_in_whom_its_row_names(
    route: str, opened: NewConversation, other: NewConversation, clients: dict[str, Client]
) -> None:
    path = "/" + route.replace("<str:conversation_id>", str(opened.id))
    found = {}
    for role in SOCKETS[route]:
        token = {"owner": opened.token, "customer": other.token}.get(role, "")
        cookie = cookie_of(clients[role]) if role in clients else b""
        headers = [*HOST, (b"cookie", cookie), (b"origin", b"http://localhost")]
        found[role] = await knock(f"{path}?token={token}", headers)
    assert found == SOCKETS[route]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "http://evil.localhost.example:80", "http://evillocalhost", "null",
        "http://localhost.evil.example", "file://", "http://localhost@evil.example",
        "http://127.0.0.1.evil.example", "//evil.example", "data:text/html,x",
        "chrome-extension://abcdef", "http://evil.example#localhost",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["customer", "desk"])
async def test_a_page_of_another_site_opens_no_socket(
    origin: str, kind: str, opened: NewConversation, clients: dict[str, Client]
) -> None:
    path = f"/ws/conversations/{opened.id}/?token={opened.token}"
    headers = [*HOST, (b"cookie", cookie_of(clients["agent"])), (b"origin", origin.encode())]
    assert await knock("/ws/desk/" if kind == "desk" else path, headers) == "shut"


async def test_the_desk_needs_an_origin_because_a_cookie_opens_it(
    clients: dict[str, Client],
) -> None:
    assert await knock("/ws/desk/", [*HOST, (b"cookie", cookie_of(clients["agent"]))]) == "shut"


async def test_a_desk_session_ends_with_its_user(clients: dict[str, Client]) -> None:
    await sync_to_async(get_user_model().objects.filter(username="agent").update)(is_active=False)
    headers = [*HOST, (b"cookie", cookie_of(clients["agent"])), (b"origin", b"http://localhost")]
    assert await knock("/ws/desk/", headers) == "refused"


@pytest.mark.parametrize(
    "path",
    [
        "/ws/conversations/{id}/", "/ws/conversations/{id}/?token=",
        "/ws/conversations/{id}/?token=%00",
        "/ws/conversations/{id}/?token={other}", "/ws/conversations/{id}/?token={token}x",
        "/ws/conversations/{id}/?token=' OR '1'='1", "/ws/conversations/{other_id}/?token={token}",
        "/ws/conversations/1/?token={token}",
        "/ws/conversations/{id}/?Token={token}", "/ws/conversations/{hash}/?token={token}",
        "/ws/conversations/{id}/?token={hash}", "/ws/conversations/{id}/?token=x&token={token}",
        "/ws/conversations/%F0%28%8C%28/?token={token}",
    ],
)  # fmt: skip
async def test_nothing_but_its_own_key_opens_a_conversation(
    path: str, opened: NewConversation, other: NewConversation
) -> None:
    row = await Conversation.objects.aget(pk=opened.id)
    address = path.format(
        id=opened.id, token=opened.token, other=other.token, other_id=other.id, hash=row.token_hash
    )
    assert await knock(address.replace(" ", "%20"), HOST) == "refused"


@pytest.mark.parametrize(
    "path", ["/ws/", "/ws/desk", "/ws/conversations/../desk/", "/ws/admin/", "/", "/api/v1/"]
)
async def test_where_there_is_no_socket_none_is_opened(path: str) -> None:
    assert await knock(path, HOST) == "shut"


@asynccontextmanager
async def socket(opened: NewConversation) -> AsyncIterator[WebsocketCommunicator]:
    path = f"/ws/conversations/{opened.id}/?token={opened.token}"
    communicator = WebsocketCommunicator(application, path)
    await communicator.connect()
    yield communicator
    await communicator.disconnect()


async def answer(client: WebsocketCommunicator, raw: str | bytes) -> dict[str, Any]:
    """The first frame after one of ours."""
    if isinstance(raw, bytes):
        await client.send_to(bytes_data=raw)
    else:
        await client.send_to(raw)
    frame: dict[str, Any] = json.loads(await client.receive_from(timeout=5))
    return frame


def send(text: Any = "hi", **more: Any) -> str:
    return json.dumps(
        {"type": "message.send", "client_id": str(uuid.uuid4()), "text": text, **more}
    )


HOSTILE_FRAMES: list[str | bytes] = [
    "null", "[]", "{}", '"x"', "[" * 60_000, "{" * 60_000, b"\x00\xff", '{"type": null}',
    '{"type": "message.post"}', '{"type": "reply.done"}', '{"type": "agent.typing"}',
    '{"type": "conversation.status", "status": "resolved"}', '{"type": "__class__"}',
    '{"type": ["message.send"]}', '{"type": "message.send", "v": 2}', send(None), send(["x"]),
    send({"$ne": 1}), send(""), send("\u200b"), send("x" * 8_001), "x" * 70_000,
    '{"type": "message.send", "client_id": "1; DROP TABLE", "text": "x"}',
    '{"type": "resume", "after": -1}', '{"type": "resume", "after": 1e99}',
    '{"type": "resume", "after": true}', '{"type": "resume", "after": "0"}',
    '{"type": "reply.rate", "message": "x", "score": 1}',
    '{"type": "reply.rate", "message": "00000000-0000-4000-8000-000000000000", "score": 1}',
    '{"type": "reply.rate", "message": "00000000-0000-4000-8000-000000000000", "score": 100}',
    '{"type": "contact.leave", "email": "a@b\\nBcc: all@example.com"}',
    '{"type": "contact.leave", "email": "<script>@x.example"}',
    '{"type": "contact.leave", "email": null}', '{"type": "conversation.rate", "score": 99}',
    '{"type": "conversation.rate", "score": 5, "comment": {}}',
    '{"type": "resolution.answer", "solved": "yes; resolve all"}',
]  # fmt: skip


async def test_every_hostile_frame_gets_an_error_and_leaves_no_trace(
    opened: NewConversation,
) -> None:
    async with socket(opened) as client:
        for raw in HOSTILE_FRAMES:
            frame = await answer(client, raw)
            assert frame["type"] == "error", (str(raw)[:60], frame)
            assert "Traceback" not in json.dumps(frame)
        assert (await answer(client, '{"type": "ping"}'))["type"] == "pong"
    assert await Message.objects.acount() == 0
    assert await Rating.objects.acount() == 0
    assert await Escalation.objects.acount() == 0


async def test_a_client_cannot_choose_who_it_is(opened: NewConversation) -> None:
    """Fields beyond the protocol are not read: author, seq, user, conversation, holder."""
    async with socket(opened) as client:
        frame = await answer(
            client,
            send("hello there", author="agent", seq=99, user=1, name="Boss", html="<b>x</b>",
                 conversation=str(uuid.uuid4()), holder="agent", decision="answer"),
        )  # fmt: skip
    assert frame["type"] == "message.accepted"
    message = await Message.objects.aget()
    assert (message.author, message.seq, message.user_id) == ("customer", 1, None)
    assert message.conversation_id == opened.id
    assert "html" not in frame["message"]


async def test_asking_for_a_person_again_and_again_opens_one_escalation(
    opened: NewConversation,
) -> None:
    async with socket(opened) as client:
        for _ in range(10):
            await client.send_to('{"type": "human.request"}')
        await client.send_to('{"type": "ping"}')
        while json.loads(await client.receive_from(timeout=5))["type"] != "pong":
            pass
    assert await Escalation.objects.acount() == 1


async def test_an_answer_of_another_conversation_cannot_be_rated(
    opened: NewConversation, other: NewConversation
) -> None:
    message = await Message.objects.acreate(
        conversation_id=other.id,
        seq=1,
        author="assistant",
        text="x",
        created_at=timezone.now(),
    )
    async with socket(opened) as client:
        rate = json.dumps({"type": "reply.rate", "message": str(message.pk), "score": -1})
        assert (await answer(client, rate))["code"] == "not_found"
    assert await Rating.objects.acount() == 0


async def test_a_customer_who_sends_too_much_is_told_when_to_go_on(
    opened: NewConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGES_OF_CONVERSATION", (3, 60.0))
    async with socket(opened) as client:
        kinds: list[dict[str, Any]] = []
        for _ in range(5):
            await client.send_to(send())
        while sum(frame["type"] in ("message.accepted", "error") for frame in kinds) < 5:
            kinds.append(json.loads(await client.receive_from(timeout=5)))
    refused = [frame for frame in kinds if frame["type"] == "error"]
    assert len(refused) == 2
    assert all(frame["code"] == "slow_down" for frame in refused)
    assert all(0 < frame["retry_after"] <= 21 and frame["client_id"] for frame in refused)
    assert await Message.objects.acount() == 3


async def test_frames_of_every_kind_are_counted(
    opened: NewConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_door.FrameBudget.__init__, "__defaults__", ((5, 60.0),))
    async with socket(opened) as client:
        frames = [await answer(client, '{"type": "ping"}') for _ in range(7)]
    assert [frame["type"] for frame in frames] == ["pong"] * 5 + ["error"] * 2
    assert frames[-1]["code"] == "slow_down"


async def test_one_conversation_has_so_many_sockets(
    opened: NewConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SOCKETS_OF_CONVERSATION", 2)
    path = f"/ws/conversations/{opened.id}/?token={opened.token}"
    async with socket(opened) as one, socket(opened) as two:
        for client in (one, two):  # who is answered has taken its place
            assert (await answer(client, '{"type": "ping"}'))["type"] == "pong"
        assert await knock(path, HOST) == "closed 4029"
    assert await knock(path, HOST) == "in"


async def test_a_limit_per_address_counts_the_client_and_not_its_words(
    opened: NewConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SOCKETS_OF_ADDRESS", 1)
    path = f"/ws/conversations/{opened.id}/?token={opened.token}"

    async def come(address: str, *headers: tuple[bytes, bytes]) -> WebsocketCommunicator:
        client = WebsocketCommunicator(application, path, headers=[*HOST, *headers])
        client.scope["client"] = [address, 4711]
        await client.connect()
        await client.send_to('{"type": "ping"}')
        return client

    first = await come("203.0.113.9")
    assert json.loads(await first.receive_from(timeout=5))["type"] == "pong"
    second = await come("203.0.113.9", (b"x-forwarded-for", b"127.0.0.1"))
    assert json.loads(await second.receive_from(timeout=5))["code"] == "slow_down"
    local = await come("127.0.0.1")
    assert json.loads(await local.receive_from(timeout=5))["type"] == "pong"
    for client in (first, second, local):
        await client.disconnect()
