"""manage.py simulate_capacity: waits and cost of many conversations, from measured turns."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations.benchmarks import rehearsal, simulation_check
from conversations.benchmarks.rehearsal import NoMeasurements
from conversations.benchmarks.simulation import Rule, Service, World
from portal import limits


class Command(BaseCommand):
    help = "Simulate customers, workers and a scaling rule, seeded from measured service times."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="source", type=Path, help="a load test's --json file")
        parser.add_argument(
            "--check",
            type=Path,
            nargs="+",
            help="load tests' --json files of one machine: predict each from the calmest",
        )
        parser.add_argument("--tier", default="cpu", help="the rung whose turns are measured")
        parser.add_argument(
            "--slots", type=int, default=2, help="replies that a worker has in hand"
        )
        parser.add_argument("--conversations", default="50,500,5000,50000")
        parser.add_argument("--think", type=float, default=20)
        parser.add_argument("--around", type=float, default=0.02, help="seconds outside of workers")
        parser.add_argument("--price", type=float, help="of a worker an hour")
        parser.add_argument("--no-ladder", action="store_true", help="everybody waits for a slot")
        parser.add_argument("--scale", help="rehearse phases, such as 50:300,500:900,50:900")
        parser.add_argument("--target", type=float, default=0.7, help="of a worker's slots in use")
        parser.add_argument("--poll", type=float, default=15)
        parser.add_argument("--cooldown", type=float, default=300)
        parser.add_argument("--start", type=float, default=60, help="seconds till a worker serves")
        parser.add_argument("--most", type=int, default=1_000, help="workers at most")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        report = self._check(options) if options["check"] else self._simulate(options)
        if options["json"]:
            options["json"].write_text(json.dumps(report, indent=2) + "\n")

    def _check(self, options: dict[str, Any]) -> Any:
        """The prediction and the measurement of each load test, beside each other."""
        think, tests = options["think"], []
        try:
            for file in options["check"]:
                tests += simulation_check.measured(file, think=think)
        except NoMeasurements as exc:
            raise CommandError(str(exc)) from exc
        found = [item.as_json() for item in simulation_check.check(tests, seed=options["seed"])]
        self.stdout.write("First text in ms, each predicted from the calmest load test.")
        self.stdout.write(
            "conversations  cores busy  p50 predicted  measured  p95 predicted  measured"
        )
        for item in found:
            says, was = item["predicted_ms"], item["measured_ms"]
            self.stdout.write(
                f"{item['conversations']:13,}  {item['cores_busy']:10.0%}  {says['p50']:13,}  "
                f"{was['p50']:8,}  {says['p95']:13,}  {was['p95']:8,}"
            )
        return found

    def _simulate(self, options: dict[str, Any]) -> Any:
        service = self._service(options)
        world = World(
            service=service,
            slots=options["slots"],
            think=options["think"],
            around=options["around"],
            promise=None if options["no_ladder"] else limits.FIRST_TOKEN_PROMISE,
        )
        first, done = service.mean_first * 1000, service.mean_total * 1000
        self.stdout.write(
            f"Simulated from {len(service.samples)} measured turns of {options['tier']}: on "
            f"average first text after {first:.0f} ms and done after {done:.0f} ms."
        )
        promise = limits.FIRST_TOKEN_PROMISE
        if options["around"] + service.mean_first > promise and not options["no_ladder"]:
            raise CommandError(
                f"The first text comes after {promise * 1000:.0f} ms without any wait: every turn "
                "would be quoted, and no number of workers helps. Measure on a calmer machine, or "
                "use --no-ladder."
            )
        answer = self._rehearse if options["scale"] else self._sweep
        return answer(world, options)

    def _service(self, options: dict[str, Any]) -> Service:
        if min(options["slots"], options["think"], options["poll"], options["target"]) <= 0:
            raise CommandError("--slots, --think, --poll and --target must be above 0.")
        try:
            if options["source"]:
                return rehearsal.measured_in(options["source"], options["tier"])
            return rehearsal.measured_turns(options["tier"])
        except NoMeasurements as exc:
            raise CommandError(str(exc)) from exc

    def _sweep(self, world: World, options: dict[str, Any]) -> Any:
        try:
            sizes = [int(part) for part in options["conversations"].split(",")]
        except ValueError as exc:
            raise CommandError("--conversations is a list of numbers, such as 50,500.") from exc
        rows = []
        self.stdout.write("conversations  workers  p50 ms  p95 ms  moved down  cost/h  /1000 turns")
        for size in sizes:
            found = rehearsal.needed(
                world, size, promise=limits.FIRST_TOKEN_PROMISE, seed=options["seed"]
            ).as_json(options["price"])
            first = found["first_token_ms"]
            self.stdout.write(
                f"{size:13,}  {found['workers']:7,}  {first['p50']:6}  {first['p95']:6}  "
                f"{found['moved_down']:10.1%}  {found['cost_per_hour'] or '-':>6}  "
                f"{found['cost_per_1000_questions'] or '-':>11}"
            )
            rows.append(found)
        return rows

    def _rehearse(self, world: World, options: dict[str, Any]) -> Any:
        rule = Rule(
            target=options["target"], poll=options["poll"], cooldown=options["cooldown"],
            start=options["start"], most=options["most"],
        )  # fmt: skip
        try:
            wanted = rehearsal.phases(options["scale"])
        except ValueError as exc:
            raise CommandError("--scale is conversations:seconds, such as 50:300,500:900.") from exc
        result, lines = rehearsal.rehearse(
            world, wanted, rule, promise=limits.FIRST_TOKEN_PROMISE, seed=options["seed"]
        )
        self.stdout.write(
            "conversations  seconds  p50 ms  p95 ms  holds  moved down  workers at end"
        )
        for line in lines:
            first = line["first_token_ms"]
            self.stdout.write(
                f"{line['conversations']:13,}  {line['seconds']:7.0f}  {first['p50'] or '-':>6}  "
                f"{first['p95'] or '-':>6}  {'yes' if line['p95_holds'] else 'NO':>5}  "
                f"{line['moved_down']:10.1%}  {line['workers_at_end']:14}"
            )
        hours = result.worker_seconds / 3600
        cost = "" if options["price"] is None else f", cost {hours * options['price']:.2f}"
        self.stdout.write(f"{result.most_workers} workers at most, {hours:.2f} worker hours{cost}.")
        return {"phases": lines, "worker_hours": hours, "most_workers": result.most_workers}
