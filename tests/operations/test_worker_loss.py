"""A worker that dies is noticed by its session, one that is stopped by its silence; an error in
either costs work and never a second answer."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError
from django.utils import timezone
from kombu.transport import redis as transport

from conversations import dispatch
from conversations.escalation.desk import EscalationDeskService
from conversations.inference.rungs import RungReport
from conversations.models import Message, Turn, WorkerProcess
from conversations.services import liveness, turns
from conversations.services.broker_memory import MARK, BrokerMemory
from conversations.services.intake import IntakeService
from conversations.services.liveness import LivenessSession, Missing
from conversations.services.outage import through_outage
from conversations.services.outcome import Outcome, finish
from conversations.services.worker_loss import LivenessMonitor, WorkerLossService
from conversations.streaming.publisher import Fenced
from portal.broker import SteadyQoS
from tests.live import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
import django, sys, time
django.setup()
from conversations.services.liveness import LivenessSession
session = LivenessSession(name=sys.argv[1], queue="cpu")
while True:
    session.beat()
    print("alive", flush=True)
    time.sleep(0.2)
"""


@pytest.fixture
def watcher() -> Iterator[LivenessSession]:
    session = LivenessSession(name="watcher:1:a", queue="default")
    session.beat()
    session._since -= 60  # it has looked for a while
    yield session
    session.end()


@pytest.fixture
def other() -> Iterator[LivenessSession]:
    session = LivenessSession(name="other:2:b", queue="cpu")
    session.beat()
    session._since -= 60
    yield session
    session.drop()


@pytest.fixture
def worker(service_environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A process of its own that says that it lives."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, "killed:3:c"],
        env=service_environment, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout and "alive" in process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def ask() -> uuid.UUID:
    accepted = IntakeService().post_message(
        conversation_id=IntakeService().open_conversation().id,
        client_id=uuid.uuid4(),
        text="How long?",
        now=timezone.now(),
    )
    assert accepted.turn_id
    return accepted.turn_id


def claimed_by(name: str, monkeypatch: pytest.MonkeyPatch) -> turns.Lease:
    monkeypatch.setattr(liveness, "_own_name", [name])
    lease = turns.claim(turn_id=ask())
    monkeypatch.setattr(liveness, "_own_name", [])
    assert lease
    return lease


def end(lease: turns.Lease, text: str) -> None:
    outcome = Outcome(decision="answer", reason="article", text=text, tier="cpu")
    finish(lease=lease, outcome=outcome, desk=EscalationDeskService(), now=timezone.now())


def test_a_killed_worker_is_noticed_within_two_seconds_and_its_turn_is_free(
    worker: "subprocess.Popen[str]", watcher: LivenessSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = claimed_by("killed:3:c", monkeypatch)
    assert watcher.missing() == []
    assert turns.claim(turn_id=lease.turn_id) is None
    worker.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    monitor = LivenessMonitor(watcher, interval=0.5, losses=WorkerLossService())
    again = None
    while again is None and time.monotonic() - killed < 5:
        time.sleep(0.1)
        monitor.tick()
        again = turns.claim(turn_id=lease.turn_id)
    assert time.monotonic() - killed < 2
    assert again and again.epoch > lease.epoch
    assert not WorkerProcess.objects.filter(name="killed:3:c").exists()


def test_a_worker_that_was_taken_for_dead_and_lives_cannot_say_another_word(
    watcher: LivenessSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = claimed_by("paused:4:d", monkeypatch)
    stream = dispatch.open_stream(first.turn_id, first.epoch)
    stream.append("You can ")
    assert WorkerLossService().free("paused:4:d") == 1
    second = turns.claim(turn_id=first.turn_id)
    assert second
    assert dispatch.open_stream(second.turn_id, second.epoch).open() == "You can "
    assert first.owner not in turns.renew([first.owner]), "its keeper hears that it lost"
    with pytest.raises(turns.LostTurn):
        end(first, "twice")
    with pytest.raises(Fenced):
        stream.append("twice")
    end(second, "You can return it.")
    assert Message.objects.filter(author="assistant").count() == 1


def test_a_stopped_worker_keeps_its_turn_for_now_and_gets_no_new_ones(
    watcher: LivenessSession, other: LivenessSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = claimed_by(other.name, monkeypatch)
    dispatch.rungs.announce(
        RungReport(tier="cpu", worker=other.name, model="m", ready=True, at=time.time())
    )
    WorkerProcess.objects.filter(name=other.name).update(
        seen_at=timezone.now() - timedelta(seconds=10)
    )
    assert watcher.missing() == [Missing(other.name, "cpu", dead=False)]
    LivenessMonitor(watcher, interval=0.5, losses=WorkerLossService()).tick()
    assert dispatch.rungs.live() == []
    assert turns.claim(turn_id=lease.turn_id) is None, "it may go on in a moment"
    assert watcher.missing() == [], "it is dealt with once"
    other.beat()
    assert not WorkerProcess.objects.get(name=other.name).silent
    end(lease, "It went on and finished.")


def test_of_many_watchers_exactly_one_deals_with_a_loss(
    watcher: LivenessSession, other: LivenessSession
) -> None:
    WorkerProcess.objects.create(
        name="gone", queue="cpu", lock_key=1, started_at=timezone.now(), seen_at=timezone.now()
    )
    found = watcher.missing()
    assert found == other.missing() == [Missing("gone", "cpu", dead=True)]
    assert [watcher.claim_missing(found[0]), other.claim_missing(found[0])] == [True, False]


def test_who_could_not_look_for_a_while_calls_nobody_dead(watcher: LivenessSession) -> None:
    WorkerProcess.objects.create(
        name="gone", queue="cpu", lock_key=1, started_at=timezone.now(), seen_at=timezone.now()
    )
    assert [missing.name for missing in watcher.missing()] == ["gone"]
    with pytest.raises(psycopg.Error):  # as a restart of the database ends every session
        watcher._run("SELECT pg_terminate_backend(pg_backend_pid())", {})
    watcher.beat()
    assert watcher.missing() == [], "the others had no time to register again"


class Channel:
    """What is left of a channel when its connection was dropped."""

    connection = None


def test_a_message_that_is_acknowledged_after_its_connection_was_dropped_ends_no_worker() -> None:
    quality = SteadyQoS(Channel())
    quality.ack("tag")
    quality.reject("tag", requeue=True)
    quality._delivered["tag"] = "message"
    quality.restore_unacked_once()
    assert transport.Channel.QoS is SteadyQoS


def test_a_session_that_the_database_cut_registers_again(watcher: LivenessSession) -> None:
    with pytest.raises(psycopg.Error):
        watcher._run("SELECT pg_terminate_backend(pg_backend_pid())", {})
    assert watcher.beat(), "the session is new"
    assert [process.name for process in liveness.living()] == [watcher.name]
    watcher.end()
    assert liveness.living() == [] and not WorkerProcess.objects.exists()


def test_waiting_turns_are_rung_again_when_the_broker_lost_its_memory(
    watcher: LivenessSession,
) -> None:
    memory = BrokerMemory()
    memory.was_emptied()
    assert not memory.was_emptied()
    turn = ask()
    Turn.objects.filter(pk=turn).update(rung_at=timezone.now() - timedelta(seconds=5))
    before = Turn.objects.get(pk=turn).rung_at
    memory._client().delete(MARK)
    monitor = LivenessMonitor(
        watcher, interval=0.5, losses=WorkerLossService(), broker_was_emptied=memory.was_emptied
    )
    monitor.tick()
    assert Turn.objects.get(pk=turn).rung_at > before
    assert not memory.was_emptied()


def test_a_finished_answer_waits_for_the_database() -> None:
    tries = []

    def commit() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("the database system is starting up")
        return "kept"

    assert through_outage(commit, sleep=lambda seconds: None) == "kept"
    with pytest.raises(OperationalError):
        through_outage(_raise, seconds=0, sleep=lambda seconds: None)


def _raise() -> None:
    raise OperationalError("away")


def test_each_process_has_a_name_of_its_own() -> None:
    names = {liveness.new_name() for _ in range(50)}
    assert len(names) == 50
    assert all(str(os.getpid()) in name for name in names)
