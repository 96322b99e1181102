"""Continuous batching as bookkeeping: slots, chunks, shared prefixes, order."""

from hypothesis import given
from hypothesis import strategies as st

from conversations.inference.prefixes import PrefixIndex, page_keys
from conversations.inference.scheduler import Limits, Plan, Scheduler, Sequence
from conversations.inference.segments import segments

PAGE = 4


def scheduler(*, slots: int = 2, step_tokens: int = 8, pages: int = 16) -> Scheduler:
    limits = Limits(slots=slots, context=64, step_tokens=step_tokens)
    return Scheduler(limits, PrefixIndex(pages=pages, page_size=PAGE))


def sequence(length: int, *, first: int = 0, arrived: float = 0.0) -> Sequence:
    return Sequence(prompt=range(first, first + length), max_tokens=4, arrived=arrived)


def run_step(scheduler: Scheduler, now: float = 0.0) -> Plan:
    """Plan, pretend to compute, and give everybody a token."""
    plan = scheduler.plan(now)
    scheduler.commit(plan)
    for each in (*plan.writing, *(c.sequence for c in plan.chunks if c.completes)):
        each.output.append(7)
    return plan


def test_a_long_prompt_is_computed_in_chunks_while_others_write() -> None:
    engine = scheduler(step_tokens=8)
    short, long = sequence(3), sequence(20, first=100)
    engine.add(short)
    engine.add(long)
    first, second, third = run_step(engine), run_step(engine), run_step(engine)
    assert [(c.start, c.end) for c in first.chunks] == [(0, 3), (0, 5)]
    assert second.writing == (short,)
    assert [(c.start, c.end) for c in second.chunks] == [(5, 13)]
    assert third.writing == (short,)
    assert third.chunks[0].completes


def test_a_step_never_computes_more_of_prompts_than_its_budget() -> None:
    engine = scheduler(slots=8, step_tokens=10)
    for number in range(8):
        engine.add(sequence(9, first=number * 100))
    while plan := run_step(engine):
        assert sum(c.end - c.start for c in plan.chunks) <= 10
        for each in plan.writing:
            if len(each.output) >= each.max_tokens:
                engine.remove(each)
    assert engine.idle


def test_what_waits_enters_when_a_slot_is_free() -> None:
    engine = scheduler(slots=1)
    first, second = sequence(3), sequence(3, first=50)
    engine.add(first)
    engine.add(second)
    run_step(engine)
    assert (engine.active, engine.waiting) == (1, 1)
    engine.remove(first)
    plan = run_step(engine)
    assert [c.sequence for c in plan.chunks] == [second]
    assert second.slot == 0


def test_a_long_prompt_waits_for_short_ones_but_not_for_ever() -> None:
    engine = scheduler(slots=1)
    long, short = sequence(40, arrived=0.0), sequence(4, first=60, arrived=0.05)
    engine.add(long)
    engine.add(short)
    assert engine.plan(0.05).chunks[0].sequence is short
    patient = scheduler(slots=1)
    patient.add(sequence(4, first=60, arrived=1.0))
    patient.add(long)
    assert patient.plan(1.0).chunks[0].sequence is long


def test_a_second_question_on_the_same_passages_pays_for_itself_only() -> None:
    engine = scheduler(step_tokens=64)
    first = Sequence(prompt=[*range(12), 90, 91], max_tokens=4, arrived=0.0)
    second = Sequence(prompt=[*range(12), 80, 81, 82], max_tokens=4, arrived=0.0)
    engine.add(first)
    run_step(engine)
    engine.add(second)
    chunk = run_step(engine).chunks[0]
    assert (chunk.start, chunk.end) == (12, 15)
    assert len(chunk.pages) == 3
    assert second.cached == 12


def test_two_questions_at_once_share_what_one_of_them_computes() -> None:
    engine = scheduler(step_tokens=64)
    for end in (90, 80):
        engine.add(Sequence(prompt=[*range(12), end], max_tokens=4, arrived=0.0))
    first, second = run_step(engine), run_step(engine)
    assert [(c.start, c.end) for c in first.chunks] == [(0, 13)]
    assert [(c.start, c.end) for c in second.chunks] == [(12, 13)]


def test_the_same_prompt_again_computes_its_last_token_only_from_a_page_on() -> None:
    engine = scheduler(step_tokens=64)
    engine.add(sequence(12))
    run_step(engine)
    engine.add(sequence(12))
    chunk = run_step(engine).chunks[0]
    assert (chunk.start, chunk.end) == (8, 12)


def test_warming_waits_until_nobody_else_is_there() -> None:
    engine = scheduler(slots=2)
    warm = Sequence(prompt=range(8), max_tokens=0, arrived=0.0, warming=True)
    real = sequence(3, first=40)
    engine.add(warm)
    engine.add(real)
    assert [c.sequence for c in run_step(engine).chunks] == [real]
    assert engine.backlog == 0
    engine.remove(real)
    assert [c.sequence for c in run_step(engine).chunks] == [warm]


def test_the_longest_unused_page_makes_room_and_its_run_ends_there() -> None:
    index = PrefixIndex(pages=4, page_size=PAGE)
    old, new = list(range(8)), list(range(50, 62))
    old_keys, new_keys = page_keys(old, PAGE), page_keys(new, PAGE)
    index.insert(old, old_keys, 8)
    index.insert(new, new_keys, 12)
    assert len(index.match(new, new_keys)) == 3
    # The older run lost its last page, not its first: what is left can still be found.
    assert len(index.match(old, old_keys)) == 1


def test_a_run_longer_than_the_store_keeps_its_beginning() -> None:
    index = PrefixIndex(pages=2, page_size=PAGE)
    tokens = list(range(20))
    keys = page_keys(tokens, PAGE)
    assert index.insert(tokens, keys, 20) == [(0, 0), (1, 4)]
    assert index.match(tokens, keys) == [0, 1]


@given(st.lists(st.integers(0, 300), max_size=40))
def test_segments_read_every_slot_once_and_far_enough(lengths: list[int]) -> None:
    found = segments(lengths)
    covered = [slot for s in found for slot in range(s.first, s.last) if lengths[slot]]
    assert covered == [slot for slot, length in enumerate(lengths) if length]
    for segment in found:
        assert segment.length == max(lengths[segment.first : segment.last])


def test_one_long_conversation_does_not_pad_all_others() -> None:
    found = segments([100] * 10 + [1500] + [100] * 10)
    assert [(s.last - s.first, s.length) for s in found] == [(10, 100), (1, 1500), (10, 100)]
