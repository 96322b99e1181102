"""One turn as a reviewer opens it: what the customer saw, what it rests on, what was judged.

Reads only, with a number of queries that depends on nothing.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Substr

from conversations.models import (
    ArticleRevision,
    Conversation,
    Message,
    Review,
    ReviewChange,
    ReviewItem,
    Turn,
    TurnPassage,
)
from conversations.services import review_words
from conversations.services.review_words import Sentence, Signal, Step
from conversations.streaming.replay import message_payload, timings

BEFORE, AFTER = 20, 10  # messages shown around the turn
EARLIER = 5
MOST_PASSAGES = 6


@dataclass(frozen=True)
class Said:
    """A message as the customer saw it. `part`: before, question, reply or after."""

    payload: dict[str, Any]
    author: str
    part: str


@dataclass(frozen=True)
class Read:
    """A passage that was found, its sentences marked; `changed`: the article has a new text."""

    rank: int
    article: Any
    title: str
    heading: str
    sentences: tuple[Sentence, ...]
    score: float
    in_prompt: bool
    changed: bool


@dataclass(frozen=True)
class Page:
    turn: Turn
    item: ReviewItem | None
    said: tuple[Said, ...]
    passages: tuple[Read, ...]
    decision: tuple[str, ...]
    signals: tuple[Signal, ...]
    steps: tuple[Step, ...]
    total_ms: float
    earlier: tuple[Any, ...]
    mine: Review | None
    others: tuple[Review, ...]
    history: tuple[ReviewChange, ...]

    @property
    def used(self) -> list[Read]:
        """The passages that the reply was written from."""
        return [read for read in self.passages if read.in_prompt]

    @property
    def unused(self) -> list[Read]:
        return [read for read in self.passages if not read.in_prompt]


def read_page(*, turn_id: Any, user_id: int) -> Page | None:
    """Everything of one turn, or None. Others' verdicts are not shown before one's own."""
    turn = (
        Turn.objects.select_related("question", "reply", "reply__rating", "conversation__customer")
        .filter(pk=turn_id)
        .first()
    )
    if turn is None:
        return None
    item = (
        ReviewItem.objects.filter(turn=turn)
        .select_related("assignee", "flagged_by", "draw")
        .first()
    )
    reviews = list(turn.reviews.select_related("reviewer", "right_article", "draft"))
    mine = next((review for review in reviews if review.reviewer_id == user_id), None)
    history = turn.review_changes.select_related("actor").order_by("-pk")[:20]
    times = timings(turn)
    is_blind = item is not None and item.wanted > 1 and mine is None
    return Page(
        turn=turn,
        item=item,
        said=tuple(_said(turn)),
        passages=tuple(_passages(turn)),
        decision=tuple(review_words.decision(turn.decision, turn.reason, turn.trace)),
        signals=tuple(review_words.signals(turn.trace)),
        steps=tuple(review_words.steps(times)),
        total_ms=max(times.values(), default=0.0),
        earlier=tuple(_earlier(turn.conversation)),
        mine=mine,
        others=() if is_blind else tuple(r for r in reviews if r.reviewer_id != user_id),
        history=() if is_blind else tuple(history),
    )


def _said(turn: Turn) -> list[Said]:
    end = turn.reply.seq if turn.reply else turn.covers_seq
    said = (
        Message.objects.filter(conversation=turn.conversation_id)
        .select_related("turn", "rating", "user__agent_profile")
        .prefetch_related("citations")
    )
    until = list(said.filter(seq__lte=end).order_by("-seq")[: BEFORE + 2])[::-1]
    after = list(said.filter(seq__gt=end).order_by("seq")[:AFTER])
    found = []
    for message in (*until, *after):
        part = "after" if message.seq > end else "before"
        if message.pk == turn.question_id:
            part = "question"
        elif message.pk == turn.reply_id:
            part = "reply"
        found.append(Said(message_payload(message), message.author, part))
    return found


def _passages(turn: Turn) -> list[Read]:
    found = list(
        TurnPassage.objects.filter(turn=turn)
        .select_related("passage", "article")
        .order_by("rank")[:MOST_PASSAGES]
    )
    former = _former_texts([item for item in found if item.passage is None])
    reply = turn.reply.text if turn.reply and turn.decision == Turn.Decision.ANSWER else ""
    read = []
    for item in found:
        text = item.passage.text if item.passage else former.get((item.article_id, item.revision))
        read.append(
            Read(
                rank=item.rank,
                article=item.article,
                title=item.article.title if item.article else "",
                heading=item.passage.heading if item.passage else "",
                sentences=tuple(review_words.marked(text or "", reply)),
                score=item.score,
                in_prompt=item.in_prompt,
                changed=bool(item.article and item.article.revision != item.revision),
            )
        )
    return read


def _former_texts(gone: list[TurnPassage]) -> dict[tuple[int | None, int], str]:
    """The articles' texts as they were then, for passages that a new revision replaced."""
    wanted = {(item.article_id, item.revision) for item in gone if item.article_id}
    rows = ArticleRevision.objects.filter(
        article__in=[article for article, _ in wanted], number__in=[number for _, number in wanted]
    ).values_list("article_id", "number", "body")
    return {(article, number): body for article, number, body in rows}


def _earlier(conversation: Conversation) -> list[Conversation]:
    """The customer's conversations before this one; an anonymous one has none."""
    if conversation.customer_id is None:
        return []
    asked = Message.objects.filter(conversation=OuterRef("pk"), author=Message.Author.CUSTOMER)
    others = Conversation.objects.filter(
        customer=conversation.customer_id, created_at__lt=conversation.created_at
    ).annotate(first_words=Subquery(asked.order_by("seq").values(cut=Substr("text", 1, 140))[:1]))
    return list(others.order_by("-created_at")[:EARLIER])
