"""The cache is measured, and gives nothing stale while its articles are being edited."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from time import monotonic

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from conversations.models import Article, ArticleRevision, CachedAnswer, Citation, Message, Turn
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import HashEmbedder
from conversations.services.answer_cache import AnswerCacheService, citations
from conversations.services.cache_report import report
from conversations.services.events import append_message, lock
from conversations.services.intake import IntakeService
from conversations.services.knowledge import KnowledgeService, Planned
from conversations.services.outcome import Cited, Outcome

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "How long can I return an item?"
SECONDS = 2.0


def save(days: int) -> Article:
    draft = ArticleDraft("returns", "Returns", f"You can return an item within {days} days.")
    KnowledgeService(embedder=HashEmbedder).save_articles(planned=[Planned(draft)])
    return Article.objects.get(external_id="returns")


@contextmanager
def own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


class Race:
    """Editors, writers and askers of one article at the same time."""

    def __init__(self) -> None:
        self.article = save(30)
        self.cache = AnswerCacheService(similarity=None, enabled=lambda: True)
        self.ends = monotonic() + SECONDS
        self.faults: list[str] = []
        self.given = 0

    def edit(self) -> None:
        with own_connection():
            days = 31
            while monotonic() < self.ends:
                save(days)
                days += 1

    def answer(self) -> None:
        """Writes an answer from what it saw a moment ago, as a turn does."""
        with own_connection():
            while monotonic() < self.ends:
                seen = Article.objects.get(pk=self.article.pk)
                cited = Cited(1, seen.pk, seen.revision, seen.title, "/help/returns/")
                outcome = Outcome("answer", "confident", seen.body, "cpu", citations=(cited,))
                self.cache.keep(question=QUESTION, outcome=outcome, turn_id=None)

    def ask(self) -> None:
        with own_connection():
            while monotonic() < self.ends:
                before = Article.objects.get(pk=self.article.pk).revision
                entry = self.cache.find(question=QUESTION, article_id=self.article.pk, rung="cpu")
                after = Article.objects.get(pk=self.article.pk).revision
                if entry is not None:
                    self.given += 1
                    self.check(entry, before, after)

    def check(self, entry: CachedAnswer, before: int, after: int) -> None:
        (cited,) = citations(entry)
        if not before <= cited.revision <= after:
            self.faults.append(f"revision {cited.revision}, live {before} to {after}")
        text = ArticleRevision.objects.get(article=self.article, number=cited.revision).body
        if entry.text != text:
            self.faults.append(f"the words of another revision than {cited.revision}")


def test_an_answer_is_never_given_from_a_revision_that_was_replaced() -> None:
    race = Race()
    threads = [threading.Thread(target=do) for do in (race.edit, race.answer, race.ask, race.ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not race.faults
    assert race.given  # the cache did answer
    assert Article.objects.get(pk=race.article.pk).revision > 2


def give(article: Article, *, tier: str) -> Turn:
    """A turn that was answered by citing revision 1."""
    opened, now = IntakeService().open_conversation(), timezone.now()
    accepted = IntakeService().post_message(
        conversation_id=opened.id, client_id=uuid.uuid4(), text=QUESTION, now=now
    )
    assert accepted.turn_id
    reply = append_message(
        conversation=lock(opened.id), author=Message.Author.ASSISTANT, text="30 days", now=now
    )
    Citation.objects.create(
        message=reply, number=1, article=article, revision=1, title="Returns", url="/"
    )
    Turn.objects.filter(pk=accepted.turn_id).update(
        state="done", decision="answer", reason="confident", confidence=0.9, tier=tier,
        reply=reply, decided_at=now, done_at=now,
    )  # fmt: skip
    return Turn.objects.get(pk=accepted.turn_id)


def test_the_report_counts_hits_and_finds_what_was_stale() -> None:
    article = save(30)
    with transaction.atomic():
        give(article, tier="cpu")
        give(article, tier="cache")
    CachedAnswer.objects.create(
        question=QUESTION, fingerprint="f", article=article, text="30 days", citations=[],
        tier="cpu", hits=1, approved=True,
    )  # fmt: skip
    found = report(since=timezone.now() - timedelta(days=1))
    assert (found.answers, found.from_cache, found.stale) == (2, 1, 0)
    assert (found.hit_rate, found.entries, found.approved, found.given_again) == (0.5, 1, 1, 1)
    save(14)
    out = StringIO()
    call_command("cache_report", stdout=out)
    assert "1 of 2 sure answers came from the cache (50.0%); 0 stale." in out.getvalue()
    with transaction.atomic():
        give(article, tier="cache")  # a bug would do this: it cites what was replaced before
    with pytest.raises(CommandError, match="1 answers cite a revision"):
        call_command("cache_report", stdout=StringIO())
