"""The decision's model: small and additive, read from a reviewed file with a digest of its own.

Pure but for reading the file. A file that is damaged, edited or made for other features is refused
with a clear message; the conservative default then answers only what is plainly right.
"""

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conversations.dialogue.features import FEATURES
from conversations.dialogue.guarantee import DELTA, CurvePoint, threshold_for

VERSION = 1
DEFAULT_PATH = Path(__file__).with_name("default_calibration.json")
ANY_RUNG = "any"


class CalibrationError(ValueError):
    """The calibration file cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Shape:
    """One feature's part of the log-odds: `values[i]` between `cuts[i-1]` and `cuts[i]`."""

    cuts: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, x: float) -> float:
        return self.values[bisect_right(self.cuts, x)]


@dataclass(frozen=True)
class AdditiveModel:
    """Log-odds as a sum of one step function a feature."""

    intercept: float
    shapes: Mapping[str, Shape]

    def probability(self, features: Mapping[str, float]) -> float:
        return 1 / (
            1
            + math.exp(-max(-30.0, min(30.0, self.intercept + sum(self.parts(features).values()))))
        )

    def parts(self, features: Mapping[str, float]) -> dict[str, float]:
        """What each feature adds to the log-odds; the decision's explanation."""
        return {name: shape.at(features[name]) for name, shape in self.shapes.items()}


@dataclass(frozen=True)
class Calibration:
    """`top`: the best article answers. `among`: one of the best three does. Curves a rung."""

    top: AdditiveModel
    among: AdditiveModel
    curves: Mapping[str, tuple[CurvePoint, ...]]
    data_digest: str = ""
    clarify_floor: float = 0.5  # chance of one of the best three from which it is worth asking
    delta: float = DELTA
    origin: str = "conservative"
    notes: Mapping[str, Any] = field(default_factory=dict)

    def threshold(self, max_error: float, rung: str = ANY_RUNG) -> float:
        """Lowest probability that may be answered at this error on this rung; may be infinite."""
        curve = self.curves.get(rung) or self.curves.get(ANY_RUNG, ())
        return threshold_for(curve, max_error, self.delta)


def conservative() -> Calibration:
    """Answers only a near-verbatim question; asks back never. Needs no file."""
    shapes = {
        "cosine": Shape((0.8,), (-6.0, 2.0)),
        "coverage": Shape((0.8,), (-6.0, 2.0)),
        "share": Shape((1.0,), (-6.0, 2.0)),
    }
    never = AdditiveModel(-30.0, {})
    curve = (CurvePoint(0.99, 1_000.0, 5.0),)
    return Calibration(AdditiveModel(0.0, shapes), never, {ANY_RUNG: curve})


def load(path: Path = DEFAULT_PATH) -> Calibration:
    """Read and check a calibration. Raises CalibrationError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise CalibrationError(
            f"The calibration {path.name} cannot be read ({exc}). Run manage.py fit_decisions, or "
            "restore the file of this release."
        ) from exc
    return parse(document)


def load_or_conservative(path: Path = DEFAULT_PATH) -> tuple[Calibration, str]:
    """The calibration, or the conservative default with the reason for it."""
    try:
        return load(path), ""
    except CalibrationError as exc:
        return conservative(), str(exc)


def parse(document: Any) -> Calibration:
    """Check a calibration's digest, version, names and numbers. Raises CalibrationError."""
    if not isinstance(document, dict):
        raise CalibrationError("The calibration is not a JSON object.")
    if document.get("version") != VERSION:
        raise CalibrationError(
            f"The calibration has version {document.get('version')!r}; this release reads "
            f"{VERSION}. Run manage.py fit_decisions."
        )
    if document.get("digest") != digest_of(document):
        raise CalibrationError(
            "The calibration does not match its digest: it was damaged or edited by hand. "
            "Run manage.py fit_decisions, or restore the file of this release."
        )
    try:
        return Calibration(
            top=_model(document["top"]),
            among=_model(document["among"]),
            curves={rung: _curve(points) for rung, points in document["curves"].items()},
            data_digest=str(document["data_digest"]),
            clarify_floor=_number(document["clarify_floor"]),
            delta=_number(document["delta"]),
            origin=str(document["origin"]),
            notes=document.get("notes", {}),
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise CalibrationError(f"The calibration lacks or misplaces {exc}.") from exc


def dump(calibration: Calibration) -> dict[str, Any]:
    """The JSON form, digest included; parse(dump(c)) gives back c."""
    document: dict[str, Any] = {
        "version": VERSION,
        "origin": calibration.origin,
        "data_digest": calibration.data_digest,
        "delta": calibration.delta,
        "clarify_floor": calibration.clarify_floor,
        "top": _dump_model(calibration.top),
        "among": _dump_model(calibration.among),
        "curves": {
            rung: [[p.threshold, p.answered, p.wrong] for p in points]
            for rung, points in calibration.curves.items()
        },
        "notes": dict(calibration.notes),
    }
    document["digest"] = digest_of(document)
    return document


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over everything but the digest itself."""
    content = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _model(part: Any) -> AdditiveModel:
    shapes = {}
    for name, (cuts, values) in part["shapes"].items():
        if name not in FEATURES:
            raise CalibrationError(
                f"The calibration uses the feature {name!r}, which this release does not compute. "
                "Run manage.py fit_decisions."
            )
        shape = Shape(tuple(map(_number, cuts)), tuple(map(_number, values)))
        if len(shape.values) != len(shape.cuts) + 1 or list(shape.cuts) != sorted(shape.cuts):
            raise CalibrationError(f"The calibration's steps of {name!r} are not in order.")
        shapes[name] = shape
    return AdditiveModel(_number(part["intercept"]), shapes)


def _dump_model(model: AdditiveModel) -> dict[str, Any]:
    shapes = {name: [list(s.cuts), list(s.values)] for name, s in model.shapes.items()}
    return {"intercept": model.intercept, "shapes": shapes}


def _curve(points: Any) -> tuple[CurvePoint, ...]:
    found = tuple(CurvePoint(*map(_number, point)) for point in points)
    if any(not 0 <= p.wrong <= p.answered for p in found):
        raise CalibrationError("The calibration's curve counts more wrong answers than answers.")
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CalibrationError(f"The calibration holds {value!r} where a number belongs.")
    return float(value)
