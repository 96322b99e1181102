"""A host site says who its customer is with a signed token; anything else is refused in words."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from conversations.identity import BadIdentity, Identity, _base64, _sign, read, write
from conversations.models import Conversation, Customer

SECRET, OTHER = "s" * 32, "o" * 32
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANNA = Identity("c-1", "Anna Smith", "anna@example.com")
SOON = NOW + timedelta(hours=1)


def token(head: Any = None, secret: str = SECRET, **claims: Any) -> str:
    body = {"sub": "c-1", "exp": SOON.timestamp(), **claims}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (head or {"alg": "HS256", "typ": "JWT"}, body)
    ]
    signed = ".".join(parts)
    return f"{signed}.{_base64(_sign(signed.encode(), secret))}"


def test_a_signed_identity_comes_back_as_it_was_signed() -> None:
    signed = write(ANNA, secret=SECRET, expires=SOON)
    assert read(signed, secrets=[SECRET], now=NOW) == ANNA
    assert read(signed, secrets=[OTHER, SECRET], now=NOW) == ANNA  # while secrets are replaced


def test_it_reads_a_token_that_another_program_made() -> None:
    """HMAC-SHA256 over the two parts, worked out with openssl."""
    known = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImV4cCI6MTc5NTM1MjQwMH0."
        "qOqTn3FOzKDJ-5nI9J5l7dxbjgS6H0hjzgdy-vDHwTM"
    )
    moment = datetime.fromtimestamp(1795352400 - 60, UTC)
    found = read(known, secrets=[SECRET], now=moment)
    assert found.subject == "42"


@pytest.mark.parametrize(
    ("signed", "says"),
    [
        ("nonsense", "three parts"),
        ("a.b.c", "three parts"),
        (token(secret=OTHER), "signature"),
        (token({"alg": "none"}), "HS256"),
        (token({"alg": "RS256"}), "HS256"),
        (token(exp=None), "no exp"),
        (token(exp="soon"), "seconds since 1970"),
        (token(exp=True), "seconds since 1970"),
        (token(exp=(NOW - timedelta(minutes=2)).timestamp()), "expired"),
        (token(exp=(NOW + timedelta(days=30)).timestamp()), "longer than a day"),
        (token(nbf=(NOW + timedelta(hours=1)).timestamp()), "future"),
        (token(sub=""), "sub"),
        (token(sub="x" * 300), "sub"),
        (token(sub={"$ne": 1}), "sub"),
        (token(email="no address"), "e-mail"),
        (token(name=["Anna"]), "no text"),
    ],
)
def test_what_is_wrong_is_said(signed: str, says: str) -> None:
    with pytest.raises(BadIdentity, match=says):
        read(signed, secrets=[SECRET], now=NOW)


@given(st.text(max_size=80))
def test_no_text_passes_for_an_identity(text: str) -> None:
    with pytest.raises(BadIdentity):
        read(text, secrets=[SECRET], now=NOW)


def open_with(client: Client, identity: str) -> Any:
    return client.post(
        "/api/v1/conversations/", {"identity": identity}, content_type="application/json"
    )


@pytest.mark.django_db
def test_an_identified_customer_has_one_row_whatever_is_opened(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(settings.CONFIG, identity_secret=(SECRET,))
    monkeypatch.setattr(settings, "CONFIG", config)
    soon = datetime.now(UTC) + timedelta(hours=1)
    for name in ("Anna Smith", "Anna Jones"):
        signed = write(replace(ANNA, name=name), secret=SECRET, expires=soon)
        assert open_with(client, signed).status_code == 201
    customer = Customer.objects.get()
    assert (customer.identity, customer.display_name) == ("c-1", "Anna Jones")
    assert Conversation.objects.filter(customer=customer).count() == 2
    assert open_with(client, "").status_code == 201
    assert Conversation.objects.filter(customer=None).count() == 1


@pytest.mark.django_db
def test_a_bad_identity_opens_nothing(client: Client) -> None:
    response = open_with(client, write(ANNA, secret=SECRET, expires=SOON))
    assert response.status_code == 400
    assert response.json()["code"] == "bad_identity"
    assert "PORTAL_IDENTITY_SECRET" in response.json()["detail"]
    assert not Conversation.objects.exists()
