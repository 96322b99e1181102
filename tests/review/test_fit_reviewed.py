"""Reviewed turns as examples: what counts, what is refused, what it changes, and going back."""

import random
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from conversations.dialogue.calibration import (
    DEFAULT_PATH,
    AdditiveModel,
    Shape,
    dump,
    load,
    parse,
)
from conversations.dialogue.features import features_of
from conversations.dialogue.guarantee import CurvePoint
from conversations.models import Article, Review, ReviewItem
from conversations.services.adapting import adapt, fit
from conversations.services.calibration_store import CalibrationStore, CurrentCalibration
from conversations.services.review_queue import ReviewQueueService
from conversations.services.review_samples import Example, collect, label_of
from conversations.services.review_verdicts import Judged, ReviewService
from tests.review.conftest import MONDAY, NOW, SIGNALS, MakeTurn


def examples(count: int, right: float, *, seed: int = 1) -> list[Example]:
    """Judged answers whose best article is right as often as said, whatever their signals."""
    chance = random.Random(seed)
    return [
        Example(
            f"turn-{number}",
            {**SIGNALS, "cosine": chance.uniform(0.3, 0.9), "coverage": chance.uniform(0.3, 1)},
            0 if chance.random() < right else None,
            True,
            1.0,
        )
        for number in range(count)
    ]


def test_no_example_changes_nothing_and_many_move_the_chance() -> None:
    shipped = load()
    same = adapt(shipped, [], data_digest="x")
    features = features_of({**SIGNALS})
    assert same.top.probability(features) == pytest.approx(
        shipped.top.probability(features), abs=1e-4
    )
    assert same.threshold(0.05) == pytest.approx(shipped.threshold(0.05), abs=1e-4)
    worse = adapt(shipped, examples(300, 0.3), data_digest="x")
    better = adapt(shipped, examples(300, 0.99), data_digest="x")
    shown = [one.top.probability(features) for one in (worse, shipped, better)]
    assert shown == sorted(shown)
    assert shown[0] < shown[2]


def test_where_half_of_it_is_wrong_less_is_answered() -> None:
    shipped = load()
    poor = adapt(shipped, examples(400, 0.5), data_digest="x")
    judged = examples(200, 0.5, seed=2)

    def answered(calibration: object) -> int:
        threshold = calibration.threshold(0.05)  # type: ignore[attr-defined]
        odds = (calibration.top.probability(features_of(one.signals)) for one in judged)  # type: ignore[attr-defined]
        return sum(chance >= threshold for chance in odds)

    assert answered(poor) <= answered(shipped)


def test_a_rung_that_spoils_answers_gets_a_stricter_threshold_of_its_own() -> None:
    good = [replace(one, rung="gpu") for one in examples(150, 0.99)]
    poor = [replace(one, rung="cpu") for one in examples(150, 0.6, seed=2)]
    few = [replace(one, rung="extractive") for one in examples(20, 0.1, seed=3)]
    steps = AdditiveModel(0.0, {"cosine": Shape((0.5, 0.7), (-1.0, 3.0, 3.5))})
    curve = (
        CurvePoint(0.97, 100.0, 1.0),
        CurvePoint(0.9, 200.0, 8.0),
        CurvePoint(0.1, 400.0, 99.0),
    )
    known = replace(load(), top=steps, curves={"any": curve})
    fitted = parse(dump(adapt(known, [*good, *poor, *few], data_digest="x")))
    assert fitted.curves.keys() == {"any", "cpu", "gpu"}
    assert fitted.threshold(0.05, "gpu") < fitted.threshold(0.05, "cpu")
    assert fitted.threshold(0.05, "extractive") == fitted.threshold(0.05)


def test_what_is_fitted_is_a_calibration_that_can_be_read_back() -> None:
    fitted = adapt(load(), examples(50, 0.8), data_digest="abc")
    again = parse(dump(fitted))
    assert (again.origin, again.data_digest) == ("reviewed turns", "abc")
    assert again.threshold(0.05) == fitted.threshold(0.05)


def test_the_prior_holds_a_handful_back() -> None:
    stretch, shift = fit([(2.0, False, 1.0)] * 3)
    assert 0.5 < stretch <= 1.1
    assert -2.5 < shift < 0


@pytest.mark.parametrize(
    ("verdict", "decision", "named", "expected"),
    [
        ("right", "answer", None, (0, True)),
        ("wrong", "answer", None, (None, True)),
        ("wrong", "answer", 8, (1, True)),
        ("unsafe", "answer", 7, (None, True)),
        ("partly", "answer", None, None),
        ("partly", "answer", 7, (0, True)),
        ("should_escalate", "answer", None, (None, False)),
        ("right", "escalate", None, (None, False)),
        ("right", "clarify", None, None),
        ("should_answer", "escalate", 7, (0, True)),
        ("should_answer", "escalate", 9, (None, True)),
        ("should_answer", "escalate", None, None),
    ],
)
def test_a_verdict_as_a_label(
    verdict: str, decision: str, named: int | None, expected: tuple[int | None, bool] | None
) -> None:
    assert label_of(Review(verdict=verdict, right_article_id=named), decision, [7, 8]) == expected


@pytest.fixture
def judged(make_turn: MakeTurn, returns: Article, sam: User) -> int:
    """A week's sample of 24 turns, judged: every fourth one wrong; and one complaint."""
    for number in range(24):
        make_turn(minutes=number)
    ReviewQueueService().draw_week(week=MONDAY.date(), size=24, now=NOW)
    service = ReviewService()
    for number, item in enumerate(ReviewItem.objects.order_by("turn__accepted_at")):
        verdict = Judged("wrong" if number % 4 == 0 else "right")
        service.judge(turn_id=item.turn_id, reviewer_id=sam.pk, judged=verdict, now=NOW)
    complaint = make_turn(minutes=-9_000)
    ReviewQueueService().add(turn_ids=[complaint.pk], why="complaint", now=NOW)
    service.judge(turn_id=complaint.pk, reviewer_id=sam.pk, judged=Judged("wrong"), now=NOW)
    return 24


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, var=tmp_path))
    return tmp_path / "calibration"


def fit_decisions(**options: object) -> str:
    out = StringIO()
    call_command("fit_decisions", stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_only_the_samples_stand_for_all_turns(judged: int) -> None:
    found = collect()
    assert (len(found.sampled), len(found.others)) == (judged, 1)
    assert sum(one.right for one in found.sampled) == 18
    assert sum(one.weight or 0 for one in found.weighed) == pytest.approx(24)


@pytest.mark.django_db
def test_reviewed_turns_become_the_calibration_in_use_and_can_be_taken_back(
    judged: int, folder: Path
) -> None:
    current = CurrentCalibration(CalibrationStore(folder))
    assert current().origin == "development sets"
    said = fit_decisions(reviewed=True)
    assert f"{judged} judged turns" in said
    assert "in use: 0001-" in said
    current._looked_at = 0
    assert current().origin == "reviewed turns"
    assert current().data_digest
    fit_decisions(reviewed=True)
    assert len(list(folder.glob("0*.json"))) == 2
    assert "in use: 0001-" in fit_decisions(roll_back=True)
    assert f"in use: {DEFAULT_PATH.name}" in fit_decisions(roll_back=True)
    current._looked_at = 0
    assert current().origin == "development sets"


@pytest.mark.django_db
def test_too_few_are_refused_with_the_way_out(judged: int, folder: Path) -> None:
    with pytest.raises(CommandError) as refused:
        fit_decisions(reviewed=True, minimum=100)
    said = str(refused.value)
    assert "24 judged turns" in said
    assert "100 are needed" in said
    assert "draw_review" in said
    assert "1 more were judged for a complaint" in said
    assert not folder.exists()


@pytest.mark.django_db
def test_a_damaged_file_makes_way_for_the_shipped_one(
    judged: int, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fit_decisions(reviewed=True)
    store = CalibrationStore(folder)
    store.current().write_text("{}")
    assert CurrentCalibration(store)().origin == "development sets"


def test_without_sets_and_reviews_the_command_says_what_it_needs() -> None:
    with pytest.raises(CommandError, match="--reviewed"):
        fit_decisions()
