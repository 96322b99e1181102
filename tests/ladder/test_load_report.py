"""The load test's report: medians, the page, the plots, and silent sockets on a real server."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from conversations.benchmarks import load_report
from conversations.benchmarks.client import Exchange
from conversations.benchmarks.loadtest import Plan, percentiles, report, service_times
from conversations.benchmarks.processes import cpu_seconds, per_question
from conversations.inference.scripted import OVERHEAD_REPLY, build
from conversations.management.commands.loadtest import _sizes, _without_paths
from tests.inference.conftest import request_for


def run(first_ms: float, *, conversations: int = 50, lost: int = 0) -> dict[str, Any]:
    times = percentiles([first_ms])
    return {
        **report(Plan("", conversations, 1, 1, ()), ()), "questions": 10, "replies": 10 - lost,
        "lost": lost, "tiers": {"cpu": 8, "cache": 2}, "first_frame_ms": percentiles([12.0]),
        "first_token_ms": times, "first_token_ms_by_tier": {"cpu": times}, "done_ms": times,
        "median_turn": {"claimed_ms": 20.0}, "cpu_ms_per_question": {"serve": 6.0},
    }  # fmt: skip


def test_several_runs_become_their_medians_and_sums() -> None:
    found = load_report.medians([run(100), run(300, lost=1), run(110)])
    assert found["first_token_ms"]["p95"] == 110
    assert found["runs"] == [100, 300, 110]
    assert (found["questions"], found["lost"], found["tiers"]["cpu"]) == (30, 1, 24)
    assert load_report.medians([run(100)]) == run(100)


def test_the_page_has_every_size_and_where_it_was_measured(tmp_path: Path) -> None:
    reports = [run(100, conversations=10), load_report.medians([run(200), run(220), run(900)])]
    files = load_report.write(tmp_path, reports, about="manage.py loadtest", name="load")
    page = files[0].read_text()
    for part in (
        "| 10 | 10 | 0 / 0 / 0 |",
        "**220**",
        "200, 220, 900",
        "cache 6, cpu 24",
        "cores",
        "- serve: 6",
    ):
        assert part in page
    if importlib.util.find_spec("matplotlib") is None:
        assert "No plot" in page
    else:
        assert files[1].read_bytes().startswith(b"\x89PNG")
        assert "load.png" in page


def test_processor_time_is_shared_out_over_the_questions() -> None:
    before, after = {"serve": 10.0}, {"serve": 10.5, "worker model": 2.0}
    assert per_question(before, after, 100) == {"serve": 5.0, "worker model": 20.0}
    assert per_question(before, after, 0) == {}
    assert cpu_seconds("http://127.0.0.1:1") == {}


def test_how_long_a_worker_had_a_turn_is_kept_for_the_simulation() -> None:
    done = Exchange("a", 0.0, tier="cpu")
    done.timings = {"claimed_ms": 20.0, "first_token_ms": 90.0, "done_ms": 1_020.0}
    ready = Exchange("b", 0.0, tier="none")
    ready.timings = {"done_ms": 50.0}
    assert service_times([done, ready]) == {"cpu": [(70.0, 1_000.0)]}


def test_sizes_and_paths_of_the_command_line() -> None:
    assert _sizes({"sweep": "50,10"}) == [10, 50]
    assert _sizes({"sweep": None}) == []
    with pytest.raises(CommandError, match="list of numbers"):
        _sizes({"sweep": "many"})
    with pytest.raises(CommandError, match="above 0"):
        _sizes({"sweep": "0"})
    assert _without_paths("loadtest --report /srv/docs/x") == "loadtest --report x"


def test_the_overhead_rung_says_what_the_articles_say() -> None:
    system = (
        'Rules.\n\n<article number="1" title="Returns">\nYou can return it. Or not.\n</article>'
    )
    assert "".join(build(object()).start(request_for(system, "Returns?"))) == "You can return it. "
    assert tuple(build(object()).start(request_for("Hello"))) == OVERHEAD_REPLY
