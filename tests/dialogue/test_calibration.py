"""A calibration is used only when whole; otherwise the conservative one steps in and says so."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.dialogue.calibration import (
    CalibrationError,
    conservative,
    digest_of,
    dump,
    load,
    load_or_conservative,
    parse,
)
from conversations.dialogue.features import FEATURES, features_of
from conversations.dialogue.guarantee import CurvePoint, binomial_tail, curve_of, threshold_for


def shipped() -> dict[str, Any]:
    return dump(load())


def test_the_shipped_calibration_is_whole_and_comes_back_as_it_was_written() -> None:
    calibration = load()
    assert parse(dump(calibration)) == calibration
    assert calibration.threshold(0.05) < 1


def test_a_stricter_error_never_lowers_the_threshold() -> None:
    calibration = load()
    errors = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3)
    thresholds = [calibration.threshold(error) for error in errors]
    assert thresholds == sorted(thresholds, reverse=True)


def test_an_edited_file_is_refused() -> None:
    document = shipped()
    document["top"]["intercept"] += 1
    with pytest.raises(CalibrationError, match="digest"):
        parse(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 99}, "version"),
        ({"top": {"intercept": 0.0, "shapes": {"no_such_thing": [[], [0.0]]}}}, "no_such_thing"),
        ({"top": {"intercept": 0.0, "shapes": {"share": [[2.0, 1.0], [0, 0, 0]]}}}, "order"),
        ({"top": {"intercept": float("nan"), "shapes": {}}}, "number"),
        ({"top": {}}, "shapes"),
        ({"curves": {"any": [[0.5, 1.0, 2.0]]}}, "more wrong"),
        ({"delta": True}, "number"),
    ],
)
def test_a_wrong_part_is_named(change: dict[str, Any], message: str) -> None:
    document = {**shipped(), **change}
    document["digest"] = digest_of(document)
    with pytest.raises(CalibrationError, match=message):
        parse(document)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}"])
def test_a_file_that_is_no_calibration_gives_the_conservative_one(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    calibration, problem = load_or_conservative(path)
    assert calibration == conservative()
    assert problem


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    _, problem = load_or_conservative(tmp_path / "none.json")
    assert "fit_decisions" in problem


def test_the_conservative_calibration_is_a_calibration_too() -> None:
    document = json.loads(json.dumps(dump(conservative())))
    assert parse(document) == conservative()


@given(st.dictionaries(st.sampled_from(FEATURES), st.floats(allow_nan=True)))
def test_any_signals_give_finite_features_and_a_probability(signals: dict[str, float]) -> None:
    features = features_of(signals)
    assert set(features) == set(FEATURES)
    assert all(math.isfinite(value) for value in features.values())
    for calibration in (load(), conservative()):
        assert 0 <= calibration.top.probability(features) <= 1
        assert 0 <= calibration.among.probability(features) <= 1


RISING = ("share", "coverage", "centroid", "cosine", "centroid_margin")


@given(st.sampled_from(RISING), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_more_evidence_never_lowers_the_confidence(
    name: str, low: float, high: float, others: float
) -> None:
    low, high = sorted((low, high))
    signals = dict.fromkeys(FEATURES, others)
    less = load().top.probability(features_of({**signals, name: low}))
    more = load().top.probability(features_of({**signals, name: high}))
    assert less <= more + 1e-9


@pytest.mark.parametrize(("count", "wrong"), [(10, 0), (59, 1), (200, 8), (900, 45)])
def test_the_binomial_tail_is_exact(count: int, wrong: int) -> None:
    exact = sum(math.comb(count, k) * 0.05**k * 0.95 ** (count - k) for k in range(wrong + 1))
    assert binomial_tail(count, wrong, 0.05) == pytest.approx(exact, rel=1e-9)


def test_no_answers_prove_nothing() -> None:
    assert threshold_for([], 0.05) == math.inf
    assert threshold_for([CurvePoint(0.9, 5, 0)], 0.05) == math.inf


def test_a_faultless_record_of_enough_answers_is_trusted() -> None:
    assert threshold_for([CurvePoint(0.9, 100, 0)], 0.05) == 0.9


def test_a_curve_without_its_guarantee_gives_no_threshold() -> None:
    assert threshold_for([CurvePoint(0.9, 100, 30), CurvePoint(0.5, 200, 60)], 0.05) == math.inf


def test_ties_are_answered_together_or_not_at_all() -> None:
    curve = curve_of([0.9, 0.5, 0.5, 0.1], [True, False, True, True])
    assert [point.threshold for point in curve] == [0.9, 0.5, 0.1]
    assert curve[1].answered == 3
