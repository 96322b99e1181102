"""A customer's key opens one conversation, is replaced in time, and opens nothing afterwards."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conversations import access, keys
from conversations.access import NotYours
from conversations.models import Conversation
from conversations.services.intake import IntakeService, NewConversation
from conversations.services.key_renewal import KeyRenewalService
from portal import limits
from portal.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
service = KeyRenewalService()


@pytest.fixture
def opened() -> NewConversation:
    return IntakeService().open_conversation()


def age(opened: NewConversation, **time: float) -> None:
    Conversation.objects.filter(pk=opened.id).update(key_since=timezone.now() - timedelta(**time))


def end_grace(opened: NewConversation) -> None:
    Conversation.objects.filter(pk=opened.id).update(last_token_until=timezone.now())


def opens(opened: NewConversation, token: str) -> bool:
    try:
        return access.customer_conversation(str(opened.id), token).pk == opened.id
    except NotYours:
        return False


def offered(opened: NewConversation, token: str) -> str | None:
    row = Conversation.objects.get(pk=opened.id)
    return service.offer(conversation=row, token=token, now=timezone.now())


def kept(opened: NewConversation, token: str) -> bool:
    row = Conversation.objects.get(pk=opened.id)
    return service.kept(conversation=row, token=token, now=timezone.now())


def test_a_young_key_is_not_replaced_and_an_old_one_is(opened: NewConversation) -> None:
    assert offered(opened, opened.token) is None
    age(opened, hours=2)
    fresh = offered(opened, opened.token)
    assert fresh
    assert fresh != opened.token


def test_the_same_key_is_offered_however_often(opened: NewConversation) -> None:
    age(opened, hours=2)
    assert len({offered(opened, opened.token) for _ in range(3)}) == 1


def test_a_lost_offer_locks_nobody_out(opened: NewConversation) -> None:
    age(opened, hours=500)
    offered(opened, opened.token)  # the frame never arrived
    assert opens(opened, opened.token)


def test_a_replaced_key_opens_in_the_grace_and_never_after_it(opened: NewConversation) -> None:
    age(opened, hours=2)
    fresh = offered(opened, opened.token)
    assert fresh
    assert kept(opened, fresh)
    assert opens(opened, fresh)
    assert opens(opened, opened.token)
    assert offered(opened, opened.token) == fresh  # a tab that lags behind learns it
    end_grace(opened)
    assert not opens(opened, opened.token)
    assert opens(opened, fresh)


def test_two_replacements_later_the_first_key_is_refused_at_once(opened: NewConversation) -> None:
    first = opened.token
    age(opened, hours=2)
    second = offered(opened, first)
    assert second
    kept(opened, second)
    age(opened, hours=2)
    third = offered(opened, second)
    assert third
    kept(opened, third)
    assert not opens(opened, first)
    assert opens(opened, second)
    assert opens(opened, third)


def test_two_tabs_retire_the_old_key_once(opened: NewConversation) -> None:
    age(opened, hours=2)
    fresh = offered(opened, opened.token)
    assert fresh
    stale = Conversation.objects.get(pk=opened.id)
    assert kept(opened, fresh)
    until = Conversation.objects.get(pk=opened.id).last_token_until
    assert not kept(opened, fresh)
    assert not service.kept(conversation=stale, token=fresh, now=timezone.now())
    assert Conversation.objects.get(pk=opened.id).last_token_until == until


def test_a_key_opens_no_other_conversation(opened: NewConversation) -> None:
    other = IntakeService().open_conversation()
    assert not opens(other, opened.token)
    age(opened, hours=2)
    fresh = offered(opened, opened.token)
    assert fresh
    assert not opens(other, fresh)


def test_the_database_holds_hashes_only(opened: NewConversation) -> None:
    age(opened, hours=2)
    fresh = offered(opened, opened.token)
    assert fresh
    kept(opened, fresh)
    row = Conversation.objects.filter(pk=opened.id).values().get()
    stored = {str(value) for value in row.values()}
    assert not stored & {opened.token, fresh}


def test_the_database_alone_does_not_give_the_next_key(opened: NewConversation) -> None:
    known = access.keys_of(Conversation.objects.get(pk=opened.id))
    assert keys.next_token(known, "a guess") != keys.next_token(known, settings.SECRET_KEY)


@given(st.text(max_size=80))
def test_no_other_text_is_a_key(text: str) -> None:
    known = keys.Keys(uuid4(), keys.hash_token("right"), timezone.now())
    expected = keys.Match.CURRENT if text == "right" else None
    assert keys.match(known, text, "secret" * 10, timezone.now()) is expected


@asynccontextmanager
async def socket(opened: NewConversation, token: str) -> AsyncIterator[WebsocketCommunicator]:
    path = f"/ws/conversations/{opened.id}/?token={token}"
    communicator = WebsocketCommunicator(application, path)
    await communicator.connect()
    yield communicator
    await communicator.disconnect()


async def frame_of(client: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await client.receive_from(timeout=5))
        if frame["type"] == kind:
            return frame


async def test_the_socket_hands_the_new_key_over_and_retires_the_old_one_when_it_is_kept(
    opened: NewConversation,
) -> None:
    await sync_to_async(age)(opened, hours=2)
    async with socket(opened, opened.token) as client:
        key = await frame_of(client, "key.renewed")
        assert key["socket"] == f"/ws/conversations/{opened.id}/?token={key['token']}"
        await client.send_to(json.dumps({"type": "key.kept"}))
        await client.send_to(json.dumps({"type": "ping"}))
        await frame_of(client, "pong")
    await sync_to_async(end_grace)(opened)
    async with socket(opened, opened.token) as client:
        assert (await frame_of(client, "error"))["code"] == "not_found"
        assert (await client.receive_output(timeout=5))["code"] == 4003
    async with socket(opened, key["token"]) as client:
        await client.send_to(json.dumps({"type": "ping"}))
        await frame_of(client, "pong")


async def test_opening_with_the_new_key_retires_the_old_one_too(opened: NewConversation) -> None:
    """The page kept the key, and its word of it was lost with the connection."""
    await sync_to_async(age)(opened, hours=2)
    async with socket(opened, opened.token) as client:
        key = await frame_of(client, "key.renewed")
    async with socket(opened, key["token"]) as client:
        await client.send_to(json.dumps({"type": "ping"}))
        await frame_of(client, "pong")
    row = await Conversation.objects.aget(pk=opened.id)
    assert row.last_token_hash == keys.hash_token(opened.token)
    assert row.last_token_until is not None
    assert row.last_token_until <= timezone.now() + timedelta(seconds=limits.KEY_GRACE)


async def test_a_client_cannot_claim_to_have_kept_a_key_that_was_not_offered(
    opened: NewConversation,
) -> None:
    async with socket(opened, opened.token) as client:
        await client.send_to(json.dumps({"type": "key.kept"}))
        await client.send_to(json.dumps({"type": "ping"}))
        await frame_of(client, "pong")
    assert (await Conversation.objects.aget(pk=opened.id)).last_token_hash == ""
