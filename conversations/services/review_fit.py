"""Fits the installation's decision to the reviewed turns; with sets, beside them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from conversations.dialogue.calibration import Calibration
from conversations.dialogue.features import features_of
from conversations.services.adapting import adapt
from conversations.services.calibration import Gathered
from conversations.services.fitting import Sample
from conversations.services.review_samples import NAME, Collected, Example
from portal.core.errors import ServiceError

#: Fewer judged turns of the weekly samples than this say nothing that is worth following.
MINIMUM = 20


class TooFewReviewed(ServiceError):
    """Too few reviewed turns can be used."""

    code = "too_few_reviewed"


@dataclass(frozen=True)
class Effect:
    """What a calibration would have done with the judged turns at one error."""

    answered: float
    wrong: float


def require(collected: Collected, minimum: int) -> None:
    """Raises TooFewReviewed, which says what is there and what to do."""
    count = len(collected.sampled)
    if count >= minimum:
        return
    needed = (
        f"{count} judged turns of the weekly samples can be used; {minimum} are needed. "
        "Judge more of the sample in the admin's review queue (Why: weekly sample), or draw a "
        "larger one with manage.py draw_review --week this --size 100."
    )
    lines = [needed]
    if collected.others:
        lines.append(
            f"{len(collected.others)} more were judged for a complaint, a thumb down or a flag: "
            "they say nothing about the other turns."
        )
    lines += [f"{number} were left out: {why}." for why, number in collected.left_out.items()]
    raise TooFewReviewed(" ".join(lines))


def fit_reviewed(shipped: Calibration, collected: Collected) -> Calibration:
    """The shipped decision moved by the judged turns of the weekly samples."""
    weighed = collected.weighed
    return adapt(shipped, weighed, data_digest=digest_of(weighed))


def as_set(collected: Collected) -> Gathered:
    """The judged turns as one more set, for a fit of the model itself."""
    worth = len(collected.sampled) / sum(one.weight or 0.0 for one in collected.sampled)
    samples = tuple(
        Sample(NAME, one.turn_id, one.signals, one.place, one.answerable, (one.weight or 0) * worth)
        for one in collected.sampled
    )
    answerable = [sample for sample in samples if sample.answerable] or list(samples)
    near = [one for one in answerable if one.place is not None and one.place < 5]
    return Gathered(
        name=NAME,
        questions=len(samples),
        unanswerable=sum(not sample.answerable for sample in samples),
        samples=samples,
        recall_at_1=sum(sample.right for sample in answerable) / len(answerable),
        recall_at_5=len(near) / len(answerable),
    )


def effect(calibration: Calibration, examples: Sequence[Example], max_error: float) -> Effect:
    """The weighted share answered, and of those the share wrong, on the judged turns."""
    threshold = calibration.threshold(max_error)
    total = answered = wrong = 0.0
    for one in examples:
        weight = one.weight or 0.0
        total += weight
        if calibration.top.probability(features_of(one.signals)) >= threshold:
            answered += weight
            wrong += 0.0 if one.right else weight
    return Effect(answered / total if total else 0.0, wrong / answered if answered else 0.0)


def digest_of(examples: Sequence[Example]) -> str:
    """SHA-256 over the examples, whatever their order."""
    values = ([one.turn_id, one.signals, one.place, one.answerable, one.weight] for one in examples)
    rows = sorted(json.dumps(value, sort_keys=True) for value in values)
    return hashlib.sha256("\n".join([NAME, *rows]).encode()).hexdigest()
