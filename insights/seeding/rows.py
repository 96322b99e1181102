"""One story as rows of the record's tables."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from insights.seeding.mark import MARK
from insights.seeding.scenario import Story

_ASKED = ("{}: how does it work?", "I have a question about {}.", "{}, please help", "Help with {}")
_PRIORITY = {"risk": 5, "complaint": 4, "asked_for_person": 3}
_PROMISE = timedelta(minutes=10)
_RESOLVE = timedelta(hours=4)
_MODELS = {"gpu": "Llama-3.1-8B-Instruct", "cpu": "SmolLM2-135M-Instruct", "extractive": ""}


@dataclass(frozen=True)
class Cast:
    """Who and what appears. `people[0]` is nobody; articles are (id, title) by topic."""

    people: Sequence[UUID | None]
    agents: Mapping[str, int]
    articles: Mapping[str, tuple[tuple[int, str], ...]]


@dataclass
class Rows:
    """Rows for each table, in the order of the columns in history.py."""

    conversations: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    turns: list[tuple[Any, ...]] = field(default_factory=list)
    passages: list[tuple[Any, ...]] = field(default_factory=list)
    citations: list[tuple[Any, ...]] = field(default_factory=list)
    ratings: list[tuple[Any, ...]] = field(default_factory=list)
    reviews: list[tuple[Any, ...]] = field(default_factory=list)
    escalations: list[tuple[Any, ...]] = field(default_factory=list)
    surveys: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass
class _Thread:
    """The conversation being written: where its clock and its numbers stand."""

    id: UUID
    rows: Rows
    clock: datetime
    seq: int = 0

    def say(self, author: str, text: str, user: int | None = None) -> UUID:
        self.seq += 1
        key = uuid.uuid4()
        self.rows.messages.append((key, self.id, self.seq, author, user, text, self.clock))
        return key


def write_story(rows: Rows, story: Story, cast: Cast, random: Random, now: datetime) -> None:
    """Add all rows of one conversation; what would lie after `now` has not happened yet."""
    thread = _Thread(uuid.uuid4(), rows, story.at)
    title = cast.articles[story.topic][story.article][1]
    turn = reply = None
    for decision in story.decisions:
        question = thread.say("customer", random.choice(_ASKED).format(title))
        turn, reply = _turn(thread, story, cast, question, decision, random)
        thread.clock += timedelta(seconds=random.uniform(15, 90))
    if story.thumb and reply is not None:
        rows.ratings.append((reply, story.thumb, thread.clock, thread.clock))
    ended = _hand_over(thread, story, cast, turn, now) if story.handed_over else True
    rows.conversations.append(
        (thread.id, cast.people[story.person], story.channel, MARK,
         "closed" if ended else "waiting", "assistant" if ended else "nobody", story.language,
         thread.seq, story.at, thread.clock)
    )  # fmt: skip


def _turn(
    thread: _Thread, story: Story, cast: Cast, question: UUID, decision: str, random: Random
) -> tuple[UUID, UUID]:
    rows, accepted = thread.rows, thread.clock
    claimed = accepted + timedelta(milliseconds=random.uniform(4, 30))
    decided = claimed + timedelta(milliseconds=random.uniform(20, 60))
    first = max(accepted + timedelta(milliseconds=story.first_token_ms), decided)
    done = first + timedelta(seconds=random.uniform(0.4, 4))
    asked_seq = thread.seq
    thread.clock = done
    reply = thread.say("assistant", f"About this: {story.topic}.")
    article, title = cast.articles[story.topic][story.article]
    answered = decision == "answer"
    reason = {"answer": "confident", "clarify": "several_articles"}.get(decision, story.handed_over)
    turn = uuid.uuid4()
    tokens = (random.randint(400, 900), random.randint(40, 160)) if answered else (None, None)
    rows.turns.append(
        (turn, thread.id, question, asked_seq, reply, reply, "done", done, accepted, decision,
         reason, story.confidence, story.tier if answered else "",
         _MODELS[story.tier] if answered else "", *tokens, accepted, accepted, claimed, decided,
         decided, first, done)
    )  # fmt: skip
    rows.passages.append((turn, 1, article, 1, round(story.confidence, 4), answered))
    if answered:
        rows.citations.append((reply, 1, article, 1, title, ""))
    if answered and story.reviewed:
        verdict = "wrong" if story.wrong else "right"
        judged = done + timedelta(days=1)
        rows.reviews.append((turn, cast.agents[story.agent], verdict, judged, judged))
    return turn, reply


def _hand_over(thread: _Thread, story: Story, cast: Cast, turn: UUID | None, now: datetime) -> bool:
    """The escalation and what the agent did. False: it is still waiting."""
    opened = thread.clock
    claimed = opened + timedelta(seconds=story.wait_s)
    ended = claimed + timedelta(seconds=story.handle_s)
    done = ended < now
    breaches = ["first_response"] if claimed > opened + _PROMISE else []
    agent = cast.agents[story.agent]
    key = uuid.uuid4()
    thread.rows.escalations.append(
        (key, thread.id, turn, story.handed_over, _PRIORITY.get(story.handed_over, 2),
         "resolved" if done else "waiting", agent if done else None, story.topic, story.language,
         opened, *((claimed, claimed, ended, claimed) if done else (None,) * 4),
         opened + _PROMISE, opened + _RESOLVE, breaches)
    )  # fmt: skip
    if not done:
        return False
    thread.clock = claimed
    thread.say("agent", "I am looking into it for you.", agent)
    thread.clock = ended
    thread.say("agent", "It is settled now. Anything else?", agent)
    if story.csat:
        solved = "yes" if story.csat > 2 else "no"
        thread.rows.surveys.append(
            (uuid.uuid4(), key, thread.id, solved, story.csat, ended, ended + timedelta(minutes=3))
        )
    return True
