"""Measures what an engine gives many readers at once: first-token time and tokens per second.

Engines are compared on the same prompts, each with its own continuous batching where it has one.
"""

import os
import platform
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from conversations.inference.backend import ChatMessage

Prefix = Literal["cold", "warm"]
Prompt = tuple[ChatMessage, ...]

PASSAGES = (
    "Unused items go back within 30 days of delivery, in their packaging, with the printed label",
    "Standard parcels arrive in two to four working days; express ones on the next working day",
    "A gift card is valid for three years, cannot be paid out and can be used in several parts",
    "An order can be cancelled until it is packed; afterwards it has to be refused or sent back",
    "Refunds arrive on the card that was used within five working days of the parcel's arrival",
    "A warranty of two years covers faults of material, not wear, water or repairs by others",
)
QUESTIONS = (
    "How long do I have, and what does it cost me?",
    "What happens if I am late by a day?",
    "Can somebody else do that for me, please?",
    "Where do I see how far it is?",
    "Does this also count for presents?",
)


class Peer(Protocol):
    """An engine under test."""

    name: str

    def ask(self, prompt: Prompt, tokens: int) -> Iterator[int]:
        """Write a reply of so many tokens; yields the number of tokens in each piece."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Run:
    """One engine at one number of streams. Times in milliseconds.

    `tokens_per_cpu_s` counts the processor time that the whole process used: it hardly changes when
    the machine is busy with other work, so it compares engines where nothing else can.
    """

    engine: str
    streams: int
    prefix: Prefix
    first_token_ms: dict[str, float]
    tokens_per_s: float
    tokens_per_cpu_s: float

    def as_json(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "streams": self.streams,
            "prefix": self.prefix,
            "first_token_ms": self.first_token_ms,
            "tokens_per_s": self.tokens_per_s,
            "tokens_per_cpu_s": self.tokens_per_cpu_s,
        }


@dataclass
class _Tally:
    first: list[float] = field(default_factory=list)
    tokens: int = 0
    errors: list[BaseException] = field(default_factory=list)


def prompts(streams: int, *, prefix: Prefix, words: int, salt: str) -> list[Prompt]:
    """A prompt for each stream. Cold ones differ from their first words on; warm ones share one of
    a few passages and differ in the question."""
    made: list[Prompt] = []
    for number in range(streams):
        passage = PASSAGES[number % len(PASSAGES)]
        opening = f"Case {salt}-{number}. " if prefix == "cold" else ""
        text = " ".join([f"{opening}Answer the customer from this passage.", *[passage + "."] * 99])
        system = " ".join(text.split()[:words])
        question = f"{QUESTIONS[number % len(QUESTIONS)]} My order is {salt}{number}."
        made.append((ChatMessage("system", system), ChatMessage("user", question)))
    return made


def measure(peer: Peer, asked: Sequence[Prompt], *, prefix: Prefix, tokens: int) -> Run:
    """All prompts at once, a thread each. An engine's error is raised."""
    tally, lock = _Tally(), threading.Lock()
    started, cpu_started = time.perf_counter(), time.process_time()

    def read(prompt: Prompt) -> None:
        count, first = 0, None
        try:
            for piece in peer.ask(prompt, tokens):
                first = first or time.perf_counter() - started
                count += piece
        except Exception as exc:  # noqa: BLE001 (handed to the caller's thread)
            tally.errors.append(exc)
        with lock:
            tally.first.append(first or 0.0)
            tally.tokens += count

    threads = [threading.Thread(target=read, args=(prompt,)) for prompt in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    cpu_seconds = time.process_time() - cpu_started
    if tally.errors:
        raise tally.errors[0]
    return Run(
        peer.name,
        len(asked),
        prefix,
        {"p50": _percentile(tally.first, 50), "p95": _percentile(tally.first, 95)},
        round(tally.tokens / seconds, 1),
        round(tally.tokens / cpu_seconds, 1),
    )


def warm_up(peer: Peer, *, words: int) -> None:
    """Ask about each passage once, so that warm runs find it computed."""
    for prompt in prompts(len(PASSAGES), prefix="warm", words=words, salt="w"):
        for _piece in peer.ask(prompt, 1):
            pass


def machine() -> dict[str, Any]:
    """What the figures hold for, including how busy it was with other work."""
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": busy,
    }


def table(runs: Sequence[Run]) -> str:
    """The runs as a Markdown table."""
    lines = [
        "| engine | streams | prefix | first token p50 ms | p95 ms | tokens/s | tokens/CPU s |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    lines.extend(
        f"| {r.engine} | {r.streams} | {r.prefix} | {r.first_token_ms['p50']:,.0f} "
        f"| {r.first_token_ms['p95']:,.0f} | {r.tokens_per_s:,.0f} "
        f"| {r.tokens_per_cpu_s:,.0f} |"
        for r in runs
    )
    return "\n".join(lines)


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    place = max(0, -(-len(ordered) * percent // 100) - 1)
    return round(ordered[place] * 1000, 1)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
