"""How good are the words? Answers written from the right article, against reference answers.

Apart from the decision on purpose: each question with a reference answer and a gold article is
answered from that article, by the model behind its gate and by quotation, side by side.
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from conversations.dialogue.memory import Memory, Utterance
from conversations.inference.backend import GenerationBackend
from conversations.inference.ladder import Ladder
from conversations.models import Article
from conversations.retrieval.types import ArticleHit
from conversations.services.drafting import Draft, Drafting
from conversations.services.evaluation import Question
from conversations.services.keeper import HeldLease
from conversations.services.sources import gather
from conversations.services.turns import Lease
from conversations.streaming.publisher import TurnStream

_TOKEN = re.compile(r"[^\W_]+(?:[.,]\d+)?")
#: Articles and the commonest little words say nothing about an answer's content.
_LITTLE = frozenset("a an the of to in on for and or is are be it its with by at from as".split())


class PaperStream(TurnStream):
    """A stream that nobody watches: it only keeps the text."""

    def append(self, piece: str) -> None:
        self.text += piece


@dataclass
class TextTally:
    """Sums over the questions of one way to write."""

    f1: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    supported: int = 0
    refused: int = 0
    fell_back: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def add(self, draft: Draft, reference: str, milliseconds: float) -> None:
        f1, recall = token_f1(draft.text, reference)
        self.f1.append(f1)
        self.recall.append(recall)
        self.words.append(len(draft.text.split()))
        gate = draft.trace.get("grounding", {})
        self.supported += int(gate.get("supported", 0))
        self.refused += bool(gate.get("refused"))
        self.fell_back += bool(draft.trace.get("fallback"))
        self.milliseconds.append(milliseconds)

    def report(self) -> dict[str, Any]:
        count = len(self.f1)
        if not count:
            return {"answers": 0}
        judged = self.supported + self.refused
        return {
            "answers": count,
            "token_f1": round(sum(self.f1) / count, 4),
            "token_recall": round(sum(self.recall) / count, 4),
            "words": round(sum(self.words) / count, 1),
            "sentences_supported": round(self.supported / judged, 4) if judged else None,
            "fell_back_to_quoting": round(self.fell_back / count, 4),
            "ms_p50": round(sorted(self.milliseconds)[count // 2], 1),
        }


def write_all(
    questions: Sequence[Question],
    *,
    drafting: Drafting,
    backend: GenerationBackend | None,
    advanced: Callable[[int], object],
) -> dict[str, dict[str, Any]]:
    """Answer every question that has a reference answer, in each way. Keys: "quoted" and, with a
    backend, its rung's name."""
    ways: dict[str, GenerationBackend | None] = {"quoted": None}
    if backend is not None:
        ways[backend.name] = backend
    tallies = {name: TextTally() for name in ways}
    for question in questions:
        advanced(1)
        reference = question.meta.get("reference_answer")
        hits = _gold_hits(question)
        if not reference or not hits:
            continue
        for name, writer in ways.items():
            began = time.perf_counter()
            draft = _draft(drafting, question, hits, writer)
            tallies[name].add(draft, reference, (time.perf_counter() - began) * 1000)
    return {name: tally.report() for name, tally in tallies.items()}


def _gold_hits(question: Question) -> tuple[ArticleHit, ...]:
    articles = Article.objects.filter(external_id__in=question.gold)[:3]
    return tuple(
        ArticleHit(item.pk, item.external_id, item.revision, item.title, item.url, 0.0, ())
        for item in articles
    )


def _draft(
    drafting: Drafting,
    question: Question,
    hits: tuple[ArticleHit, ...],
    backend: GenerationBackend | None,
) -> Draft:
    lease = Lease(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), 1)
    stream = PaperStream(client=None, turn_id=lease.turn_id, epoch=1, ttl=1)  # type: ignore[arg-type]
    history = tuple(
        Utterance("user" if said.role == "user" else "agent", said.text)
        for said in question.history[-4:]
    )
    return drafting.write(
        memory=Memory(question.text, history),
        sources=gather(hits).sources,
        descent=Ladder.of(lambda: backend).descent(),
        stream=stream,
        held=HeldLease(lease),
        seconds_left=60.0,
    )


def token_f1(text: str, reference: str) -> tuple[float, float]:
    """F1 and recall of the reference's tokens, little words left out (the usual measure of
    question answering, after SQuAD; there it leaves out articles only)."""
    said, wanted = _tokens(text), _tokens(reference)
    shared = sum((said & wanted).values())
    if not shared:
        return 0.0, 0.0
    precision, recall = shared / sum(said.values()), shared / sum(wanted.values())
    return 2 * precision * recall / (precision + recall), recall


def _tokens(text: str) -> Counter[str]:
    found = (token.lower() for token in _TOKEN.findall(text))
    return Counter(token for token in found if token not in _LITTLE)
