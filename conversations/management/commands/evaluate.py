"""manage.py evaluate: recall, automation and wrong answers over questions with known answers."""

import json
import logging
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from conversations import assembly
from conversations.inference.backend import BackendUnavailable
from conversations.inference.registry import choose_tier
from conversations.retrieval.drafts import RowError
from conversations.retrieval.embedding import configured_embedder
from conversations.retrieval.embedding_cache import remembering_embedder
from conversations.retrieval.readers import UnreadableSource
from conversations.services.evaluation import Verdict
from conversations.services.evaluation_run import Watcher, Writing, evaluate, read_questions
from conversations.services.explanation_text import as_text

_TABLE = (
    ("questions", "questions", "{:,}"),
    ("answerable", "of them an article answers", "{:.1%}"),
    ("recall_at_1", "right article first", "{:.1%}"),
    ("recall_at_5", "right article among five", "{:.1%}"),
    ("automation", "answered without a person", "{:.1%}"),
    ("wrong", "of the answered: wrong", "{:.1%}"),
    ("clarified", "asked back", "{:.1%}"),
    ("clarified_helpful", "of those: right article offered", "{:.1%}"),
    ("automation_with_choice", "answered, or after one click", "{:.1%}"),
    ("escalated", "handed over", "{:.1%}"),
    ("courtesies", "courtesies returned", "{:.1%}"),
    ("unanswerable_not_answered", "without an article: not answered", "{:.1%}"),
)


@contextmanager
def _without_events() -> Iterator[None]:
    """Without a line in the log for each question that is taught."""
    log = logging.getLogger("portal.events")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


class Command(BaseCommand):
    help = "Measure search and decision over questions with known answers; the live data rests."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--articles", type=Path, required=True, help=".jsonl, .csv or folder")
        parser.add_argument("--questions", type=Path, required=True, help="questions.jsonl")
        parser.add_argument("--max-error", type=float, default=0.05, help="wrong answers allowed")
        parser.add_argument("--fit-fold", default="", help="fit on this fold, report the others")
        parser.add_argument(
            "--fit-only", action="store_true", help="with --fit-fold: teach no articles"
        )
        parser.add_argument(
            "--learn-fold", default="", help="teach its questions to their articles; report others"
        )
        parser.add_argument(
            "--splits", type=int, default=0, help="refit on so many random halves, try the others"
        )
        parser.add_argument(
            "--baselines", action="store_true", help="plain rankings over the same passages as well"
        )
        parser.add_argument("--json", type=Path, help="write the figures to this file, - to print")
        parser.add_argument(
            "--explain",
            action="append",
            default=[],
            metavar="ID",
            help="tell everything that the decision on this question was made of (may repeat)",
        )
        parser.add_argument("--verdicts", type=Path, help="write one line a question to this file")

        parser.add_argument(
            "--generate", action="store_true", help="measure the words of the answers as well"
        )
        parser.add_argument("--sample", type=int, default=100, help="answers that are written")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["max_error"] < 1:
            raise CommandError("--max-error must lie between 0 and 1, such as 0.05.")
        if options["splits"] and (options["fit_fold"] or options["splits"] < 0):
            raise CommandError("--splits takes a count such as 100, and goes without --fit-fold.")
        if options["learn_fold"] and options["learn_fold"] == options["fit_fold"]:
            raise CommandError("--fit-fold teaches its questions already: leave --learn-fold out.")
        if options["fit_only"] and not options["fit_fold"]:
            raise CommandError("--fit-only goes with --fit-fold.")
        with _without_events(), tqdm(disable=options["verbosity"] < 1) as bar:
            try:
                done = evaluate(
                    articles=options["articles"],
                    questions=read_questions(options["questions"]),
                    embedder=configured_embedder,
                    article_embedder=remembering_embedder,
                    max_error=options["max_error"],
                    watcher=self._watcher(bar),
                    fit_fold=options["fit_fold"],
                    fit_teaches=not options["fit_only"],
                    learn_fold=options["learn_fold"],
                    writing=_writing(options["sample"]) if options["generate"] else None,
                    explained=frozenset(options["explain"]),
                    similarity=assembly.likeness() if options["explain"] else None,
                    splits=options["splits"],
                    baselines=options["baselines"],
                )
            except UnreadableSource as exc:
                raise CommandError(str(exc)) from None
        if options["explain"]:
            self._explain(done.explained, options)
            return
        self._tell(done.figures, options["json"])
        if options["verdicts"]:
            lines = (json.dumps(_line(v), ensure_ascii=False) + "\n" for v in done.verdicts)
            options["verdicts"].write_text("".join(lines), encoding="utf-8")

    def _explain(self, told: Sequence[dict[str, Any]], options: dict[str, Any]) -> None:
        if missing := set(options["explain"]) - {item["id"] for item in told}:
            raise CommandError(f"No question has the id {', '.join(sorted(missing))}.")
        if options["json"]:
            text = json.dumps(list(told), ensure_ascii=False, indent=1)
        else:
            heads = [f"{item['id']}, gold {', '.join(item['gold']) or 'none'}" for item in told]
            blocks = zip(heads, map(as_text, told), strict=True)
            text = "\n\n".join(f"Id         {head}\n{block}" for head, block in blocks)
        if options["json"] and options["json"] != Path("-"):
            options["json"].write_text(f"{text}\n", encoding="utf-8")
        else:
            self.stdout.write(text)

    def _watcher(self, bar: "tqdm[Any]") -> Watcher:
        def phase(name: str, total: int) -> None:
            bar.set_description(name)
            bar.reset(total)

        def refused(error: RowError) -> None:
            with tqdm.external_write_mode(file=self.stderr):
                self.stderr.write(str(error))

        return Watcher(phase=phase, step=bar.update, refused=refused)

    def _tell(self, figures: dict[str, Any], target: Path | None) -> None:
        text = json.dumps(figures, indent=1)
        if target == Path("-"):
            self.stdout.write(text)
            return
        if target:
            target.write_text(f"{text}\n", encoding="utf-8")
        for key, label, form in _TABLE:
            self.stdout.write(f"{label:>34}  {form.format(figures[key])}")
        times = figures["decision_ms"]
        self.stdout.write(f"{'time to decide':>34}  {times['p50']} ms, p95 {times['p95']} ms")
        for point in figures["curve"]:
            label = f"in hindsight at {point['wrong']:.1%} wrong"
            self.stdout.write(f"{label:>34}  {point['automation']:.1%}")
        for name, plain in figures.get("baselines", {}).items():
            both = " / ".join(f"{share:.1%}" for share in plain.values())
            label = f"{name.replace('_', ' ')}: first / five"
            self.stdout.write(f"{label:>34}  {both}")
        if halves := figures.get("splits"):
            self.stdout.write(f"{'refitted on random halves':>34}  {json.dumps(halves)}")
        for way, measured in figures.get("text", {}).items():
            self.stdout.write(f"{'answers ' + way:>34}  {json.dumps(measured)}")


def _writing(sample: int) -> Writing:
    """The drafting of the live portal, with this machine's model where it can be loaded."""
    try:
        backend = assembly.build_backend(settings.CONFIG, choose_tier(settings.CONFIG))
    except BackendUnavailable as exc:
        raise CommandError(f"--generate needs the model: {exc.reason}") from exc
    return Writing(assembly.drafting(), backend, sample)


def _line(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.question.id,
        "action": verdict.action,
        "reason": verdict.reason,
        "confidence": verdict.confidence,
        "cited": verdict.cited,
        "place": verdict.place,
        "wrong": verdict.wrong,
        "right": verdict.would_be_right,
        "ms": round(verdict.milliseconds, 2),
        "trace": verdict.trace,
    }
