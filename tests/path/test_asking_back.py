"""Asked back, one step resolves it: a pick is answered, "none of these" goes to a person."""

import pytest

from conversations.dialogue.memory import Memory, Utterance
from conversations.dialogue.policy import Choice
from conversations.models import Article, Escalation
from conversations.services.choosing import CHOSEN, NONE_OF_THESE, buttons, chosen
from conversations.services.judgement import LastTurn

pytestmark = pytest.mark.django_db

ASKED = "what do i do with this massive armchair, it does not fit"
HISTORY = (
    Utterance("user", "hello"),
    Utterance("agent", "Hello!"),
    Utterance("user", ASKED),
    Utterance("agent", "Which of these is it about?"),
)


@pytest.fixture
def articles() -> list[Article]:
    titles = ("Return a large item", "Return a gift")
    return [
        Article.objects.create(external_id=t, slug=str(n), title=t, body="Text.", digest=t)
        for n, t in enumerate(titles)
    ]


@pytest.fixture
def last(articles: list[Article]) -> LastTurn:
    offered = buttons([Choice(article.pk, article.title) for article in articles])
    return LastTurn("clarify", "several_articles", offered)


def test_the_last_button_is_the_way_out(last: LastTurn) -> None:
    assert [choice["label"] for choice in last.choices] == [
        "Return a large item",
        "Return a gift",
        "None of these",
    ]


@pytest.mark.parametrize("said", ["Return a large item", "the first one", "large item"])
def test_a_pick_answers_what_was_asked_before(
    said: str, last: LastTurn, articles: list[Article]
) -> None:
    judged = chosen(Memory(said, HISTORY), last)
    assert judged is not None
    assert (judged.action, judged.reason, judged.question) == ("answer", CHOSEN, ASKED)
    assert [hit.article_id for hit in judged.articles] == [articles[0].pk]


@pytest.mark.parametrize("said", ["None of these", "neither", "no"])
def test_none_of_them_goes_to_a_person_with_words_of_its_own(said: str, last: LastTurn) -> None:
    judged = chosen(Memory(said, HISTORY), last)
    assert judged is not None
    assert (judged.action, judged.reason) == ("escalate", NONE_OF_THESE)
    assert judged.hand_over == Escalation.Reason.CLARIFY_FAILED
    assert judged.reply


def test_a_new_question_is_not_taken_for_a_pick(last: LastTurn) -> None:
    assert chosen(Memory("how long does delivery to Norway take?", HISTORY), last) is None


def test_choices_count_only_for_the_next_message(last: LastTurn) -> None:
    assert chosen(Memory("Return a gift", HISTORY), LastTurn("answer", "", last.choices)) is None


def test_an_article_withdrawn_meanwhile_is_searched_for_instead(
    last: LastTurn, articles: list[Article]
) -> None:
    Article.objects.filter(pk=articles[0].pk).update(status=Article.Status.ARCHIVED)
    assert chosen(Memory("Return a large item", HISTORY), last) is None
