"""AnswerCacheService: gives an answer again to a question that was answered before.

An entry counts only while every article it cites stands in the same revision, so a changed article
empties what depends on it in the same moment. Nothing of a conversation's history goes in or out.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from psycopg.types.json import Jsonb

from conversations.dialogue.sameness import SAME_MEANING, Asked, asked, may_be_same
from conversations.inference.extractive import Similarity
from conversations.models import Article, CachedAnswer, Message, Review, Turn
from conversations.retrieval.embedding import EmbeddingUnavailable
from conversations.services.outcome import Cited, Outcome
from conversations.tables import CACHED_ANSWERS
from portal.core.metrics import CACHE_LOOKUPS
from portal.core.prepared import prepared_cursor
from portal.core.service import BaseService
from portal.core.table import Table

#: Best first; an answer of a lower rung is not given where a better one would write now.
RUNGS = ("gpu", "cpu", "extractive")
CANDIDATES = 50

_FIELDS = (
    "question", "fingerprint", "article_id", "text", "citations", "tier", "model", "approved",
    "turn_id", "hits",
)  # fmt: skip
_GOOD = {Review.Verdict.RIGHT}
_BAD = {Review.Verdict.WRONG, Review.Verdict.UNSAFE, Review.Verdict.SHOULD_ESCALATE}


_REVISIONS = Table(Article, "id", "revision")
_COUNT = "UPDATE conversations_cachedanswer SET hits = hits + 1 WHERE id = %s"
#: What was written last stands; whether it was approved, and how often it was given, stays.
_KEEP = """
INSERT INTO conversations_cachedanswer
    (question, fingerprint, article_id, text, citations, tier, model, turn_id,
     approved, hits, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, false, 0, statement_timestamp())
ON CONFLICT (fingerprint, article_id, tier) DO UPDATE
   SET question = excluded.question, text = excluded.text, citations = excluded.citations,
       model = excluded.model, turn_id = excluded.turn_id
"""


class AnswerCacheService(BaseService):
    name = "answer_cache"

    def __init__(
        self,
        *,
        similarity: Similarity | None,
        enabled: Callable[[], bool],
        rungs: Sequence[str] = RUNGS,
    ) -> None:
        super().__init__()
        self.similarity, self.enabled, self.rungs = similarity, enabled, rungs

    def find(self, *, question: str, article_id: int, rung: str) -> CachedAnswer | None:
        """An answer to the same question from this article, as good as `rung` would write."""
        one = asked(question)
        if one is None or not self.enabled():
            return None
        found = self._find(one, article_id, rung)
        CACHE_LOOKUPS.labels("miss" if found is None else "hit").inc()
        return found

    def _find(self, one: Asked, article_id: int, rung: str) -> CachedAnswer | None:
        known = CACHED_ANSWERS.read(
            "article_id = %s ORDER BY approved DESC, id DESC LIMIT %s", [article_id, CANDIDATES]
        )
        entries = [entry for entry in known if self._good_enough(entry, rung)]
        for entry in entries:
            if entry.fingerprint == one.fingerprint and _stands(entry):
                return self._given(entry)
        return self._by_meaning(one, entries)

    def _good_enough(self, entry: CachedAnswer, rung: str) -> bool:
        """Whether the entry's rung, if it is one still, is no lower than `rung`."""
        if entry.approved or rung not in self.rungs:
            return entry.approved
        return entry.tier in self.rungs[: self.rungs.index(rung) + 1]

    def _by_meaning(self, one: Asked, entries: Sequence[CachedAnswer]) -> CachedAnswer | None:
        near = [
            (entry, other)
            for entry in entries
            if (other := asked(entry.question)) is not None and may_be_same(one, other)
        ]
        if not near or self.similarity is None:
            return None
        try:
            likeness = self.similarity(one.text, [other.text for _, other in near])
        except EmbeddingUnavailable:
            return None
        best = max(range(len(near)), key=likeness.__getitem__)
        if likeness[best] < SAME_MEANING or not _stands(near[best][0]):
            return None
        return self._given(near[best][0])

    def _given(self, entry: CachedAnswer) -> CachedAnswer:
        with prepared_cursor() as cursor:
            cursor.execute(_COUNT, [entry.pk])
        return entry

    def keep(self, *, question: str, outcome: Outcome, turn_id: object) -> None:
        """Keep a fresh answer, if it may be given to somebody else."""
        one = asked(question)
        worthy = (
            self.enabled()
            and outcome.decision == Turn.Decision.ANSWER
            and outcome.tier in self.rungs
            and outcome.citations
            and outcome.text.strip()
            and not (outcome.stopped or outcome.failed or outcome.hand_over)
        )
        if one is None or not worthy or _was_refused(outcome.text, outcome.citations[0].article_id):
            return
        cited = [
            [item.number, item.article_id, item.revision, item.title, item.url]
            for item in outcome.citations
        ]
        values: list[Any] = [
            one.text, one.fingerprint, outcome.citations[0].article_id, outcome.text,
            Jsonb(cited), outcome.tier, outcome.model, turn_id,
        ]  # fmt: skip
        with prepared_cursor() as cursor:
            cursor.execute(_KEEP, values)

    def judge(self, *, turn: Turn, verdict: str) -> dict[str, Any]:
        """A reviewer's word: a right answer comes first from now on, a wrong one is gone.

        Returns what was done, JSON-safe, for `take_back`.
        """
        entries = _given_in(turn)
        if verdict in _GOOD:
            fresh = list(entries.filter(approved=False).values_list("pk", flat=True))
            entries.filter(pk__in=fresh).update(approved=True)
            made = [] if fresh or entries.exists() else _keep_judged(turn)
            return {"approved": fresh, "made": made}
        if verdict in _BAD:
            removed = list(entries.values(*_FIELDS))
            entries.delete()
            return {"removed": [{**row, "turn_id": _text(row["turn_id"])} for row in removed]}
        return {}

    def take_back(self, done: dict[str, Any]) -> None:
        """Undo what `judge` did, as far as nothing newer stands in its place."""
        CachedAnswer.objects.filter(pk__in=done.get("approved", ())).update(approved=False)
        CachedAnswer.objects.filter(pk__in=done.get("made", ())).delete()
        CachedAnswer.objects.bulk_create(
            [CachedAnswer(**row) for row in done.get("removed", ())], ignore_conflicts=True
        )


def _given_in(turn: Turn) -> QuerySet[CachedAnswer]:
    """The entries that this turn made or was given, and those that say the very same."""
    condition = Q(turn=turn)
    if entry := turn.trace.get("cache"):
        condition |= Q(pk=entry)
    if turn.reply is not None:
        cited = turn.reply.citations.exclude(article=None).values("article")
        condition |= Q(article__in=cited, text=turn.reply.text)
    return CachedAnswer.objects.filter(condition)


def _keep_judged(turn: Turn) -> list[int]:
    """Keep a right answer that was not kept, if its question began the conversation alone."""
    one, reply = asked(turn.question.text), turn.reply
    if one is None or reply is None or turn.tier not in RUNGS or turn.stopped:
        return []
    before = Message.objects.filter(conversation=turn.conversation_id, seq__lte=turn.covers_seq)
    cited = list(reply.citations.exclude(article=None).order_by("number"))
    if turn.decision != Turn.Decision.ANSWER or not cited or before.count() != 1:
        return []
    entry, _ = CachedAnswer.objects.update_or_create(
        fingerprint=one.fingerprint,
        article_id=cited[0].article_id,
        tier=turn.tier,
        defaults={
            "question": one.text,
            "text": reply.text,
            "citations": [
                [item.number, item.article_id, item.revision, item.title, item.url]
                for item in cited
            ],
            "model": turn.model,
            "turn": turn,
            "approved": True,
        },
    )
    return [entry.pk]


def _was_refused(text: str, article_id: int) -> bool:
    """Whether a reviewer called these very words about this article wrong."""
    judged = Review.objects.filter(verdict__in=_BAD, turn__reply__text=text)
    return judged.filter(turn__reply__citations__article=article_id).exists()


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def citations(entry: CachedAnswer) -> tuple[Cited, ...]:
    return tuple(Cited(*item) for item in entry.citations)


def _stands(entry: CachedAnswer) -> bool:
    """Whether all cited articles are published in the revision that the answer was written from."""
    cited = {item.article_id: item.revision for item in citations(entry)}
    now = _REVISIONS.read("status = 'published' AND id = ANY(%s)", [list(cited)])
    return {article.pk: article.revision for article in now} == cited
