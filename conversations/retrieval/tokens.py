"""Late interaction: each word of the question against the nearest word of a passage.

One vector a passage says what it is about, not whether it speaks of each thing asked: "How loud is
the coffee machine?" is near an article on descaling that machine. Here each token of the question
looks for its nearest token in an article's best passages (Khattab and Zaharia, "ColBERT", 2020), on
MiniLM's own last states, untrained, cut to SIZE dimensions of a byte. Pure but for the basis file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conversations.retrieval.terms import FUNCTION_WORDS

SIZE = 32
SCALE = 127.0
MOST_ASKED = 48  # tokens of a question
WEAKEST = 2
BASIS_PATH = Path(__file__).with_name("token_basis.npy")

States = NDArray[np.int8]  # one row a token, SIZE wide, of length SCALE


@dataclass(frozen=True)
class Tokens:
    """A text as the embedder read it: its pieces ("##ing" goes on a word) and their states."""

    pieces: tuple[str, ...]
    states: States

    @property
    def telling(self) -> States:
        """The states of the pieces that carry meaning."""
        kept = [
            number
            for number, piece in enumerate(self.pieces)
            if piece.startswith("##") or (piece.isalnum() and piece not in FUNCTION_WORDS)
        ]
        return self.states[kept[:MOST_ASKED]]


@dataclass(frozen=True)
class Nearness:
    """Cosines, -1..1, of the question's tokens with an article's: `together` over all its passages,
    `alone` by the best single one, `weakest` of the tokens that find least."""

    together: float
    alone: float
    weakest: float


@cache
def basis() -> NDArray[np.float32]:
    """The directions that states vary most in, (384, SIZE): `manage.py fit_token_basis`."""
    return np.asarray(np.load(BASIS_PATH), dtype=np.float32)


def pack(states: NDArray[Any], directions: NDArray[np.float32] | None = None) -> States:
    """States of a model, one row a token, in SIZE bytes each."""
    flat = states @ (basis() if directions is None else directions)
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    return np.asarray(np.rint(flat * SCALE), dtype=np.int8)


def unpack(stored: bytes) -> States:
    return np.frombuffer(stored, dtype=np.int8).reshape(-1, SIZE)


def nearness(asked: States, passages: Sequence[States]) -> Nearness | None:
    """None where the question or the passages have no tokens to compare."""
    passages = [states for states in passages if len(states)]
    if not len(asked) or not passages:
        return None
    question = asked.astype(np.float32) / SCALE
    found = np.stack(
        [(question @ (states.astype(np.float32).T / SCALE)).max(axis=1) for states in passages]
    )
    best = found.max(axis=0)
    return Nearness(
        together=float(best.mean()),
        alone=float(found.mean(axis=1).max()),
        weakest=float(np.sort(best)[:WEAKEST].mean()),
    )
