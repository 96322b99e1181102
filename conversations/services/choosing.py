"""Asking back with choices, and what follows when the customer takes one of them or none."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext

from conversations.dialogue import replies
from conversations.dialogue.choices import NONE, picked
from conversations.dialogue.memory import Memory
from conversations.dialogue.policy import Choice
from conversations.models import Article, Escalation
from conversations.retrieval.types import ArticleHit
from conversations.services.courtesies import before
from conversations.services.judgement import Judgement, LastTurn

#: A turn that names an offered choice is answered from it; anything else is a new question.
CHOSEN = "chosen"
NONE_OF_THESE = "none_of_these"


def buttons(choices: Sequence[Choice]) -> tuple[dict[str, Any], ...]:
    """The articles that were offered, and a way out. `value` is what a click says."""
    way_out = gettext(replies.NONE_OF_THESE)
    offered = [
        {"label": choice.title, "value": choice.title, "article": choice.article_id}
        for choice in choices
    ]
    return (*offered, {"label": way_out, "value": way_out, "article": None})


def chosen(memory: Memory, last: LastTurn) -> Judgement | None:
    """What the customer's pick leads to; None where it is no pick but a new question.

    An article that was picked answers the question that was asked before the choices were.
    """
    if last.action != "clarify":
        return None
    offered = [choice for choice in last.choices if choice.get("article")]
    place = picked(memory.question, [str(choice["label"]) for choice in offered])
    if place is None and _says(memory.question, last.choices[len(offered) :]):
        place = NONE
    if place is None:
        return None
    if place == NONE:
        return Judgement(
            "escalate",
            NONE_OF_THESE,
            reply=gettext(replies.hand_over(NONE_OF_THESE)),
            hand_over=Escalation.Reason.CLARIFY_FAILED,
            trace={"offered": [choice["article"] for choice in offered]},
        )
    article = Article.objects.published().filter(pk=int(offered[place]["article"])).first()
    if article is None:  # withdrawn meanwhile: its title is searched for like any words
        return None
    return Judgement("answer", CHOSEN, 1.0, articles=(_hit(article),), question=_asked(memory))


def _says(words: str, ways_out: Sequence[dict[str, Any]]) -> bool:
    said = words.strip().casefold()
    return any(str(choice.get("value", "")).casefold() == said for choice in ways_out)


def _asked(memory: Memory) -> str:
    """The customer's words before the choices were offered."""
    return before(memory)


def _hit(article: Article) -> ArticleHit:
    return ArticleHit(
        article_id=article.pk,
        external_id=article.external_id,
        revision=article.revision,
        title=article.title,
        url=article.get_absolute_url(),
        score=0.0,
        passages=(),
    )
