"""The stream of a turn's text on a real Redis: fenced, gapless, and never a character twice."""

import asyncio
import contextlib
import uuid

import pytest
import redis
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from conversations.streaming.coalescer import Coalescer
from conversations.streaming.hub import StreamHub
from conversations.streaming.publisher import (
    Fenced,
    StopRequested,
    TurnStream,
    state_key,
    stream_key,
)


@pytest.fixture
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


def stream(client: redis.Redis, turn_id: uuid.UUID, epoch: int = 1) -> TurnStream:
    return TurnStream(client=client, turn_id=turn_id, epoch=epoch, ttl=60)


def test_the_next_owner_goes_on_exactly_where_the_last_one_stopped(client: redis.Redis) -> None:
    turn_id = uuid.uuid4()
    first = stream(client, turn_id)
    first.open()
    first.append("Grüße 👋🏽, ")
    second = stream(client, turn_id, epoch=2)
    assert second.open() == "Grüße 👋🏽, "
    with pytest.raises(Fenced):
        first.append("never seen")
    second.append("wie geht es?")
    assert stream(client, turn_id, epoch=3).open() == "Grüße 👋🏽, wie geht es?"


def test_an_owner_with_an_older_epoch_cannot_open_the_stream(client: redis.Redis) -> None:
    turn_id = uuid.uuid4()
    stream(client, turn_id, epoch=2).open()
    with pytest.raises(Fenced):
        stream(client, turn_id, epoch=1).open()


def test_an_append_that_is_repeated_on_the_wire_shows_once(client: redis.Redis) -> None:
    turn_id = uuid.uuid4()
    writer = stream(client, turn_id)
    writer.open()
    writer.append("once")
    writer.text = ""  # as if the answer to the first append had been lost
    writer.append("once")
    assert stream(client, turn_id, epoch=2).open() == "once"


def test_a_stop_refuses_the_next_append(client: redis.Redis) -> None:
    turn_id = uuid.uuid4()
    writer = stream(client, turn_id)
    writer.open()
    writer.append("so far")
    client.hset(state_key(turn_id), "stop", "1")
    with pytest.raises(StopRequested):
        writer.append(" and no further")
    assert writer.text == "so far"


def test_a_redis_that_lost_its_memory_is_told_everything_again(client: redis.Redis) -> None:
    turn_id = uuid.uuid4()
    writer = stream(client, turn_id)
    writer.open()
    writer.append("before ")
    client.delete(stream_key(turn_id), state_key(turn_id))
    writer.append("after")
    assert stream(client, turn_id, epoch=2).open() == "before after"


def test_without_redis_the_text_is_kept_for_the_record() -> None:
    nowhere = redis.Redis(
        host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0)
    )
    writer = stream(nowhere, uuid.uuid4())
    assert writer.open() == ""
    writer.append("still ")
    writer.append("whole")
    assert writer.text == "still whole"
    assert writer.lossy


@given(pieces=st.lists(st.text(min_size=0, max_size=12), max_size=15))
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_pieces_joined_are_the_text(client: redis.Redis, pieces: list[str]) -> None:
    clean = [piece.encode("utf-8", "ignore").decode() for piece in pieces]
    turn_id = uuid.uuid4()
    writer = stream(client, turn_id)
    writer.open()
    for piece in clean:
        writer.append(piece)
    assert stream(client, turn_id, epoch=2).open() == "".join(clean)


async def test_two_followers_that_come_at_different_times_read_the_same_text(
    client: redis.Redis,
) -> None:
    hub, turn_id = StreamHub(settings.REDIS_URL), uuid.uuid4()
    writer = stream(client, turn_id)
    writer.open()

    async def follow() -> str:
        async for turn in hub.follow(turn_id):
            if turn.ended is not None:
                return turn.text
        raise AssertionError("the stream ended without its mark")

    early = asyncio.create_task(follow())
    for number in range(50):
        await asyncio.to_thread(writer.append, f"word{number} ")
    late = asyncio.create_task(follow())
    await asyncio.to_thread(writer.append, "end")
    await asyncio.to_thread(writer.end, 2)
    expected = "".join(f"word{number} " for number in range(50)) + "end"
    async with asyncio.timeout(10):
        assert await early == expected
        assert await late == expected
    await hub.close()


async def test_a_follower_survives_a_cut_connection(client: redis.Redis) -> None:
    hub, turn_id = StreamHub(settings.REDIS_URL), uuid.uuid4()
    writer = stream(client, turn_id)
    writer.open()
    seen: list[str] = []

    async def follow() -> None:
        async for turn in hub.follow(turn_id):
            seen.append(turn.text)

    task = asyncio.create_task(follow())
    await asyncio.to_thread(writer.append, "one ")
    await asyncio.sleep(0.2)
    for known in client.client_list(_type="normal"):
        if known["cmd"] in ("xread", "xadd"):
            client.client_kill_filter(_id=known["id"])
    await asyncio.to_thread(writer.append, "two")
    await asyncio.to_thread(writer.end, 1)
    async with asyncio.timeout(10):
        await task
    assert seen[-1] == "one two"
    await hub.close()


def test_the_coalescer_writes_the_first_piece_at_once_and_loses_none() -> None:
    now = [0.0]
    written: list[str] = []
    coalescer = Coalescer(written.append, lambda: now[0], interval=0.04, max_chars=50)
    for number in range(20):
        coalescer.feed(f"{number} ")
        now[0] += 0.01
    coalescer.flush()
    assert written[0] == "0 "
    assert len(written) < 10
    assert "".join(written) == "".join(f"{number} " for number in range(20))


async def test_a_follower_whose_cancellation_was_swallowed_ends_all_the_same() -> None:
    """Seen as a test run that hung: a task that was told to end waited for text for ever."""
    hub = StreamHub(settings.REDIS_URL)

    async def follow() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)  # a library takes the cancellation for an error of its own
        async for _ in hub.follow(uuid.uuid4()):
            pass

    follower = asyncio.create_task(follow())
    await asyncio.sleep(0)
    follower.cancel()
    done, _pending = await asyncio.wait({follower}, timeout=5)
    assert done == {follower}
    await hub.close()


async def test_a_reader_whose_cancellation_was_swallowed_ends_all_the_same() -> None:
    """Seen as a test run that hung at its end: redis-py's time limit made it an error of Redis."""

    class Wire:
        async def xread(self, *_args: object, **_options: object) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise redis.TimeoutError from None

        async def aclose(self) -> None:
            return

    hub = StreamHub(settings.REDIS_URL)
    await hub._client.aclose()
    hub._client = Wire()
    reader = asyncio.create_task(hub._read_for_ever())
    await asyncio.sleep(0)
    reader.cancel()
    done, _pending = await asyncio.wait({reader}, timeout=5)
    assert done == {reader}
    await hub.close()
