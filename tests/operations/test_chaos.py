"""The short form of `make chaos`, on the portal as `make run` starts it."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from django.conf import settings

from conversations.benchmarks.client import Exchange
from conversations.management.commands.loadtest import read_questions
from portal import preparation
from portal.chaos.customers import StayingCustomer
from portal.chaos.experiment import NOTHING, Plan, broken_promises, experiment
from portal.chaos.faults import FAULTS, schedule
from portal.chaos.machine import Machine, NotRunning
from tests.live import LivePortal

#: The worker comes last, so that the tests that follow wait for no model in between.
SHORT = ("cut sockets", "restart redis", "kill web", "flush redis", "restart postgres",
         "kill model-worker")  # fmt: skip


@pytest.mark.model
@pytest.mark.slow
async def test_what_was_accepted_survives_each_kind_of_fault(live_portal: LivePortal) -> None:
    machine = Machine(replace(settings.CONFIG, var=live_portal.var), port=live_portal.port)
    machine.attach()
    plan = Plan(
        faults=SHORT,
        questions=20,
        conversations=3,
        think=0.5,
        texts=read_questions(preparation.DEMO_ARTICLES),
        seed=7,
    )
    report = await experiment(plan, machine, lambda line: None)
    assert [report[name] for name in NOTHING] == [0] * len(NOTHING), report
    assert report["replies"] == report["questions"] >= 20
    assert all(item["hit"] for item in report["injected"]), report["injected"]
    assert report["recovery_s"]["worst"] < 30, report["injected"]
    deadline = time.monotonic() + 90
    while not await asyncio.to_thread(machine.is_whole):
        assert time.monotonic() < deadline, "the model worker did not come back"
        await asyncio.sleep(0.5)


def test_a_schedule_has_every_kind_equally_often_and_is_the_same_for_a_seed() -> None:
    names = schedule(60, [], Random(3))
    assert names == schedule(60, [], Random(3)) != schedule(60, [], Random(4))
    counts = {names.count(name) for name in FAULTS}
    assert len(names) == 60 and counts <= {5, 6}
    assert set(schedule(50, ["kill model-worker"], Random(1))) == {"kill model-worker"}
    assert set(schedule(5, ["web"], Random(1))) == {"kill web"}
    with pytest.raises(ValueError, match="There are: kill model-worker"):
        schedule(5, ["earthquake"], Random(1))


def test_a_promise_that_was_not_kept_is_said_in_words() -> None:
    well = dict.fromkeys(NOTHING, 0) | {"recovery_s": {"worst": 3.0}}
    assert broken_promises(well) == []
    assert broken_promises(well | {"turns_late": 2}) == ["turns late: 2"]
    assert "promised" in broken_promises(well | {"recovery_s": {"worst": 11.0}})[0]


async def test_a_customer_notices_text_that_is_taken_back_or_told_twice_differently() -> None:
    customer = StayingCustomer("http://127.0.0.1:1", Random(1))
    exchange = Exchange("c", 0.0)
    for offset, text in ((0, "You can "), (4, "can return"), (4, "may")):
        await customer._receive(
            {"type": "reply.delta", "message": "m", "offset": offset, "text": text}, exchange
        )
    assert customer.text == "You can return"
    assert customer.tally.mismatched == 1
    done = {"type": "reply.done", "seq": 2, "message": {"seq": 2, "text": "You can return it."}}
    await customer._receive({"type": "message.accepted", "seq": 1, "client_id": "c"}, exchange)
    await customer._receive(done, exchange)
    assert exchange.done_ms is not None and customer.tally.mismatched == 1
    await customer._receive(done, exchange)
    assert customer.tally.mismatched == 1, "the same again is well"
    await customer._receive({**done, "message": {"seq": 2, "text": "No."}}, exchange)
    assert customer.tally.mismatched == 2
    await customer._receive({**done, "seq": 9}, exchange)
    assert customer.tally.out_of_order == 1


def test_a_folder_in_which_no_portal_runs_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="make run"):
        Machine(replace(settings.CONFIG, var=tmp_path), port=1).attach()
