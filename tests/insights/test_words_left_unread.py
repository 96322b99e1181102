"""What may be left out of a question, and what refuses it; and the model that weighs whole
questions, as it is shipped."""

import json
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from insights.ask.fitting import Examples, examples, fit
from insights.ask.likeness import Likeness, as_read, shipped
from insights.ask.reading import Reading, Refused, Understood, Vocabulary
from insights.ask.refusals import left_out, reason
from insights.ask.rules import read
from tests.insights.test_ask_questions import FOLDER, TODAY, VOCABULARY


def _ask(question: str) -> Reading:
    return read(question, vocabulary=VOCABULARY, today=TODAY)


def test_a_word_beside_the_figure_is_left_out_and_said_to_be() -> None:
    found = _ask("I bet the wrong answer rate improved, by topic last week?")
    assert isinstance(found, Understood)
    assert found.plan.measure == "wrong_rate"
    assert found.unread == ("bet",)
    assert "“bet”" in left_out(found.unread)


def test_what_a_trade_calls_its_customers_is_said_to_be_read_as_such() -> None:
    found = _ask("How many guests contacted us?")
    assert isinstance(found, Understood)
    assert found.plan.measure == "people"
    assert found.mended == (("guests", "customers"),)
    topic = Vocabulary({"topic": {"guests": "guests"}})
    named = read("How many conversations about guests?", vocabulary=topic, today=TODAY)
    assert isinstance(named, Understood)
    assert [item.values for item in named.plan.filters] == [("guests",)]


@pytest.mark.parametrize(
    ("question", "compared"),
    [
        ("Is satisfaction lower than it was last month?", "2026-10-01"),
        ("Do customers wait longer than they did in October?", "2026-10-01"),
        ("Did the wait get longer than it was in September?", "2026-09-01"),
        ("Compare the cost per conversation last week with this week", "2026-11-09"),
    ],
)
def test_the_time_that_is_compared_with_is_the_one_that_was_said(
    question: str, compared: str
) -> None:
    found = _ask(question)
    assert isinstance(found, Understood), found
    assert found.plan.compare is not None
    assert found.plan.compare.start.isoformat() == compared


def test_an_hour_of_the_clock_is_of_the_part_of_the_day_beside_it() -> None:
    found = _ask("How long do customers wait between 6 and 9 in the evening?")
    assert isinstance(found, Understood)
    assert [item.values for item in found.plan.filters] == [("18", "19", "20")]


@pytest.mark.parametrize(
    ("question", "measure", "unread"),
    [
        ("Why did customer satisfaction slip last month?", "csat", ("slip",)),
        ("What share of conversations was handled on its own?", "automation", ()),
        ("How much dosh has the bot saved us this year?", "savings", ()),
        ("upper-bound bot resolution rate, French, last month", "resolution_upper", ()),
        ("p95 wait for a human, logistics crew only", "wait_p95", ()),
        ("Why has satisfaction gone down the pan in October?", "csat", ()),
        ("how many emails about returns did we get in Sept?", "conversations", ()),
    ],
)
def test_people_say_it_in_their_own_words(
    question: str, measure: str, unread: tuple[str, ...]
) -> None:
    found = _ask(question)
    assert isinstance(found, Understood), found
    assert found.plan.measure == measure
    assert found.unread == unread


@pytest.mark.parametrize(
    "question",
    [
        "wrong answer rate for premium customers last week",  # before what is counted
        "wrong answer rate in Hamburg last week",  # after a preposition
        "Kevin's handling time in October",  # owning
        "wrong answer rate of customers who cancelled",  # in a relative clause
        "how many customers cancelled last week",  # the predicate of a plain count
        "wait time during the night shift",  # part of what a preposition is said of
        "wipe the wrong answers of last week",  # an order
        "containment, just not in German",  # an exclusion
        "csat of answers from the cache",  # two figures
        "wait time above 12 minutes",  # a number
        "satisfaction BERLIN last month",  # a name
        "handling time london last month",  # beside a word that was read
        "satisfaction dhl last month",  # known from questions that no figure answers only
        "satisfaction of customers who in the last three weeks on the widget cancelled",
        "how many customers love us",
        "how many conversations remain",
        "automation if silent customers are excluded",  # the contrary of the upper bound
        "automation if silent customers count as failures",
        "Sorry, without the widget - how many conversations last week?",
        "p95 satisfaction last month",  # another statistic
        "questions that don't have a billing article last week",
        "cost per conversation in dollars last month",  # of which the portal knows no rate
        "What was the minimum resolution time last month?",  # of what?
        "What automation rate would be good?",
        "How many conversations landed on our desk last week?",
        "How many contacts reached our inbox last week?",
        "How many out-of-hours conversations did we have last month?",  # no grouping by hour
        "What is our same-day resolution rate?",
        "How many customers wrote after hours 1-15 October?",
        "How many conversations between 9 and 12 and in the evenings",
        "Automation in weeks 10 to 14 this year",
        "Has satisfaction fallen back to the level of October?",
        "3 months of automation",
        "What percentage of money did the assistant save in October?",
        "What share of conversations was never handled by a human?",
        "csat of new customers",
        "satisfaction when the customer was polite",
        "csat of part-time agents last month",  # not two words that mean little
        "conversion rate of web conversations",  # the root of another word
        "stopped answers by operating system",
        "worker use by worker",
        "wrong answers by reviewer",
        "distribution of the satisfaction last month",
        "how many more agents do we need on Mondays to keep our promises",
        "are we going to keep more promises this winter",
        "what share of e-mails got a first reply within an hour",  # a share of a time
        "how many customers gave up in the queue before an agent picked up",
    ],
)
def test_a_word_that_may_narrow_the_figure_refuses_the_question(question: str) -> None:
    assert isinstance(_ask(question), Refused)


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        (
            "So only German customers on the widget - how long do they wait?",
            {"language", "channel"},
        ),
        ("Team billing last month - how many conversations?", {"team"}),
        ("Hi all, quick one before my meeting - what was csat in French?", {"language"}),
        ("Order hand-overs by agent last month", set()),
        ("how many order tickets came by email last month", {"topic", "channel"}),
    ],
)
def test_what_narrows_stays_whatever_is_said_around_it(question: str, filters: set[str]) -> None:
    found = _ask(question)
    assert isinstance(found, Understood)
    assert {item.dimension for item in found.plan.filters} == filters


@pytest.mark.parametrize(
    "question",
    ["conversations 0 to 5 october", "csat 31 june", "satisfaction 2026-13-45", "5 to 1 october"],
)
def test_a_day_that_the_calendar_has_not_is_refused_with_a_reason(question: str) -> None:
    found = _ask(question)
    assert isinstance(found, Refused)
    assert found.why == "date"
    assert "calendar" in reason(found)


def test_a_question_of_prepositions_is_read_in_no_time() -> None:
    began = time.process_time()
    _ask("of conversations " + "in " * 120)
    assert time.process_time() - began < 1.0


def test_the_whole_question_overrules_a_phrase_that_stands_in_it_by_chance() -> None:
    found = _ask("median time till the whole bot reply is done, orders, english, last 7 days")
    assert isinstance(found, Understood)
    assert found.plan.measure == "reply_time"


def test_the_shipped_model_is_the_one_of_the_phrases_and_questions_here() -> None:
    assert shipped().digest == examples(FOLDER.glob("*.jsonl")).digest, (
        "run: manage.py fit_questions tests/insights/questions/*.jsonl"
    )


def test_the_chances_of_all_figures_add_up_to_one() -> None:
    chances = shipped().chances(as_read("how long do people wait for a human?"))
    assert sum(chances.values()) == pytest.approx(1.0, abs=1e-5)
    assert max(chances, key=lambda key: chances[key]) == "wait_time"


def test_a_model_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    data = Examples(
        ("how many tokens", "wait for a person", "weather"), ("tokens", "wait_time", ""), (1.0,) * 3
    )
    fitted = fit(data)
    fitted.write(tmp_path / "model.npz")
    again = Likeness.read(tmp_path / "model.npz")
    assert again.digest == data.digest
    assert again.chances("tokens") == fitted.chances("tokens")
    assert again.knows("token")
    assert not again.knows("berlin")


def test_a_bad_example_is_named_by_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"q": "tokens", "m": "tokens"}) + "\nnonsense\n")
    with pytest.raises(CommandError, match="line 2"):
        call_command("fit_questions", path, out=tmp_path / "model.npz")
