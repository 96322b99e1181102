"""Real sockets on the portal as `make run` starts it: a reload loses and doubles nothing."""

import pytest

from conversations.benchmarks.loadtest import Plan, run
from tests.live import LivePortal

pytestmark = [pytest.mark.model, pytest.mark.slow]

QUESTIONS = (
    "How do I return an item?",
    "How long do I have to return something?",
    "How do I delete my account?",
    "Do you sell boats?",
    "hello",
)


async def test_pages_reloaded_at_any_moment_lose_and_double_no_character(
    live_portal: LivePortal,
) -> None:
    plan = Plan(
        url=live_portal.url.rstrip("/"),
        conversations=4,
        seconds=0,
        think=0.1,
        questions=QUESTIONS,
        reloads=24,
    )
    report = await run(plan, lambda asked, seconds: None)
    assert report["reloads"] >= 24
    assert (report["lost"], report["duplicated"], report["out_of_order"]) == (0, 0, 0), report
    assert report["errors"] == {}
