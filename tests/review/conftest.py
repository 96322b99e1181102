"""Finished turns as the assistant leaves them, for the tests of review."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User

from conversations.models import (
    Article,
    CachedAnswer,
    Citation,
    Conversation,
    Message,
    Passage,
    Section,
    Turn,
    TurnPassage,
)
from conversations.retrieval.drafts import ArticleDraft
from conversations.services.knowledge import KnowledgeService

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = MONDAY + timedelta(days=8)
SIGNALS = {"cosine": 0.71, "coverage": 0.8, "share": 0.9, "support": 0.6}
MakeTurn = Callable[..., Turn]


@pytest.fixture
def returns(db: None) -> Article:
    Section.objects.create(slug="returns", title="Returns")
    text = "You can return an item within 30 days. Send it back by post. Refunds take a week."
    KnowledgeService().save_article(
        draft=ArticleDraft("returns", "Returns", text, section="returns")
    )
    return Article.objects.get(external_id="returns")


@pytest.fixture
def make_turn(returns: Article) -> MakeTurn:
    """A conversation of one question and one reply, `minutes` after a Monday morning."""

    def make(
        question: str = "How long can I return an item?",
        text: str = "You can return an item within 30 days.",
        *,
        decision: str = "answer",
        tier: str = "cpu",
        confidence: float | None = 0.9,
        minutes: float = 0,
        article: Article | None = None,
        **fields: Any,
    ) -> Turn:
        at = MONDAY + timedelta(minutes=minutes)
        conversation = Conversation.objects.create(token_hash=uuid.uuid4().hex, head_seq=2)
        asked = Message.objects.create(
            conversation=conversation, seq=1, author="customer", text=question, created_at=at
        )
        reply = Message.objects.create(
            conversation=conversation, seq=2, author="assistant", text=text, created_at=at
        )
        trace = {
            "signals": SIGNALS,
            "confidence": confidence,
            "threshold": 0.7,
            "parts": {"cosine": 1.2},
        }
        turn = Turn.objects.create(
            conversation=conversation, question=asked, covers_seq=1, reply=reply, state="done",
            decision=decision, tier=tier if decision == "answer" else "", confidence=confidence,
            accepted_at=at, rung_at=at, deadline_at=at, queued_at=at,
            claimed_at=at + timedelta(milliseconds=8), decided_at=at + timedelta(milliseconds=60),
            first_token_at=at + timedelta(milliseconds=210), done_at=at + timedelta(seconds=1),
            **{"reason": "confident", "trace": trace, "model": "SmolLM2"} | fields,
        )  # fmt: skip
        source = article or returns
        passage = Passage.objects.filter(article=source, kind="body").first()
        TurnPassage.objects.create(
            turn=turn, rank=1, passage=passage, article=source, revision=1, score=1, in_prompt=True
        )
        if decision == "answer":
            Citation.objects.create(
                message=reply,
                number=1,
                article=source,
                revision=1,
                title=source.title,
                url="/help/",
            )
        return turn

    return make


@pytest.fixture
def cached() -> Callable[[Turn], CachedAnswer]:
    """The turn's answer in the cache, as it is kept for the next customer."""

    def keep(turn: Turn) -> CachedAnswer:
        from conversations.dialogue.sameness import asked

        one = asked(turn.question.text)
        assert one
        assert turn.reply
        article = Article.objects.get(external_id="returns")
        return CachedAnswer.objects.create(
            question=one.text, fingerprint=one.fingerprint, article=article, text=turn.reply.text,
            citations=[[1, article.pk, article.revision, article.title, "/help/"]], tier="cpu",
            turn=turn,
        )  # fmt: skip

    return keep


def make_user(username: str, role: str = "supervisor") -> User:
    user = get_user_model().objects.create_user(
        username, password="open sesame", is_staff=True, first_name=username.title()
    )
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def sam(db: None) -> User:
    return make_user("sam")


@pytest.fixture
def kim(db: None) -> User:
    return make_user("kim")
