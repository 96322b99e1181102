"""The capacity plan: its arithmetic, by hand and by what must hold whatever the figures."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from conversations.benchmarks.capacity import (
    COMPUTE_EFFICIENCY,
    MEMORY_EFFICIENCY,
    Load,
    MeasuredCpu,
    RooflineEngine,
    plan,
    under,
)
from conversations.benchmarks.gpus import GPUS, named
from conversations.inference.model_shape import LLAMA_31_8B

H100 = RooflineEngine("H100", LLAMA_31_8B, "none", 3.35e12, 989e12, 128)


def test_a_lone_step_waits_for_memory_and_a_long_prompt_for_arithmetic() -> None:
    weights = LLAMA_31_8B.weight_bytes("none")
    lone = H100.step_seconds(1, 0)
    assert lone == pytest.approx(weights / (3.35e12 * MEMORY_EFFICIENCY) + 32 * 120e-6 + 2e-3)
    long = H100.prompt_seconds(10_000)
    work = 2 * LLAMA_31_8B.parameters * 10_000
    assert long == pytest.approx(work / (989e12 * COMPUTE_EFFICIENCY))


def test_nf4_moves_more_than_it_keeps() -> None:
    nf4 = replace(H100, quantization="nf4")
    assert nf4.step_seconds(8, 500) > H100.step_seconds(8, 500)


def test_more_customers_need_more_workers_and_a_worker_more_helps() -> None:
    needed = [plan(H100, Load(conversations=n)).workers for n in (50, 500, 5_000, 50_000)]
    assert needed == sorted(needed)
    assert needed[0] == 1 < needed[-1]
    load = Load(conversations=5_000)
    few, many = under(H100, load, needed[2]), under(H100, load, 2 * needed[2])
    assert many.first_token_p95 < few.first_token_p95 <= load.promise
    assert not under(H100, load, needed[2] - 1).holds


def test_replies_at_once_obey_littles_law() -> None:
    load = Load(conversations=500)
    found = under(H100, load, 1)
    assert found.writing == pytest.approx(load.rate * found.reply, rel=0.01)


def test_a_device_that_is_too_slow_for_one_says_so() -> None:
    slow = replace(H100, bandwidth=10e9)
    assert not plan(slow, Load(conversations=10)).holds


def test_the_cpus_measured_points_are_met() -> None:
    cpu = MeasuredCpu()
    assert cpu.step_seconds(16, 0) == pytest.approx(0.054)
    assert cpu.prompt_seconds(128) == pytest.approx(0.114)
    assert cpu.step_seconds(33, 0) == pytest.approx((0.054 + 0.111) / 2)


def test_names_of_gpus_are_found_as_people_write_them() -> None:
    for written, found in (
        ("H100 80GB", "H100 80GB"), ("h100", "H100 80GB"), ("L4", "L4 24GB"),
        ("l40s", "L40S 48GB"), ("H100PCIe", "H100 PCIe 80GB"), ("rtx 4090", "RTX 4090 24GB"),
    ):  # fmt: skip
        gpu = named(written)
        assert gpu is not None
        assert gpu.name == found
    assert named("abacus") is named("") is None
    assert len({gpu.name for gpu in GPUS}) == len(GPUS)


def test_the_command_says_what_it_computed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    call_command("plan_capacity", "--gpu", "H100", "--conversations", "500", "--price", "3.5",
                 "--model", "meta-llama/Llama-3.1-8B-Instruct", "--json", str(file))  # fmt: skip
    said = capsys.readouterr().out
    assert "computed, not measured" in said
    assert "3.50 an hour" in said
    assert '"promise_holds": true' in file.read_text()
    with pytest.raises(CommandError, match="does not fit on T4"):
        call_command("plan_capacity", "--gpu", "T4", "--quantization", "none",
                     "--conversations", "5")  # fmt: skip
    with pytest.raises(CommandError, match="Unknown GPU; use one of H200"):
        call_command("plan_capacity", "--gpu", "abacus", "--conversations", "5")
