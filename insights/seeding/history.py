"""DemoHistoryService: writes a made-up past into the tables that real runs fill; removes it.

Its conversations carry a mark in the place of a token's hash, its articles are archived, so that
neither a customer nor the assistant ever meets them. Events for replay are not made: nobody can
open such a conversation.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from conversations.models import (
    Article,
    Citation,
    Conversation,
    Customer,
    Escalation,
    Message,
    Rating,
    ResolutionSurvey,
    Review,
    Section,
    Turn,
    TurnPassage,
)
from conversations.retrieval.embedding import configured_embedder
from insights.seeding.copying import copy_rows
from insights.seeding.mark import MARK
from insights.seeding.rows import Cast, Rows, write_story
from insights.seeding.scenario import AGENTS, TOPICS, Calendar, begin_times, tell
from insights.themes.service import ThemeService
from portal.core.service import BaseService

Begin = tuple[int, datetime]
CHUNK = 5_000

_TABLES = (
    (Conversation, "conversations", ("id", "customer_id", "channel", "token_hash", "status",
     "holder", "language", "head_seq", "created_at", "updated_at")),
    (Message, "messages", ("id", "conversation_id", "seq", "author", "user_id", "text",
     "created_at")),
    (Turn, "turns", ("id", "conversation_id", "question_id", "covers_seq", "message_id",
     "reply_id", "state", "deadline_at", "rung_at", "decision", "reason", "confidence", "tier",
     "model", "prompt_tokens", "output_tokens", "accepted_at", "queued_at", "claimed_at",
     "retrieved_at", "decided_at", "first_token_at", "done_at")),
    (TurnPassage, "passages", ("turn_id", "rank", "article_id", "revision", "score",
     "in_prompt")),
    (Citation, "citations", ("message_id", "number", "article_id", "revision", "title", "url")),
    (Rating, "ratings", ("message_id", "score", "created_at", "updated_at")),
    (Review, "reviews", ("turn_id", "reviewer_id", "verdict", "created_at", "updated_at")),
    (Escalation, "escalations", ("id", "conversation_id", "turn_id", "reason", "priority",
     "state", "agent_id", "topic", "language", "opened_at", "claimed_at", "first_claimed_at",
     "ended_at", "first_response_at", "first_response_due", "resolution_due", "breaches")),
    (ResolutionSurvey, "surveys", ("id", "escalation_id", "conversation_id", "solved", "score",
     "asked_at", "answered_at")),
)  # fmt: skip


class DemoHistoryService(BaseService):
    name = "demo_history"

    def make(
        self,
        *,
        days: int,
        conversations: int,
        now: datetime,
        seed: int = 1,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        """Write a past of `days` days that ends at `now`. The same seed makes the same past."""
        with self.operation("make"):
            random = Random(seed)
            cast = _cast(max(1, conversations * 45 // 100), now)
            calendar = Calendar((now - timedelta(days=days - 1)).date(), days)
            times = [item for item in begin_times(calendar, conversations, random) if item[1] < now]
            for chunk in _chunks(times, CHUNK):
                rows = Rows()
                for day, at in chunk:
                    story = tell(calendar, day, at, len(cast.people) - 1, random)
                    write_story(rows, story, cast, random, now)
                _write(rows)
                if progress:
                    progress(len(chunk))

    def remove(self) -> int:
        """Delete everything that `make` wrote. Returns the number of conversations."""
        with self.operation("remove"), transaction.atomic():
            count = Conversation.objects.filter(token_hash=MARK).count()
            _delete_marked()
            Customer.objects.filter(identity__startswith=f"{MARK}:")._raw_delete("default")
            Article.objects.filter(external_id__startswith=f"{MARK}:").delete()
            Section.objects.filter(slug__in=TOPICS, description=MARK, articles=None).delete()
            get_user_model().objects.filter(username__in=AGENTS).delete()
        ThemeService(embedder=configured_embedder).forget()
        return count


def _write(rows: Rows) -> None:
    with transaction.atomic():
        for model, name, columns in _TABLES:
            copy_rows(model, columns, getattr(rows, name))


def _delete_marked() -> None:
    """Children first, by table: a cascade in Python over 100,000 conversations takes minutes."""
    marked = f"SELECT id FROM conversations_conversation WHERE token_hash = '{MARK}'"
    of_conversation = f"conversation_id IN ({marked})"
    messages = f"message_id IN (SELECT id FROM conversations_message WHERE {of_conversation})"
    turns = f"turn_id IN (SELECT id FROM conversations_turn WHERE {of_conversation})"
    orders = (
        *(("insights_" + grain, of_conversation) for grain in ("escalationfact", "turnfact")),
        ("insights_conversationfact", of_conversation),
        ("conversations_resolutionsurvey", of_conversation),
        ("conversations_turnpassage", turns),
        ("conversations_citation", messages),
        ("conversations_rating", messages),
        ("conversations_review", turns),
        ("conversations_escalation", of_conversation),
        ("conversations_turn", of_conversation),
        ("conversations_message", of_conversation),
        ("conversations_conversation", f"token_hash = '{MARK}'"),
    )
    with connection.cursor() as cursor:
        for table, where in orders:
            cursor.execute(f"DELETE FROM {table} WHERE {where}")


def _cast(people: int, now: datetime) -> Cast:
    """The people, agents and articles that appear; those of an earlier run are used again."""
    users = get_user_model().objects
    agents = {
        name: users.get_or_create(
            username=name, defaults={"is_active": False, "first_name": name[5:].title()}
        )[0].pk
        for name in AGENTS
    }
    articles = {topic: _articles(topic, titles) for topic, (_, titles) in TOPICS.items()}
    known = [uuid.uuid4() for _ in range(people)]
    copy_rows(
        Customer,
        ("id", "identity", "display_name", "created_at"),
        ((key, f"{MARK}:{key}", f"Customer {number}", now) for number, key in enumerate(known, 1)),
    )
    return Cast((None, *known), agents, articles)


def _articles(topic: str, titles: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Archived articles, which no search finds; in the shelf of that name."""
    shelf, _ = Section.objects.get_or_create(
        slug=topic, defaults={"title": topic.replace("-", " ").capitalize(), "description": MARK}
    )
    return tuple(
        (
            Article.objects.get_or_create(
                external_id=f"{MARK}:{topic}:{number}",
                defaults={
                    "slug": f"{MARK}-{topic}-{number}",
                    "section": shelf,
                    "title": title,
                    "body": title,
                    "status": Article.Status.ARCHIVED,
                },
            )[0].pk,
            title,
        )
        for number, title in enumerate(titles)
    )


def _chunks(items: list[Begin], size: int) -> Iterator[list[Begin]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
