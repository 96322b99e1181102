"""The simulation beside load tests: what it predicts from the calmest of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.benchmarks.simulation_check import check, measured


def report(folder: Path, conversations: int, *, processor: float = 100.0) -> Path:
    """A load test in which each first text came after 60 ms, 40 of them at the worker."""
    file = folder / f"{conversations}.json"
    found: dict[str, Any] = {
        "conversations": conversations,
        "think": 20.0,
        "first_token_ms": {"p50": 60.0, "p95": 60.0, "p99": 60.0},
        "cpu_ms_per_question": {"serve": processor / 2, "worker model": processor / 2},
        "service_ms": {"scripted": [[40.0, 50.0]] * 20},
        "machine": {"cores": 2},
    }
    file.write_text(json.dumps(found))
    return file


def test_a_calm_load_is_predicted_as_it_was_and_a_full_machine_waits(tmp_path: Path) -> None:
    files = [report(tmp_path, size) for size in (20, 200, 420)]
    calm, middle, full = check([test for file in files for test in measured(file, think=20)])
    assert calm.p50 == pytest.approx(0.06, abs=0.001)
    assert calm.busy < 0.1 < middle.busy < 0.6
    assert calm.p95 < middle.p95 < full.p95
    assert full.busy > 0.9
    assert full.p50 > 0.1  # 420 x 0.1 s in 20 s are more than two cores have


def test_a_dearer_question_makes_everybody_wait_longer(tmp_path: Path) -> None:
    (cheap,) = check(measured(report(tmp_path, 200), think=20))
    (dear,) = check(measured(report(tmp_path, 200, processor=180.0), think=20))
    assert dear.p95 > cheap.p95


def test_the_command_prints_prediction_and_measurement_beside_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(report(tmp_path, size)) for size in (20, 100)]
    call_command("simulate_capacity", "--check", *files, "--json", str(tmp_path / "out.json"))
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown[-2:]] == ["20", "100"]
    found = json.loads((tmp_path / "out.json").read_text())
    assert [item["measured_ms"]["p95"] for item in found] == [60, 60]
    assert found[0]["predicted_ms"]["p50"] == 60


def test_a_report_without_processor_times_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "no.json"
    file.write_text('{"conversations": 5}')
    with pytest.raises(CommandError, match=r"no\.json"):
        call_command("simulate_capacity", "--check", str(file))
