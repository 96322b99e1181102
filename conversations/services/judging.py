"""SearchJudge: what kind of turn it is, what the articles have, and what to do about it."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from django.utils.translation import gettext

from conversations.dialogue import language, policy, replies
from conversations.dialogue.calibration import Calibration
from conversations.dialogue.memory import Memory
from conversations.dialogue.turn_kind import Kind, classify
from conversations.models import Article, Escalation
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.types import HistoryTurn, SearchQuery
from conversations.services.choosing import buttons, chosen
from conversations.services.courtesies import before, escalation_reason, without_search
from conversations.services.judgement import Judgement, LastTurn


class SearchJudge:
    def __init__(
        self,
        *,
        search: KnowledgeSearch,
        calibration: Calibration | Callable[[], Calibration],
        max_error: float | Callable[[], float],
    ) -> None:
        """Both may be asked for each time: a new fit or another limit can come meanwhile."""
        self.search, self._calibration = search, calibration
        self.max_error = max_error if callable(max_error) else lambda: max_error

    @property
    def calibration(self) -> Calibration:
        known = self._calibration
        return known if isinstance(known, Calibration) else known()

    def warm_up(self) -> None:
        self.search.warm_up()

    def judge(self, memory: Memory, *, last: LastTurn, rung: str = "") -> Judgement:
        """Courtesies and wishes for a person need no search; the rest is searched and weighed."""
        history = tuple(HistoryTurn(said.role, said.text) for said in memory.history)
        if (taken := chosen(memory, last)) is not None:
            return taken
        kind = classify(memory.question, history)
        if (ready := without_search(kind, last, memory)) is not None:
            return ready
        if (foreign := _foreign(memory.question)) is not None:
            return foreign
        if kind.kind is Kind.SEVERAL:
            return self._several(kind.parts, history, last, rung)
        question = memory.question
        if kind.kind is Kind.DETAIL:  # it belongs to what was asked before it
            question = f"{before(memory)} {question}"
            found = self._search(SearchQuery(question, history), last, rung)
            return replace(found, question=question)
        return self._search(SearchQuery(question, history), last, rung)

    def _search(self, query: SearchQuery, last: LastTurn, rung: str) -> Judgement:
        result = self.search.search(query)
        began = perf_counter()
        decision = policy.decide(
            result,
            query,
            self.calibration,
            max_error=self.max_error(),
            last_action=last.action,
            rung=rung,
        )
        wanted = {article_id: place for place, article_id in enumerate(decision.article_ids)}
        articles = sorted(
            (hit for hit in result.articles if hit.article_id in wanted),
            key=lambda hit: wanted[hit.article_id],
        )
        judgement = Judgement(
            decision.action,
            decision.reason,
            decision.confidence,
            result=result,
            trace=decision.trace,
            decision_s=perf_counter() - began,
        )
        if decision.action == "answer":
            return replace(judgement, articles=tuple(articles))
        if decision.action == "clarify":
            return replace(
                judgement,
                reply=gettext(replies.CLARIFY[decision.reason]),
                choices=buttons(decision.choices),
            )
        return replace(
            judgement,
            reply=gettext(replies.hand_over(decision.reason, waiting=last.waiting)),
            hand_over=escalation_reason(decision.reason),
        )

    def _several(
        self, parts: tuple[str, ...], history: tuple[HistoryTurn, ...], last: LastTurn, rung: str
    ) -> Judgement:
        """Each question for itself: what can be answered is, the rest is handed over by name."""
        judged = [(part, self._search(SearchQuery(part, history), last, rung)) for part in parts]
        answered = [item for _, item in judged if item.action == "answer"]
        if not answered:
            return self._search(SearchQuery(" ".join(parts), history), last, rung)
        open_parts = [part for part, item in judged if item.action != "answer"]
        tops = {item.articles[0].article_id: item.articles[0] for item in answered}
        closing = gettext(replies.REST) % {"question": " ".join(open_parts)} if open_parts else ""
        return Judgement(
            "answer",
            "several",
            min(item.confidence or 0.0 for item in answered),
            closing=closing,
            hand_over=Escalation.Reason.NOT_SURE if open_parts else "",
            articles=tuple(tops.values()),
            result=answered[0].result,
            trace={"parts": [{"action": item.action, **item.trace} for _, item in judged]},
        )


def _foreign(question: str) -> Judgement | None:
    """A hand-over in the customer's language, where no article is written in it."""
    code = language.detect(question)
    if code in ("", "en") or Article.objects.published().filter(language=code).exists():
        return None
    return Judgement(
        "escalate",
        "language",
        reply=language.hand_over(code),
        hand_over=Escalation.Reason.NOT_SURE,
        language=code,
        trace={"language": code},
    )
