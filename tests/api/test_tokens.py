"""Programs' tokens: hashed, scoped, ending, revoked; made by a command and in the admin."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from conversations.keys import hash_token
from conversations.models import ApiToken, Scope
from conversations.services.api_tokens import ApiTokenService, UnusableToken
from conversations.services.intake import NewConversation
from tests.api.conftest import MakeClient, MakeToken, calling

pytestmark = pytest.mark.django_db

READS = {
    Scope.CONVERSATIONS_READ: ("conversations/", "turns/"),
    Scope.ARTICLES_READ: ("articles/",),
    Scope.ESCALATIONS_READ: ("escalations/",),
    Scope.AGENTS_READ: ("agents/",),
    Scope.INSIGHTS_READ: ("insights/measures/",),
    Scope.SYSTEM_READ: ("ladder/", "health/"),
}


def test_the_database_holds_a_hash_and_the_beginning_only(make_token: MakeToken) -> None:
    made = make_token()
    row = ApiToken.objects.get()
    assert row.token_hash == hash_token(made.secret)
    assert made.secret.startswith(row.beginning)
    assert len(row.beginning) < 15
    assert made.secret not in str(ApiToken.objects.values().get())


def test_each_scope_opens_its_own_addresses_and_no_other(make_token: MakeToken) -> None:
    for scope in READS:
        client = calling(make_token(scope).secret)
        for other, addresses in READS.items():
            for address in addresses:
                response = client.get(f"/api/v1/{address}")
                assert response.status_code == (200 if other == scope else 403), (scope, address)
                if other != scope:
                    assert other in response.json()["detail"]


def test_reading_does_not_allow_writing_nor_writing_reading(
    make_token: MakeToken, conversation: NewConversation
) -> None:
    address = f"/api/v1/conversations/{conversation.id}/messages/"
    body = {"text": "hello"}
    reader = calling(make_token(Scope.CONVERSATIONS_READ, Scope.ARTICLES_READ).secret)
    writer = calling(make_token(Scope.CONVERSATIONS_WRITE).secret)
    assert reader.post(address, body, content_type="application/json").status_code == 403
    assert writer.post(address, body, content_type="application/json").status_code == 201
    assert writer.get(address).status_code == 403
    article = {"title": "t", "body": "b"}
    for client in (reader, writer):
        refused = client.post("/api/v1/articles/", article, content_type="application/json")
        assert refused.status_code == 403


def test_an_expired_revoked_or_unknown_token_opens_nothing(make_token: MakeToken) -> None:
    ending, revoked = make_token(days=1), make_token()
    assert calling(ending.secret).get("/api/v1/turns/").status_code == 200
    ApiToken.objects.filter(pk=ending.row.pk).update(
        created_at=timezone.now() - timedelta(days=2), expires_at=timezone.now()
    )
    ApiTokenService().revoke(token_id=revoked.row.pk, now=timezone.now())
    for secret in (ending.secret, revoked.secret, "portal_unknown", "portal_", revoked.secret[:-1]):
        response = calling(secret).get("/api/v1/turns/")
        assert response.status_code == 401
        assert response.json()["code"] == "bad_token"


def test_a_token_ends_to_the_second(make_token: MakeToken) -> None:
    made = make_token(days=1)
    end = made.row.expires_at
    assert end is not None
    service = ApiTokenService()
    assert service.recognise(secret=made.secret, now=end - timedelta(seconds=1)).pk == made.row.pk
    with pytest.raises(UnusableToken):
        service.recognise(secret=made.secret, now=end)


def test_the_last_use_is_noted_at_most_once_a_minute(make_token: MakeToken) -> None:
    made, now = make_token(), timezone.now()
    service = ApiTokenService()
    for seconds, noted in ((0, 0), (30, 0), (61, 61)):
        service.recognise(secret=made.secret, now=now + timedelta(seconds=seconds))
        made.row.refresh_from_db()
        assert made.row.last_used_at == now + timedelta(seconds=noted)


def test_the_command_makes_lists_and_revokes() -> None:
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="conversations:read"):
        call_command("api_token", "make", "our shop", "--scopes", "turns:read")
    call_command(
        "api_token", "make", "our shop", "--scopes", "articles:read", stdout=out, stderr=err
    )
    secret = out.getvalue().strip()
    assert calling(secret).get("/api/v1/articles/").status_code == 200
    listed = StringIO()
    call_command("api_token", "list", stdout=listed)
    assert "our shop" in listed.getvalue()
    assert secret not in listed.getvalue()
    call_command("api_token", "revoke", str(ApiToken.objects.get().pk), stdout=listed)
    assert calling(secret).get("/api/v1/articles/").status_code == 401


def test_an_administrator_makes_a_token_that_is_shown_once(log_in: MakeClient) -> None:
    get_user_model().objects.create_superuser("root", password="open sesame")
    admin = Client()
    admin.login(username="root", password="open sesame")
    form = {"name": "our shop", "scopes": ["articles:read"], "days": "30"}
    made = admin.post("/admin/conversations/apitoken/add/", form, follow=True)
    assert made.status_code == 200
    row = ApiToken.objects.get()
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    assert calling(secret).get("/api/v1/articles/").status_code == 200
    page = admin.get(f"/admin/conversations/apitoken/{row.pk}/change/").content.decode()
    assert "our shop" in page
    assert secret not in page
    action = {"action": "revoke", "_selected_action": [str(row.pk)]}
    admin.post("/admin/conversations/apitoken/", action)
    assert calling(secret).get("/api/v1/articles/").status_code == 401


def test_a_supervisor_makes_no_tokens(log_in: MakeClient) -> None:
    boss = log_in("boss", "supervisor")
    assert boss.get("/admin/conversations/apitoken/add/").status_code in (302, 403)


def test_a_persons_write_without_the_csrf_token_is_refused(log_in: MakeClient) -> None:
    boss = log_in("boss", "supervisor")
    body = {"title": "t", "body": "b"}
    response = boss.post("/api/v1/articles/", body, content_type="application/json")
    assert response.status_code == 403
    assert response.json()["code"] == "not_allowed"
