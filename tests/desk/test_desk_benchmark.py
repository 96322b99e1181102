"""The command that times an event's way to every open desk."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from conversations.benchmarks.desk_sockets import spread
from tests.live import LivePortal, free_port


def test_each_event_is_timed_at_each_desk_and_what_is_missing_or_twice_is_counted() -> None:
    sent = {7: 1.0, 8: 2.0}
    quick = [(7, 1.010), (8, 2.020)]
    slow = [(7, 1.030), (7, 1.040)]  # the first twice, the second never
    found = spread(sent, [quick, slow])
    assert (found.desks, found.events, found.lost, found.doubled) == (2, 2, 1, 1)
    assert (found.p50_ms, found.worst_ms) == (20.0, 30.0)
    assert found.whole_p95_ms == 30.0


@pytest.mark.django_db(transaction=True)
def test_without_a_portal_the_command_says_so_in_plain_words() -> None:
    with pytest.raises(CommandError, match="does not answer"):
        call_command(
            "benchmark_desk", desks=1, events=1, url=f"http://127.0.0.1:{free_port()}",
            stdout=StringIO(),
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.model
def test_events_reach_desks_of_a_running_portal_each_once(live_portal: LivePortal) -> None:
    printed = live_portal.manage("benchmark_desk", "--desks", "5", "--events", "4")
    assert "5 desks, 4 events" in printed
    assert "0 lost, 0 doubled" in printed
