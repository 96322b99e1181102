"""Markup in every text field of the database, and every page that may show it: none comes alive."""

import uuid
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.test import Client
from django.utils import timezone

from conversations.models import (
    Citation,
    Conversation,
    Customer,
    MemoryFact,
    Message,
    Note,
    Section,
    Turn,
)
from conversations.streaming.replay import message_payload
from portal.core.markdown import render_message
from tests.security.conftest import World
from tests.security.people import ask
from tests.security.routes import model_pages, routes

pytestmark = pytest.mark.django_db

PAYLOAD = "\"'></script><b class=xss onclick=x>"
#: What code writes and reads back, or what an address is made of: no words of anybody.
CODES = frozenset({
    "slug", "token_hash", "last_token_hash", "digest", "fingerprint", "password", "codename",
    "app_label", "model", "session_key", "session_data", "timezone", "colour", "scope", "dimension",
    "measure", "identity", "key", "external_id", "language", "applies_to", "period", "metric",
})  # fmt: skip


class Canary(HTMLParser):
    """Finds elements that only our payload could have made."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.alive: list[str] = []
        self.shown = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if names.get("class") == "xss" or any(name.startswith("on") for name in names):
            self.alive.append(f"<{tag} {names}>")
        self.shown = self.shown or any("class=xss" in (value or "") for value in names.values())

    def handle_data(self, data: str) -> None:
        self.shown = self.shown or "class=xss" in data


def poison() -> set[str]:
    """Put the payload into every text of every row. Returns the fields that took it."""
    poisoned = set()
    for model in apps.get_models():
        if model._meta.app_label not in ("conversations", "insights", "auth"):
            continue
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, models.CharField | models.TextField)
            too_short = (field.max_length or 999) < len(PAYLOAD)
            if (
                not is_text
                or field.choices
                or field.name in CODES
                or too_short
                or field.primary_key
            ):
                continue
            label = f"{model._meta.label_lower}.{field.name}"
            if label == "auth.group.name":
                continue  # roles go by the groups' names
            try:
                with transaction.atomic():
                    rows = model._base_manager.all()
                    if field.unique:
                        rows = rows.filter(pk=getattr(rows.first(), "pk", None))
                    if rows.update(**{field.attname: PAYLOAD}):
                        poisoned.add(label)
            except DatabaseError:
                continue  # written once, by a trigger's order
    return poisoned


def fill_more(world: World) -> None:
    now = timezone.now()
    conversation = Conversation.objects.get(pk=world.conversation)
    conversation.customer = Customer.objects.create(identity=PAYLOAD, display_name=PAYLOAD)
    conversation.save()
    Section.objects.create(slug="returns", title=PAYLOAD)
    author = conversation.messages.first()
    MemoryFact.objects.create(conversation=conversation, kind="name", value=PAYLOAD, source=author)
    from django.contrib.auth import get_user_model

    boss = get_user_model().objects.get(username="root")
    Note.objects.create(conversation=conversation, author=boss, text=PAYLOAD, created_at=now)
    reply = Message.objects.create(
        conversation=conversation, seq=conversation.head_seq + 1, author="assistant", text=PAYLOAD,
        created_at=now,
    )  # fmt: skip
    Conversation.objects.filter(pk=conversation.pk).update(head_seq=reply.seq)
    Turn.objects.filter(conversation=conversation).update(reply=reply)
    Citation.objects.create(
        message=reply, number=1, title=PAYLOAD, url="javascript:alert(1)", revision=1
    )


def pages(world: World) -> list[tuple[str, str]]:
    found = [("agent", "/desk/"), ("outsider", "/desk/"), ("nobody", "/desk/login/?next=%3Cb")]
    found += [("nobody", f"/{path}") for path in ("", "help/", "help/returns/", "help/search/?q=b")]
    found += [
        ("root", route.path)
        for route in routes(world.values)
        if route.method == "get" and not route.path.startswith(("/metrics", "/readyz"))
    ]
    found += [("root", path) for _model, _page, path in model_pages(world.objects)]
    return [*dict.fromkeys(found)]


def test_no_page_lets_words_of_anybody_come_alive(world: World) -> None:
    fill_more(world)
    poisoned = poison()
    assert len(poisoned) > 30, sorted(poisoned)
    alive, broken, shown = [], [], 0
    for role, path in pages(world):
        answer = ask(world.clients[role], "get", path)
        if answer.status_code >= 500:
            broken.append(path)
        if "html" not in answer.headers.get("Content-Type", "") or answer.streaming:
            continue
        canary = Canary()
        canary.feed(answer.content.decode())
        shown += canary.shown
        if canary.alive:
            alive.append((path, canary.alive[:2]))
    assert not alive, alive
    assert not broken, broken
    assert shown > 20  # the words are really there to be read


QUERIES = ["q", "next", "from", "to", "topic", "measure", "page", "o", "p", "view", "_popup", "e"]


@pytest.mark.parametrize("path", ["/", "/help/search/", "/desk/login/", "/insights/ask/",
                                  "/insights/rows/", "/admin/login/",
                                  "/admin/conversations/message/", "/nowhere/"])  # fmt: skip
def test_nothing_of_an_address_comes_alive(world: World, path: str) -> None:
    for client in (Client(), world.clients["root"]):
        for evil in (PAYLOAD, "javascript:alert(1)//", "</title><b class=xss>"):
            answer = client.get(path, dict.fromkeys(QUERIES, evil), follow=True)
            canary = Canary()
            canary.feed(answer.content.decode())
            assert canary.alive == []
            assert 'href="javascript:' not in answer.content.decode().lower()


@pytest.mark.parametrize("author", ["assistant", "agent", "system"])
@pytest.mark.parametrize(
    "text",
    [
        PAYLOAD, "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))",
        "![](https://evil.example/?leak)", "<style>*{display:none}</style>", "[a](//evil.example)",
        "<svg><animate onbegin=alert(1)>", "`</code><script>alert(1)</script>`", "# <b class=xss>",
        "| a |\n|---|\n| <b class=xss> |", "[x]: javascript:alert(1)\n\n[x]", "&lt;b class=xss&gt;",
    ],
)  # fmt: skip
def test_the_html_of_a_message_is_harmless(author: str, text: str) -> None:
    conversation = Conversation.objects.create(token_hash=uuid.uuid4().hex)
    message = Message(
        conversation=conversation, seq=1, author=author, text=text, created_at=timezone.now()
    )
    payload: dict[str, Any] = message_payload(message)
    canary = Canary()
    canary.feed(payload["html"])
    assert canary.alive == []
    shown = payload["html"].lower()
    for evil in ("<script", "<style", "<img", "<svg", 'href="javascript', 'href="//'):
        assert evil not in shown
    assert payload["html"] == render_message(text)


def test_a_customers_words_come_without_html() -> None:
    conversation = Conversation.objects.create(token_hash=uuid.uuid4().hex)
    message = Message(
        conversation=conversation, seq=1, author="customer", text=PAYLOAD, created_at=timezone.now()
    )
    assert "html" not in message_payload(message)
