"""Fits the model of `likeness` on the phrases and on example questions. scikit-learn is needed here
only, and only while it fits."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from insights.ask.likeness import NONE, SIZE, Likeness, as_read, features, roots_of
from insights.ask.phrasebook import FIGURES
from portal.core.errors import InvalidInput

_STRENGTH = (
    20.0  # scikit-learn's C; the right figure first on held_out_eleventh, flat from 10 to 60
)
_QUESTION = 3.0  # how many phrases one whole question weighs


class BadExamples(InvalidInput):
    """These questions cannot be read."""

    code = "bad_examples"


@dataclass(frozen=True)
class Examples:
    """What the model is fitted on: texts of `as_read`, their figures, and what each weighs."""

    texts: tuple[str, ...]
    figures: tuple[str, ...]
    weights: tuple[float, ...]

    @property
    def digest(self) -> str:
        """Tells whether a fitted file is one of these examples."""
        rows = ("\t".join(pair) for pair in zip(self.figures, self.texts, strict=True))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def examples(files: Iterable[Path]) -> Examples:
    """The phrases and the questions of files. Raises BadExamples, which names the line."""
    rows = [row for path in sorted(files) for row in questions(path)]
    phrases = FIGURES.ordered
    return Examples(
        texts=(*phrases, *(text for text, _figure in rows)),
        figures=(*(FIGURES.meanings[text] for text in phrases), *(figure for _t, figure in rows)),
        weights=(1.0,) * len(phrases) + (_QUESTION,) * len(rows),
    )


def questions(path: Path) -> list[tuple[str, str]]:
    """The questions of a file that can be read by themselves, with their figure: lines such as
    {"q": question, "m": figure}; one without "m" is a question that no figure answers."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            text, figure = as_read(row["q"]), row.get("m", NONE)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadExamples(f"{path}, line {number}: not a question with its figure.") from error
        if text and not row.get("after"):
            found.append((text, figure))
    return found


def fit(data: Examples) -> Likeness:
    """A multinomial logistic regression, its weights rounded to a byte."""
    # Not at the top: web processes that only read the file need neither.
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # noqa: PLC0415
    from sklearn.linear_model import (  # type: ignore[import-untyped]  # noqa: PLC0415
        LogisticRegression,
    )

    found = [features(text) for text in data.texts]
    at = [number for number, row in enumerate(found) for _place in row]
    places = [place for row in found for place in row]
    values = [value for row in found for value in row.values()]
    matrix = csr_matrix((values, (at, places)), shape=(len(found), SIZE))
    model = LogisticRegression(C=_STRENGTH, max_iter=300)
    fitted = model.fit(matrix, list(data.figures), np.array(data.weights))
    scale = np.abs(fitted.coef_).max(axis=1) / 127
    return Likeness(
        figures=tuple(map(str, fitted.classes_)),
        weights=np.round(fitted.coef_.T / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=fitted.intercept_.astype(np.float32),
        # Words of questions that no figure answers are no words of a figure.
        roots=frozenset().union(
            *(roots_of(text) for text, key in zip(data.texts, data.figures, strict=True) if key)
        ),
        digest=data.digest,
    )
