"""The benchmark's own arithmetic, on an engine whose times are known."""

import time
from collections.abc import Iterator

import pytest

from conversations.inference.benchmark import Prompt, measure, prompts, table


class Steady:
    """Writes a token every ten milliseconds, one request at a time is no matter to it."""

    name = "steady"

    def ask(self, prompt: Prompt, tokens: int) -> Iterator[int]:
        for _ in range(tokens):
            time.sleep(0.01)
            yield 1

    def close(self) -> None:
        pass


class Broken(Steady):
    def ask(self, prompt: Prompt, tokens: int) -> Iterator[int]:
        yield 1
        raise RuntimeError("no memory")


def test_first_tokens_and_rates_are_those_of_the_engine() -> None:
    asked = prompts(4, prefix="cold", words=30, salt="x")
    run = measure(Steady(), asked, prefix="cold", tokens=20)
    assert 10 <= run.first_token_ms["p50"] <= run.first_token_ms["p95"] < 2000
    assert 4 < run.tokens_per_s <= 400
    assert run.as_json()["engine"] == "steady"
    assert "| steady | 4 | cold |" in table([run])


def test_cold_prompts_part_at_once_and_warm_ones_share_a_passage() -> None:
    cold = prompts(12, prefix="cold", words=40, salt="x")
    assert len({prompt[0].content.split()[1] for prompt in cold}) == 12
    warm = prompts(12, prefix="warm", words=40, salt="x")
    assert len({prompt[0].content for prompt in warm}) == 6
    assert len({prompt[1].content for prompt in warm}) == 12


def test_an_engine_that_fails_fails_the_run() -> None:
    asked = prompts(2, prefix="warm", words=20, salt="x")
    with pytest.raises(RuntimeError, match="no memory"):
        measure(Broken(), asked, prefix="warm", tokens=2)
