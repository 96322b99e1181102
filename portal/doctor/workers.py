"""Who works: workers by queue, beat, and turns that nobody ended."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from conversations.inference.rungs import Rungs
from conversations.models import Turn
from conversations.services import pulse
from conversations.services.liveness import living
from portal import limits
from portal.doctor.finding import Finding, fault, warning, well

BEAT_SECONDS = 6 * limits.REAP


def examine() -> Iterator[Finding]:
    queues = [queue for process in living() for queue in process.queue.split(",")]
    yield _default(queues)
    yield from _model(queues)
    yield beat()
    yield stuck_turns()


def _default(queues: list[str]) -> Finding:
    if "default" not in queues:
        return fault(
            "workers.default",
            "No default worker runs: nothing sweeps, nothing quotes when the model is away, and "
            "changed articles get no vectors.",
            "Start one: manage.py worker default.",
        )
    return well("workers.default", f"{queues.count('default')} default worker(s).")


def _model(queues: list[str]) -> Iterator[Finding]:
    models = [queue for queue in queues if queue != "default"]
    if not models:
        yield warning(
            "workers.model",
            "No model worker runs: answers are quoted from the articles.",
            "Start one: manage.py worker model.",
        )
        return
    yield well("workers.model", f"{len(models)} model worker(s): {', '.join(sorted(models))}.")
    for report in Rungs(settings.REDIS_URL).reports():
        if report.reason:
            yield warning(
                "workers.model.reason",
                f"The {report.tier} rung is not ready: {report.reason}",
                "The reason says what to do; the worker tries again every minute.",
            )


def beat() -> Finding:
    ago = pulse.seconds_since_tick()
    if ago is not None and ago < BEAT_SECONDS:
        return well("beat", f"Beat rang the sweeper {ago:.0f} s ago.")
    last = "never" if ago is None else f"{ago:.0f} s ago"
    return fault(
        "beat",
        f"Beat's last ring was answered {last}: forgotten turns and promises of the desk are not "
        "looked after.",
        "Start manage.py beat (one an installation) and a default worker.",
    )


def stuck_turns() -> Finding:
    now = timezone.now()
    over = Q(deadline_at__lt=now - timedelta(seconds=2 * limits.REAP))
    unheard = Q(state=Turn.State.QUEUED, accepted_at__lt=now - timedelta(seconds=60))
    count = Turn.objects.filter(over | unheard, state__in=Turn.LIVE).count()
    if count:
        return fault(
            "turns.stuck",
            f"{count} customers wait for an answer longer than they should.",
            "See the findings on workers, beat and broker; the sweeper ends such turns with an "
            "apology as soon as a default worker and beat run.",
        )
    return well("turns", "No customer waits too long.")
