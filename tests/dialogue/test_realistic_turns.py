"""Two hundred turns as customers write them, each told apart as a good human desk would."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conversations.dialogue import courtesies_abroad, language, replies
from conversations.dialogue.memory import Memory, Utterance
from conversations.dialogue.turn_kind import Kind, classify
from conversations.models import Escalation
from conversations.retrieval.types import HistoryTurn
from conversations.services.courtesies import NOTED, OFFERED, WHICH_ONE, without_search
from conversations.services.judgement import Judgement, LastTurn

ROWS = [
    json.loads(line)
    for line in Path(__file__).with_name("turns.jsonl").read_text(encoding="utf-8").splitlines()
]
ANSWER = "You can return an item within 30 days."


def history(after: str) -> tuple[HistoryTurn, ...]:
    if not after:
        return ()
    return HistoryTurn("user", "How do I return it?"), HistoryTurn("agent", after)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"][:40])
def test_a_turn_is_what_a_person_would_take_it_for(row: dict[str, str]) -> None:
    assert classify(row["text"], history(row.get("after", ""))).kind == row["kind"]


def test_there_are_turns_of_every_kind() -> None:
    assert len(ROWS) >= 190
    assert {row["kind"] for row in ROWS} | {Kind.EMPTY} == set(Kind)


@pytest.mark.parametrize("piece", ["ha", "no ", "that is not ", "ok ok ", "i i i ", "hm", "!.,"])
def test_a_hostile_turn_is_classified_in_time(piece: str) -> None:
    said = history(ANSWER)
    began = time.process_time()
    for length in (30, 199, 8_000):
        classify((piece * length)[:length] + "x", said)
    assert time.process_time() - began < 0.5


def react(
    text: str, *, asked: str = "How do I return it?", reply: str = ANSWER, **last: Any
) -> Judgement | None:
    memory = Memory(text, (Utterance("user", asked), Utterance("agent", reply)))
    kind = classify(text, tuple(HistoryTurn(said.role, said.text) for said in memory.history))
    return without_search(
        kind, LastTurn(**{"action": "answer", "reason": "confident", **last}), memory
    )


def reaction(text: str, **more: Any) -> Judgement:
    found = react(text, **more)
    assert found is not None
    return found


def test_yes_takes_the_offer_of_a_person_in_one_step() -> None:
    for yes in ("yes", "please do", "that would be nice", "of course"):
        taken = reaction(yes, reply=replies.OFFER_PERSON, reason=OFFERED)
        assert taken.hand_over == Escalation.Reason.ASKED_FOR_PERSON


def test_no_to_the_offer_leaves_it() -> None:
    left = reaction("not now", reply=replies.OFFER_PERSON, reason=OFFERED)
    assert (left.action, left.reason, left.hand_over) == ("answer", "no", "")


def test_an_answer_that_did_not_help_brings_an_offer_and_then_a_person() -> None:
    for words in ("that didn't help", "no", "no, that's not what I asked"):
        assert reaction(words).reason == OFFERED
    again = reaction("still doesn't work", reply=replies.NOT_HELPED, reason=OFFERED)
    assert again.action == "escalate"


def test_that_is_all_after_an_answer_is_no_complaint_about_it() -> None:
    assert reaction("that's all").reason == "no"


def test_ok_after_an_answer_is_not_taken_for_the_beginning_of_a_question() -> None:
    assert reaction("ok").reply == replies.COURTESY["understood"]


def test_yes_to_several_choices_asks_which_one_once() -> None:
    choices = (
        {"label": "A", "value": "A", "article": 1},
        {"label": "B", "value": "B", "article": 2},
    )
    clarify = {"action": "clarify", "reply": "Which of these is it about?", "choices": choices}
    which = reaction("yes", reason="several_articles", **clarify)
    assert (which.action, which.reason, which.choices) == ("clarify", WHICH_ONE, choices)
    assert reaction("yes", reason=WHICH_ONE, **clarify).action == "answer"


def test_an_order_number_is_for_a_person_and_a_size_belongs_to_the_question() -> None:
    assert reaction("NW-20418").reason == OFFERED
    assert reaction("100482").reason == OFFERED
    assert react("size 42") is None  # searched together with the question
    assert reaction("NW-20418", action="escalate", reason="complaint", waiting=True).reason == NOTED
    assert reaction("5 gb", asked="hello").reason == OFFERED  # no question to join


class Search:
    """Finds nothing and remembers what was asked."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def search(self, query: Any) -> Any:
        self.texts.append(query.text)
        return SimpleNamespace(articles=(), signals={}, query=query.text)


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Iterator[Search]:
    monkeypatch.setattr("conversations.services.judging._foreign", lambda _text: None)
    yield Search()


def test_a_bare_detail_is_searched_with_the_question_that_it_belongs_to(search: Search) -> None:
    from conversations.dialogue.calibration import conservative
    from conversations.services.judging import SearchJudge

    judge = SearchJudge(search=search, calibration=conservative(), max_error=0.05)  # type: ignore[arg-type]
    said = (Utterance("user", "Does it fit my phone?"), Utterance("agent", "Which size is it?"))
    found = judge.judge(Memory("6.1 inch", said), last=LastTurn("answer", "confident"))
    assert search.texts == ["Does it fit my phone? 6.1 inch"]
    assert found.question == "Does it fit my phone? 6.1 inch"


def test_a_complaint_is_asked_for_an_order_number_only_if_none_was_given() -> None:
    said = "This is the worst service I have ever had"
    for text, facts, asks in (
        (said, (), True),
        (said, ("name: Ada",), True),
        (said, ("order number: NW-20418",), False),
        (f"{said}, my order number is NW-20418", (), False),
    ):
        memory = Memory(text, facts=facts)
        reply = without_search(classify(text), LastTurn(), memory)
        assert reply is not None and reply.hand_over == Escalation.Reason.COMPLAINT
        assert ("order number" in reply.reply) is asks, text


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Danke!", "Gern geschehen"),
        ("Vielen Dank", "Gern geschehen"),
        ("bedankt", "Graag gedaan"),
        ("merci beaucoup", "Je vous en prie"),
        ("hola", "¡Hola!"),
        ("Guten Morgen", "Guten Tag!"),
        ("arrivederci", "Arrivederci"),
        ("hej", "Hello!"),  # of two languages at least
        ("mange tak", "Selv tak"),
        ("tak", "You are welcome"),
        ("thanks", "You are welcome"),
    ],
)
def test_a_courtesy_is_returned_in_its_own_language(text: str, begins: str) -> None:
    assert reaction(text).reply.startswith(begins)


def test_every_language_of_a_courtesy_has_all_its_replies() -> None:
    assert {frozenset(known) for known in courtesies_abroad.REPLIES.values()} == {
        frozenset(language.HAND_OVER)
    }
