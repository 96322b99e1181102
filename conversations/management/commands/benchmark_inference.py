"""manage.py benchmark_inference: our engine beside others, on the same prompts in the same run."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from conversations.inference import benchmark
from conversations.inference.backend import BackendUnavailable
from conversations.inference.benchmark import Peer, Prefix, Run
from conversations.inference.model_shape import Quantization

STREAMS = (1, 8, 16, 50)
PREFIXES: tuple[Prefix, ...] = ("cold", "warm")
#: Pieces of text that --divergence reads.
PIECES = 7
PEERS = ("llama.cpp", "transformers", "transformers-float32", "generate")


class Command(BaseCommand):
    help = "Measures first-token time and tokens per second at several numbers of streams."
    requires_system_checks: list[str] = []  # needs neither the database nor the pages

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--against", default="", help=f"peers, of {', '.join(PEERS)}")
        parser.add_argument("--streams", default=",".join(map(str, STREAMS)))
        parser.add_argument("--tokens", type=int, default=48, help="new tokens of each reply")
        parser.add_argument("--words", type=int, default=85, help="words of passages in a prompt")
        parser.add_argument("--rounds", type=int, default=1, help="medians of so many rounds")
        parser.add_argument(
            "--divergence",
            default="",
            metavar="WEIGHTS",
            help="instead: how far these weights (int8,nf4) are from the unquantized model",
        )
        parser.add_argument("--json", type=Path, default=None, metavar="FILE")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["divergence"]:
            self.stdout.write(_divergence(options["divergence"].split(",")))
            return
        streams = [int(part) for part in options["streams"].split(",")]
        against = [part for part in options["against"].split(",") if part]
        if unknown := set(against) - set(PEERS):
            raise CommandError(f"Unknown peer: {', '.join(sorted(unknown))}.")
        machine = {**benchmark.machine(), "threads": settings.CONFIG.model_threads or "default"}
        runs: list[Run] = []
        for name in ("portal", *against):
            runs.extend(self._measure(name, streams, options))
            if options["json"]:  # after each engine: what is measured is not lost
                report = {"machine": machine, "runs": [run.as_json() for run in runs]}
                options["json"].write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        self.stdout.write(benchmark.table(runs))

    def _measure(self, name: str, streams: list[int], options: dict[str, Any]) -> list[Run]:
        try:
            peer = _builders(max(streams))[name]()
        except BackendUnavailable as exc:
            raise CommandError(exc.reason) from exc
        runs: list[Run] = []
        total = len(streams) * 2 * options["rounds"]
        with tqdm(total=total, desc=name, disable=options["verbosity"] < 1) as bar:
            for prefix in PREFIXES:
                if prefix == "warm":
                    benchmark.warm_up(peer, words=options["words"])
                for count in streams:
                    runs.append(_median(peer, count, prefix, options, bar))
        peer.close()
        return runs


def _median(
    peer: Peer, streams: int, prefix: Prefix, options: dict[str, Any], bar: "tqdm[Any]"
) -> Run:
    """The middle one, by tokens per second, of the rounds."""
    rounds = []
    for number in range(options["rounds"]):
        asked = benchmark.prompts(
            streams, prefix=prefix, words=options["words"], salt=f"{streams}{number}"
        )
        rounds.append(benchmark.measure(peer, asked, prefix=prefix, tokens=options["tokens"]))
        bar.update()
    return sorted(rounds, key=lambda run: run.tokens_per_s)[len(rounds) // 2]


def _divergence(weights: list[str]) -> str:
    if unknown := set(weights) - set(get_args(Quantization)):
        raise CommandError(f"Unknown weights: {', '.join(sorted(unknown))}.")
    module = import_module("conversations.benchmarks.divergence")
    rungs = import_module("conversations.inference.llama_rungs")
    text = module.demo_text(settings.BASE_DIR / "conversations" / "demo" / "articles")
    try:
        source = rungs.cpu_settings(settings.CONFIG).source
        found = module.measure(source, weights, text, PIECES)
    except BackendUnavailable as exc:
        raise CommandError(exc.reason) from exc
    table: str = module.table(found)
    return table


def _builders(slots: int) -> dict[str, Callable[[], Peer]]:
    # As in registry: without this, OpenMP's threads spin and measure the neighbours' load.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    peers = import_module("conversations.inference.llama_peers")
    config = settings.CONFIG

    def transformers(dtype: str) -> Peer:
        module = import_module("conversations.benchmarks.transformers_peer")
        peer: Peer = module.TransformersPeer(config, slots=slots, dtype=dtype)
        return peer

    return {
        "portal": lambda: peers.PortalPeer(config),
        "generate": lambda: peers.GeneratePeer(config),
        "llama.cpp": lambda: peers.LlamaCppPeer(config, slots=slots),
        "transformers": lambda: transformers("bf16"),
        "transformers-float32": lambda: transformers("float32"),
    }
