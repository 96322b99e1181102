"""The plots of decisions: their figures are right and their SVG is one document that shows them."""

import json
import math
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from conversations.services.decision_plots import (
    Point,
    bins,
    calibration_error,
    reliability_svg,
    risk_curve,
    risk_svg,
    wilson,
)

POINTS = [Point(0.95, True)] * 9 + [Point(0.95, False)] + [Point(0.15, False)] * 4
SVG = "{http://www.w3.org/2000/svg}"


def test_bins_have_the_mean_confidence_and_the_share_that_was_right() -> None:
    low, high = bins(POINTS)
    assert (round(low.confidence, 6), low.right, low.count) == (0.15, 0.0, 4)
    assert (round(high.confidence, 6), high.right, high.count) == (0.95, 0.9, 10)
    assert math.isclose(calibration_error(POINTS), (4 * 0.15 + 10 * 0.05) / 14)
    assert bins([]) == []
    assert bins([Point(1.0, True)])[0].count == 1


def test_an_interval_holds_its_share_and_shrinks_with_more_questions() -> None:
    few, many = wilson(0.9, 10), wilson(0.9, 1_000)
    assert few[0] < many[0] < 0.9 < many[1] < few[1]
    assert wilson(0.0, 5)[0] == 0.0


def test_the_risk_curve_takes_ties_together_and_counts_all_questions() -> None:
    assert risk_curve(POINTS, 28) == [(10 / 28, 0.1), (14 / 28, 5 / 14)]


def test_both_plots_are_svg_with_what_they_show() -> None:
    reliability = ElementTree.fromstring(reliability_svg(POINTS, 'A <title> & "more"'))
    assert len(reliability.findall(f"{SVG}circle")) == 2
    risk = ElementTree.fromstring(risk_svg(POINTS, 28, "Demo", max_error=0.05))
    assert len(risk.findall(f"{SVG}polyline")) == 1
    assert "0% at 5.0% wrong" in "".join(risk.itertext())


def test_the_command_draws_what_evaluate_wrote_and_says_what_is_wrong(tmp_path: Path) -> None:
    verdicts = tmp_path / "demo.jsonl"
    rows: list[dict[str, object]] = [{"confidence": p.confidence, "right": p.right} for p in POINTS]
    rows.append({"confidence": None, "right": False})
    verdicts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = StringIO()
    call_command("plot_decisions", verdicts, out=tmp_path / "plots", stdout=out)
    assert "14 of 15 questions" in out.getvalue()
    assert (tmp_path / "plots" / "risk_coverage.svg").read_text().startswith("<svg")
    verdicts.write_text('{"id": "q"}\n')
    with pytest.raises(CommandError, match="evaluate --verdicts"):
        call_command("plot_decisions", verdicts, out=tmp_path, stdout=StringIO())
