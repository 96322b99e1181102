"""Programs' tokens and customers' keys over REST: each opens what it is for, and nothing else."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from conversations.models import ApiToken, Conversation, Scope
from conversations.services.api_tokens import ApiTokenService
from conversations.services.intake import IntakeService
from conversations.services.key_renewal import KeyRenewalService
from tests.security.conftest import World
from tests.security.people import undone
from tests.security.routes import fill, walk

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = ("post", "/api/v1/conversations/")


def token(*scopes: str, days: int | None = 1) -> str:
    made = ApiTokenService().make(name="t", scopes=scopes, now=timezone.now(), days=days)
    return made.secret


def bearer(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)


def scoped(values: dict[str, str]) -> list[tuple[str, str, str]]:
    """(method, path, scope that it needs) of every address with scopes."""
    found = []
    for pattern, _name, callback in walk(get_resolver()):
        view = getattr(callback, "view_class", None)
        for method, scope in getattr(view, "scopes", {}).items():
            found.append((method.lower(), fill(pattern, values), str(scope)))
    return found


def call(client: Client, method: str, path: str) -> int:
    with undone():
        options: dict[str, Any] = (
            {} if method == "get" else {"data": {}, "content_type": "application/json"}
        )
        status: int = getattr(client, method)(path, **options).status_code
    return status


@pytest.mark.parametrize("held", Scope.values)
def test_a_token_reaches_nothing_beyond_its_scope(world: World, held: str) -> None:
    client = bearer(token(held))
    addresses = scoped(world.values)
    assert len(addresses) > 15
    for method, path, needed in addresses:
        status = call(client, method, path)
        if needed != held:
            # A new conversation is everybody's to open; any other address refuses.
            expected = {201, 400} if (method, path) == OPEN_TO_ALL else {403}
            assert status in expected | {403}, (method, path, needed, status)
        else:
            assert status not in (401, 403), (method, path, needed, status)


@pytest.mark.parametrize("state", ["expired", "revoked", "garbage", "cut", "hash", "empty"])
def test_a_token_that_does_not_stand_opens_nothing(world: World, state: str) -> None:
    secret = token(*Scope.values)
    row = ApiToken.objects.get()
    given = {
        "garbage": "portal_" + "x" * 43,
        "cut": secret[:-1],
        "hash": row.token_hash,
        "empty": "",
    }
    if state == "expired":
        past = timezone.now() - timedelta(days=2)
        ApiToken.objects.update(created_at=past, expires_at=past + timedelta(days=1))
    if state == "revoked":
        ApiTokenService().revoke(token_id=row.pk, now=timezone.now())
    client = bearer(given.get(state, secret))
    for method, path, _scope in scoped(world.values):
        if (method, path) != OPEN_TO_ALL:
            assert call(client, method, path) == 401, (method, path)


def test_a_token_of_a_program_opens_no_page_and_no_desk(world: World) -> None:
    client = bearer(token(*Scope.values))
    for path in ("/desk/", "/admin/", "/insights/", "/admin/auth/user/"):
        assert call(client, "get", path) == 302, path
    for path in (
        "/api/v1/desk/me/",
        "/api/v1/desk/queue/",
        f"/api/v1/desk/conversations/{world.conversation}/",
    ):
        assert call(client, "get", path) == 401, path


def test_a_token_in_the_address_is_not_read(world: World) -> None:
    """Addresses end in logs and histories."""
    secret = token(*Scope.values)
    for name in ("token", "access_token", "api_key", "authorization"):
        assert call(Client(), "get", f"/api/v1/turns/?{name}={secret}") == 401


def test_a_replaced_key_of_a_customer_opens_nothing_over_rest_either() -> None:
    opened = IntakeService().open_conversation()
    path = f"/api/v1/conversations/{opened.id}/"
    assert call(bearer(opened.token), "get", path) == 200
    Conversation.objects.update(key_since=timezone.now() - timedelta(hours=5))
    service, now = KeyRenewalService(), timezone.now()
    row = Conversation.objects.get()
    fresh = service.offer(conversation=row, token=opened.token, now=now)
    assert fresh
    service.kept(conversation=row, token=fresh, now=now)
    Conversation.objects.update(last_token_until=now)
    assert call(bearer(opened.token), "get", path) in (401, 404)
    assert call(bearer(fresh), "get", path) == 200


def test_a_customers_key_reaches_no_other_conversation_and_no_list(world: World) -> None:
    client = bearer(world.token)
    mine = f"/api/v1/conversations/{world.conversation}/"
    assert call(client, "get", mine) == 200
    other = IntakeService().open_conversation()
    for path in (f"/api/v1/conversations/{other.id}/", f"/api/v1/conversations/{uuid.uuid4()}/"):
        assert call(client, "get", path) in (401, 404)
    for method, path, _scope in scoped(world.values):
        if str(world.conversation) not in path and (method, path) != (
            "post",
            "/api/v1/conversations/",
        ):
            assert call(client, method, path) in (401, 403), (method, path)
