"""AnswerCacheService: gives an answer again to a question that was answered before.

An entry counts only while every article it cites stands in the same revision, so a changed article
empties what depends on it in the same moment. Nothing of a conversation's history goes in or out.
"""

from collections.abc import Callable, Sequence

from django.db.models import F

from conversations.dialogue.sameness import SAME_MEANING, Asked, asked, may_be_same
from conversations.inference.extractive import Similarity
from conversations.models import Article, CachedAnswer, Review, Turn
from conversations.retrieval.embedding import EmbeddingUnavailable
from conversations.services.outcome import Cited, Outcome
from portal.core.metrics import CACHE_LOOKUPS
from portal.core.service import BaseService

#: Best first; an answer of a lower rung is not given where a better one would write now.
RUNGS = ("gpu", "cpu", "extractive")
CANDIDATES = 50

_GOOD = {Review.Verdict.RIGHT}
_BAD = {Review.Verdict.WRONG, Review.Verdict.UNSAFE, Review.Verdict.SHOULD_ESCALATE}


class AnswerCacheService(BaseService):
    name = "answer_cache"

    def __init__(self, *, similarity: Similarity | None, enabled: Callable[[], bool]) -> None:
        super().__init__()
        self.similarity, self.enabled = similarity, enabled

    def find(self, *, question: str, article_id: int, rung: str) -> CachedAnswer | None:
        """An answer to the same question from this article, as good as `rung` would write."""
        one = asked(question)
        if one is None or not self.enabled():
            return None
        found = self._find(one, article_id, rung)
        CACHE_LOOKUPS.labels("miss" if found is None else "hit").inc()
        return found

    def _find(self, one: Asked, article_id: int, rung: str) -> CachedAnswer | None:
        known = CachedAnswer.objects.filter(article_id=article_id).order_by("-approved", "-pk")
        entries = [entry for entry in known[:CANDIDATES] if _good_enough(entry, rung)]
        for entry in entries:
            if entry.fingerprint == one.fingerprint and _stands(entry):
                return self._given(entry)
        return self._by_meaning(one, entries)

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
        CachedAnswer.objects.filter(pk=entry.pk).update(hits=F("hits") + 1)
        return entry

    def keep(self, *, question: str, outcome: Outcome, turn_id: object) -> None:
        """Keep a fresh answer, if it may be given to somebody else."""
        one = asked(question)
        worthy = (
            self.enabled()
            and outcome.decision == Turn.Decision.ANSWER
            and outcome.tier in RUNGS
            and outcome.citations
            and outcome.text.strip()
            and not (outcome.stopped or outcome.failed or outcome.hand_over)
        )
        if one is None or not worthy:
            return
        CachedAnswer.objects.update_or_create(
            fingerprint=one.fingerprint,
            article_id=outcome.citations[0].article_id,
            tier=outcome.tier,
            defaults={
                "question": one.text,
                "text": outcome.text,
                "citations": [
                    [item.number, item.article_id, item.revision, item.title, item.url]
                    for item in outcome.citations
                ],
                "model": outcome.model,
                "turn_id": turn_id,
            },
        )

    def judge(self, *, turn: Turn, verdict: str) -> None:
        """A reviewer's word: a right answer comes first from now on, a wrong one is gone."""
        entries = CachedAnswer.objects.filter(turn=turn)
        if entry := turn.trace.get("cache"):
            entries = CachedAnswer.objects.filter(pk=entry) | entries
        if verdict in _GOOD:
            entries.update(approved=True)
        elif verdict in _BAD:
            entries.delete()


def citations(entry: CachedAnswer) -> tuple[Cited, ...]:
    return tuple(Cited(*item) for item in entry.citations)


def _good_enough(entry: CachedAnswer, rung: str) -> bool:
    return entry.approved or RUNGS.index(entry.tier) <= RUNGS.index(rung)


def _stands(entry: CachedAnswer) -> bool:
    """Whether all cited articles are published in the revision that the answer was written from."""
    cited = {item.article_id: item.revision for item in citations(entry)}
    now = Article.objects.published().filter(pk__in=cited).values_list("pk", "revision")
    return dict(now) == cited
