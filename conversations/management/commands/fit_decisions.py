"""manage.py fit_decisions: fit the decision on judged questions, and show how it carries over.

--reviewed fits this installation's own to the turns that reviewers judged, and uses it at once.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from conversations.dialogue.calibration import DEFAULT_PATH, dump, load, parse
from conversations.dialogue.guarantee import DELTA
from conversations.retrieval.embedding_cache import remembering_embedder
from conversations.services import calibration as service
from conversations.services.calibration_store import CalibrationStore
from conversations.services.review_fit import (
    MINIMUM,
    TooFewReviewed,
    as_set,
    digest_of,
    effect,
    fit_reviewed,
    require,
)
from conversations.services.review_samples import Collected, collect

_HEAD = "{:22} {:>5} {:>6} {:>6} {:>9} {:>7} {:>7} {:>7} {:>9} {:>9}"


class Command(BaseCommand):
    help = (
        "Fit the decision to answer: on sets of judged questions (the live articles rest), on the "
        "turns that reviewers judged (--reviewed), or on both. --roll-back takes the last back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sets", type=Path, nargs="+", default=[], help="set folders")
        parser.add_argument(
            "--reviewed", action="store_true", help="use the judged turns of the weekly samples"
        )
        parser.add_argument(
            "--minimum", type=int, default=MINIMUM, help="judged turns that --reviewed needs"
        )
        parser.add_argument("--dry-run", action="store_true", help="with --reviewed: only show")
        parser.add_argument("--roll-back", action="store_true", help="use the one before again")
        parser.add_argument(
            "--out", type=Path, help=f"write here; the shipped one is {DEFAULT_PATH.name}"
        )
        parser.add_argument("--max-error", type=float, default=0.05, help="error of the report")
        parser.add_argument("--delta", type=float, default=DELTA, help="1 - confidence of it")
        parser.add_argument("--limit", type=int, default=700, help="questions a set; 0: all")

    def handle(self, *args: Any, **options: Any) -> None:
        store = CalibrationStore(settings.CONFIG.var / "calibration")
        if options["roll_back"]:
            self.stdout.write(f"in use: {store.roll_back().name}")
            return
        collected = _collected(options["minimum"]) if options["reviewed"] else None
        if collected is not None and not options["sets"]:
            self._fit_reviewed(store, collected, options)
            return
        self._fit_sets(store, collected, options)

    def _fit_reviewed(
        self, store: CalibrationStore, collected: Collected, options: dict[str, Any]
    ) -> None:
        shipped, examples = load(), collected.weighed
        fitted = fit_reviewed(shipped, collected)
        self.stdout.write(
            f"{len(examples)} judged turns of the weekly samples; "
            f"stretch {fitted.notes['stretch']}, shift {fitted.notes['shift']}"
        )
        for name, one in (("shipped", shipped), ("fitted", fitted)):
            seen = effect(one, examples, options["max_error"])
            self.stdout.write(
                f"{name:8} answers {seen.answered:.1%} of them, {seen.wrong:.1%} of those wrong"
            )
        self._keep(store, dump(fitted), options)

    def _keep(
        self, store: CalibrationStore, document: dict[str, Any], options: dict[str, Any]
    ) -> None:
        """Write where it was asked for; what came of reviews is used from now on."""
        parse(document)
        digest = document["digest"][:12]
        if options["out"]:
            text = json.dumps(document, separators=(",", ":"), sort_keys=True)
            options["out"].write_text(f"{text}\n", encoding="utf-8")
            self.stdout.write(f"written: {options['out']} ({digest})")
        elif options["reviewed"] and not options["dry_run"]:
            path = store.install(document)
            self.stdout.write(f"in use: {path.name}; back with --roll-back")

    def _fit_sets(
        self, store: CalibrationStore, collected: Collected | None, options: dict[str, Any]
    ) -> None:
        folders = [path for path in options["sets"] if (path / "questions.jsonl").is_file()]
        if len(folders) < 3:
            raise CommandError(
                "Name at least three set folders (--sets), each with kb.jsonl and "
                "questions.jsonl; or fit to what reviewers judged with --reviewed."
            )
        sets = []
        for folder in folders:
            with tqdm(desc=folder.name, disable=options["verbosity"] < 1) as bar:
                sets.append(
                    service.gather_set(
                        folder,
                        embedder=remembering_embedder,
                        limit=options["limit"],
                        advanced=bar.update,
                    )
                )
        digest = service.digest_of_sets(folders)
        if collected is not None:
            sets.append(as_set(collected))
            digest = f"{digest}+{digest_of(collected.sampled)}"
        scores = service.leave_one_out(sets)
        self._keep(store, dump(service.shipped(sets, scores, data_digest=digest)), options)
        self._table(sets, scores, options["max_error"], options["delta"])

    def _table(
        self,
        sets: list[service.Gathered],
        scores: dict[str, list[float]],
        max_error: float,
        delta: float,
    ) -> None:
        heads = (
            "left out",
            "n",
            "r@1",
            "r@5",
            "threshold",
            "auto",
            "wrong",
            "2 SE",
            "hindsight",
            "no-gold",
        )
        self.stdout.write(_HEAD.format(*heads))
        recalls = {one.name: (one.recall_at_1, one.recall_at_5) for one in sets}
        for row in service.transfer_table(sets, scores, max_error, delta):
            one, five = recalls[row.name]
            figures = (row.threshold, row.automation, row.wrong, row.margin, row.hindsight)
            self.stdout.write(
                _HEAD.format(
                    row.name,
                    row.questions,
                    f"{one:.3f}",
                    f"{five:.3f}",
                    *(f"{value:.3f}" for value in figures),
                    f"{row.unanswerable_answered:.3f}",
                )
            )


def _collected(minimum: int) -> Collected:
    found = collect()
    try:
        require(found, minimum)
    except TooFewReviewed as exc:
        raise CommandError(exc.detail) from None
    return found
