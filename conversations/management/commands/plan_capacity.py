"""manage.py plan_capacity: how many workers a load needs, from a GPU's data sheet."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations.benchmarks.capacity import Load, MeasuredCpu, Plan, RooflineEngine, plan
from conversations.benchmarks.gpus import GPUS, named
from conversations.inference.backend import BackendUnavailable
from conversations.inference.model_shape import Quantization, shape_of
from conversations.inference.placement import Device, Wanted, gib, place
from portal import limits

STEP_TOKENS = 2_048


class Command(BaseCommand):
    help = (
        "Compute slots, memory, first-token time, throughput and workers (computed, not measured)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        config = settings.CONFIG
        parser.add_argument("--gpu", default="", help=f"one of {', '.join(g.name for g in GPUS)}")
        parser.add_argument("--conversations", type=int, required=True, help="open at once")
        parser.add_argument("--think", type=float, default=20, help="seconds between questions")
        parser.add_argument("--model", default=config.gpu_model, help="a known name or a folder")
        parser.add_argument("--quantization", choices=get_args(Quantization), default="nf4")
        parser.add_argument("--prompt-tokens", type=int, default=700)
        parser.add_argument("--reply-tokens", type=int, default=80)
        parser.add_argument(
            "--shared", type=float, default=0.5, help="part of a prompt that is computed already"
        )
        parser.add_argument(
            "--model-share", type=float, default=1.0, help="part of the questions for the model"
        )
        parser.add_argument("--context", type=int, default=config.model_context)
        parser.add_argument("--price", type=float, help="of one GPU worker an hour")
        parser.add_argument("--json", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        load = _load(options)
        plans: list[dict[str, Any]] = []
        if options["gpu"]:
            plans.append(self._gpu(options, load))
        cpu = plan(MeasuredCpu(), _small(load))
        plans.append(cpu.as_json())
        self._show(cpu)
        self.stdout.write(
            "\nThe GPU's figures are computed from its data sheet and a roofline model, not "
            "measured.\nThe CPU's steps are measured (docs/performance/inference.md), its plan is "
            "computed."
        )
        if options["json"]:
            report = {"load": vars(load), "plans": plans}
            options["json"].write_text(json.dumps(report, indent=2) + "\n")

    def _gpu(self, options: dict[str, Any], load: Load) -> dict[str, Any]:
        gpu, shape = named(options["gpu"]), shape_of(options["model"])
        if gpu is None:
            raise CommandError(f"Unknown GPU; use one of {', '.join(g.name for g in GPUS)}.")
        if shape is None:
            raise CommandError(f"The figures of {options['model']} are not known; name its folder.")
        wanted = Wanted(
            model=options["model"],
            quantization=options["quantization"],
            context=options["context"],
            step_tokens=STEP_TOKENS,
        )
        try:
            placed = place(shape, wanted, Device(0, gpu.name, int(gpu.memory), int(gpu.memory)))
        except BackendUnavailable as exc:
            raise CommandError(exc.reason) from exc
        engine = RooflineEngine(
            gpu.name, shape, options["quantization"], gpu.bandwidth, gpu.flops, placed.slots
        )
        found = plan(engine, load, price=options["price"])
        self._show(found)
        self.stdout.write(
            f"  memory          {gib(placed.total_bytes)} of {gib(gpu.memory)}: "
            f"{gib(placed.weight_bytes)} weights, {gib(placed.cache_bytes)} cache, "
            f"{gib(placed.prefix_bytes)} prefixes, {gib(placed.work_bytes)} to compute"
        )
        return {**found.as_json(), "memory_bytes": placed.total_bytes, "placement": placed.line}

    def _show(self, found: Plan) -> None:
        said = found.as_json()
        first = said["first_token_ms"]
        verdict = "" if found.holds else "   too slow for a single customer: more do not help"
        self.stdout.write(f"{found.engine}: {found.workers} worker(s){verdict}  [{said['basis']}]")
        self.stdout.write(f"  first text      p50 {first['p50']} ms, p95 {first['p95']} ms")
        self.stdout.write(f"  a reply         {said['reply_s']} s, {said['step_ms']} ms a token")
        self.stdout.write(
            f"  a worker        {found.slots} slots, {said['writing_at_once_per_worker']} writing, "
            f"{found.busy:.0%} of its time for prompts ({said['prompt_ms']} ms each)"
        )
        self.stdout.write(f"  together        {said['tokens_per_second']} tokens/s")
        if found.cost_per_hour is not None:
            self.stdout.write(f"  cost            {found.cost_per_hour:.2f} an hour")


def _load(options: dict[str, Any]) -> Load:
    numbers = ("conversations", "think", "prompt_tokens", "reply_tokens")
    shares = ("shared", "model_share")
    if any(options[name] <= 0 for name in numbers):
        raise CommandError("Conversations, think and tokens must be above 0.")
    if any(not 0 <= options[name] <= 1 for name in shares) or options["shared"] == 1:
        raise CommandError("--shared and --model-share are parts: 0 to 1, --shared below 1.")
    given = {name: options[name] for name in (*numbers, *shares)}
    return Load(**given, promise=limits.FIRST_TOKEN_PROMISE)


def _small(load: Load) -> Load:
    """What the small model is asked: the sentences that would be quoted, and 64 tokens at most."""
    return Load(
        conversations=load.conversations, think=load.think, model_share=load.model_share,
        prompt_tokens=220, reply_tokens=min(48, load.reply_tokens), shared=load.shared,
        promise=load.promise,
    )  # fmt: skip
