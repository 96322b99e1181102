"""Which figure a question is most likely about: a linear model over its words and letters.

The rules name a figure by its phrases; people say it in a thousand other ways. This is a
multinomial logistic regression over the stems of the words (one to three in a row) and the letters
(three to five), each hashed to one of SIZE places, fitted by `manage.py fit_questions` on the
phrases and on example questions. Feature hashing: Weinberger et al., "Feature hashing for large
scale multitask learning", 2009. It names a figure and a chance, never a time, a filter or a number.
Pure but for reading its file.
"""

import json
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from conversations.retrieval.terms import stem
from insights.ask.spelling import normalise
from insights.ask.spelling import words as split
from insights.ask.synonyms import as_customers, plain
from insights.ask.tidying import tidy, without_greeting

SIZE = 1 << 14
PATH = Path(__file__).with_name("likeness.npz")
NONE = ""  # the class of questions that no figure answers
_MOST_WORDS = 3
_LETTERS = (3, 4, 5)


def as_read(question: str) -> str:
    """A question in the words that the model was fitted on."""
    return plain(as_customers(tidy(normalise(without_greeting(question))), ())[0])


def features(text: str) -> dict[int, float]:
    """place → weight, for a text of `as_read`. Words and letters count alike: each half has
    length 1, so that a long question weighs as much as a short one."""
    tokens = split(text.replace("-", " "))
    roots = [stem(token) for token in tokens]
    in_a_row = [
        " ".join(roots[at : at + count])
        for count in range(1, _MOST_WORDS + 1)
        for at in range(len(roots) - count + 1)
    ]
    letters = [
        f"#{padded[at : at + count]}"
        for padded in (f" {token} " for token in tokens)
        for count in _LETTERS
        for at in range(len(padded) - count + 1)
    ]
    found: dict[int, float] = {}
    for names in (in_a_row, letters):
        places = {zlib.crc32(name.encode()) % SIZE for name in names}
        for place in places:
            found[place] = found.get(place, 0.0) + 1.0 / len(places) ** 0.5
    return found


def roots_of(text: str) -> frozenset[str]:
    """The roots of a text's words, as the model knows them."""
    return frozenset(map(stem, (*split(text), *split(text.replace("-", " ")))))


@dataclass(frozen=True)
class Likeness:
    """A fitted model. `weights` is int8 of SIZE x figures, `scale` and `bias` one a figure."""

    figures: tuple[str, ...]
    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    roots: frozenset[str]
    digest: str

    def chances(self, text: str) -> dict[str, float]:
        """figure → the chance that a text of `as_read` is about it; NONE for no figure."""
        found = features(text)
        places = np.fromiter(found, dtype=np.int64, count=len(found))
        strength = np.fromiter(found.values(), dtype=np.float32, count=len(found))
        logits = (strength @ self.weights[places].astype(np.float32)) * self.scale + self.bias
        odds = np.exp(logits - logits.max())
        return dict(zip(self.figures, (odds / odds.sum()).tolist(), strict=True))

    def knows(self, word: str) -> bool:
        """Whether the word, or each part of it, stood in what the model was fitted on."""
        return stem(word) in self.roots or all(stem(part) in self.roots for part in word.split("-"))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises ValueError where the file is not one of this version, OSError where it is gone."""
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            if about.get("size") != SIZE or file["weights"].shape != (SIZE, len(about["figures"])):
                raise ValueError(f"{path.name} was fitted for other features: fit it again.")
            return cls(
                tuple(about["figures"]), file["weights"], file["scale"], file["bias"],
                frozenset(about["roots"]), about["digest"],
            )  # fmt: skip

    def write(self, path: Path) -> None:
        about = {
            "size": SIZE, "figures": self.figures, "roots": sorted(self.roots),
            "digest": self.digest,
        }  # fmt: skip
        np.savez_compressed(
            path, weights=self.weights, scale=self.scale, bias=self.bias,
            about=np.array(json.dumps(about)),
        )  # fmt: skip


@lru_cache(maxsize=1)
def shipped() -> Likeness:
    """The model of this release, read once."""
    return Likeness.read(PATH)
