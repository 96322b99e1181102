"""Measures that count the assistant's turns: decisions, quality, speed, use."""

from django.utils.translation import gettext_lazy as _

from insights.measures.definition import Grain, Kind, Measure, Text, Unit

QUESTION = "kind <> 'courtesy'"
ANSWER = "kind = 'answer'"
_DECISION = frozenset({"decision"})


def _decided(key: str, kind: str, name: Text, meaning: Text) -> Measure:
    return Measure(
        key, name, _("turns with this decision ÷ turns that asked something"), meaning,
        Grain.TURN, "ratio", "share", "none", f"kind = '{kind}'", QUESTION,
        exclude=_DECISION | {"tier", "article"},
    )  # fmt: skip


def _tier(key: str, tier: str, name: Text) -> Measure:
    return Measure(
        key, name, _("answers from this rung ÷ answers"), _("Which rung of the ladder served."),
        Grain.TURN, "ratio", "share", "none", f"tier = '{tier}'", f"{ANSWER} AND tier <> ''",
        exclude=_DECISION | {"tier"},
    )  # fmt: skip


def _speed(
    key: str, name: Text, formula: Text, column: str, quantile: float = 0.5, base: str = ANSWER
) -> Measure:
    return Measure(
        key, name, formula, _("Milliseconds from the turn's own time stamps."), Grain.TURN,
        "percentile", "ms", "down", base, value=column, quantile=quantile,
        minimum=50 if quantile > 0.5 else 20,
    )  # fmt: skip


def _plain(key: str, kind: Kind, unit: Unit, name: Text, counted: str, value: str = "") -> Measure:
    return Measure(
        key, name, name, _("A plain count."), Grain.TURN, kind, unit, "none", counted,
        value=value, minimum=0,
    )  # fmt: skip


_TIMED = (
    "FILTER (WHERE kind = 'answer' AND first_token_ms IS NOT NULL AND queue_ms IS NOT NULL "
    "AND search_ms IS NOT NULL AND write_ms IS NOT NULL)"
)
#: Sums of the steps of an answer (queue, search, first words, writing), and their number.
STEPS: tuple[str, ...] = (
    f"coalesce(sum(queue_ms) {_TIMED}, 0)",
    f"coalesce(sum(search_ms) {_TIMED}, 0)",
    f"coalesce(sum(greatest(0, first_token_ms - queue_ms - search_ms)) {_TIMED}, 0)",
    f"coalesce(sum(write_ms) {_TIMED}, 0)",
    f"count(*) {_TIMED}",
)

MEASURES: tuple[Measure, ...] = (
    _plain("questions", "count", "count", _("questions to the assistant"), QUESTION),
    _decided("answer_rate", "answer", _("answered"), _("Answered from articles.")),
    _decided("clarify_rate", "clarify", _("asked back"), _("The assistant asked which.")),
    _decided("handover_rate", "escalate", _("handed over"), _("The assistant passed it on.")),
    Measure(
        "clarification_success", _("clarification success"),
        _("questions back whose next turn was answered ÷ questions back with a next turn"),
        _("Whether asking back helps."), Grain.TURN, "ratio", "share", "up", "helped",
        "helped IS NOT NULL", exclude=_DECISION | {"tier", "article"},
    ),
    Measure(
        "wrong_rate", _("wrong answers"),
        _("reviewed answers judged wrong or unsafe ÷ reviewed answers"),
        _("From people's reviews, with a 95 % interval; unreviewed answers are not guessed."),
        Grain.TURN, "ratio", "share", "down", "verdict IN ('wrong', 'unsafe')",
        f"{ANSWER} AND verdict <> ''", exclude=_DECISION,
    ),
    Measure(
        "reviews", _("reviewed turns"), _("turns with a reviewer's verdict"),
        _("What the wrong-answer rate rests on."), Grain.TURN, "count", "count", "none",
        "verdict <> ''", minimum=0,
    ),
    Measure(
        "helpful_rate", _("thumbs up"), _("thumbs up ÷ thumbs"),
        _("Of the few who rate; not a measure of all."), Grain.TURN, "ratio", "share", "up",
        "thumb = 1", "thumb IS NOT NULL",
    ),
    _speed("first_token_time", _("time to first token"),
           _("median of first answer text − message accepted"), "first_token_ms"),
    _speed("first_token_p95", _("time to first token, 95th percentile"),
           _("95 of 100 answers began within this time"), "first_token_ms", 0.95),
    _speed("reply_time", _("time to the whole reply"),
           _("median of reply done − message accepted"), "reply_ms"),
    _speed("reply_p95", _("time to the whole reply, 95th percentile"),
           _("95 of 100 replies were done within this time"), "reply_ms", 0.95),
    _speed("queue_time", _("time in the queue"),
           _("median of claimed by a worker − message accepted"), "queue_ms", base="TRUE"),
    _tier("gpu_share", "gpu", _("share of the GPU model")),
    _tier("cpu_share", "cpu", _("share of the CPU model")),
    _tier("extractive_share", "extractive", _("share of quoted articles")),
    Measure(
        "cache_hit_rate", _("cache hits"), _("answers served from the cache ÷ answers"),
        _("Answers that cost no model."), Grain.TURN, "ratio", "share", "up", "cached", ANSWER,
        exclude=_DECISION,
    ),
    _plain("tokens", "sum", "tokens", _("tokens read and written"), "tokens > 0", "tokens"),
    Measure(
        "tokens_per_reply", _("tokens a reply"), _("tokens ÷ replies that a model wrote"),
        _("Size of prompt and answer."), Grain.TURN, "mean", "tokens", "down", "tokens > 0",
        value="tokens",
    ),
    Measure(
        "worker_use", _("worker use"), _("time that workers spent on turns ÷ elapsed time"),
        _("The average number of turns in progress."), Grain.TURN, "per_time", "score", "none",
        "busy_ms > 0", value="busy_ms", minimum=0,
        exclude=frozenset({"hour", "weekday", "day", "week", "month"}),
    ),
    Measure(
        "fault_rate", _("faults"), _("turns that failed technically ÷ turns"),
        _("Each one became an apology and a hand-over."), Grain.TURN, "ratio", "share", "down",
        "failed", "TRUE",
    ),
    Measure(
        "stopped_rate", _("stopped by the customer"), _("answers that the customer stopped ÷ "
        "answers"), _("Too long, or beside the point."), Grain.TURN, "ratio", "share", "down",
        "stopped", ANSWER, exclude=_DECISION,
    ),
    Measure(
        "knowledge_gaps", _("knowledge gaps"), _("turns handed over because no article fits"),
        _("What the help centre does not say."), Grain.TURN, "count", "count", "down",
        "reason = 'no_article'", minimum=0, exclude=_DECISION | {"tier"},
    ),
    Measure(
        "gap_rate", _("share of knowledge gaps"), _("knowledge gaps ÷ questions"),
        _("How often the help centre has nothing."), Grain.TURN, "ratio", "share", "down",
        "reason = 'no_article'", QUESTION, exclude=_DECISION | {"tier"},
    ),
    Measure(
        "article_uses", _("article uses"), _("answers with this article as their first source"),
        _("What the assistant answers from."), Grain.TURN, "count", "count", "none",
        f"{ANSWER} AND article IS NOT NULL", minimum=0, exclude=_DECISION,
    ),
)  # fmt: skip
