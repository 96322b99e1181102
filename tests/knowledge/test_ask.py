"""`manage.py ask`: one question from the terminal through the whole pipeline."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations import assembly, dispatch
from conversations.inference.scripted import ScriptedBackend
from conversations.models import Conversation, Message, Turn
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import configured_embedder
from conversations.services.knowledge import KnowledgeService

DRAFTS = (
    ArticleDraft("returns", "How do I return an item?", "Send it back within 30 days of delivery."),
    ArticleDraft("delivery", "When does my parcel come?", "Parcels come within two working days."),
    ArticleDraft("giftcard", "Where is my gift card balance?", "It is shown in your account."),
)


@pytest.fixture
def articles(transactional_db: None) -> None:
    service = KnowledgeService(embedder=configured_embedder)
    for draft in DRAFTS:
        service.save_article(draft=draft)
    service.renew()
    assembly.search().corpus.refresh()


def run(question: str, **options: Any) -> str:
    out = StringIO()
    call_command("ask", question, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.mark.parametrize("question", ["", "  ", "x" * 8_001, "nul\x00"])
def test_a_question_that_cannot_be_asked_says_so(question: str) -> None:
    with pytest.raises(CommandError, match="8,000 characters"):
        run(question)


def test_search_alone_makes_no_conversation(articles: None) -> None:
    found = json.loads(run("how do I return an item", retrieve_only=True, json=True))
    assert found["articles"][0]["id"] == "returns"
    assert not Conversation.objects.exists()
    assert run("how do I return an item", retrieve_only=True).startswith("1. How do I return")


def test_without_a_worker_this_process_answers(
    articles: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backend = ScriptedBackend()
    monkeypatch.setattr(assembly, "build_backend", lambda config, tier: backend)
    monkeypatch.setattr(dispatch.rungs, "live", list)
    shown = json.loads(run("How do I return an item?", json=True))
    turn = Turn.objects.get()
    assert turn.state == Turn.State.DONE
    assert shown["text"] == Message.objects.get(author="assistant").text
    assert shown["decision"] == turn.decision
    assert turn.conversation.channel == "cli"
