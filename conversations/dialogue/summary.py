"""The rolling summary: the customer's own sentences that say most, each with its message's number.

Pure, deterministic and extractive, so that nothing in it was never said. It is made of the summary
before and the new messages alone: the two-hundredth turn costs what the second does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from conversations.dialogue.grounding import numbers, split_sentences, stems

LINES = 8
LINE_CHARS = 160
LEAST_STEMS = 3  # a sentence with fewer words that carry meaning is a courtesy or a fragment
FADING = 0.985  # a message
OVERLAP = 0.8  # share of a line's words that a newer line holds: it says the same
_LINE = re.compile(r"^#(\d+) (.+)$")


@dataclass(frozen=True)
class Line:
    """One sentence of message number `seq`."""

    seq: int
    text: str


def lines(summary: str) -> tuple[Line, ...]:
    """The lines of a stored summary; what is not one is left out."""
    found = (_LINE.match(row) for row in summary.splitlines())
    return tuple(Line(int(match[1]), match[2]) for match in found if match)


def written(kept: Sequence[Line]) -> str:
    """As it is stored: one line a sentence, "#12 The lamp flickers.", in the order it was said."""
    return "\n".join(f"#{line.seq} {line.text}" for line in kept)


def extended(summary: str, said: Sequence[tuple[int, str]]) -> str:
    """The summary with the customer's new messages (number, text), at most LINES lines."""
    before = lines(summary)
    fresh = [Line(seq, text) for seq, words in said for text in _sentences(words)]
    if not fresh:
        return summary
    candidates = _once([*before, *fresh])
    newest = max(line.seq for line in candidates)
    first = min(line.seq for line in candidates)
    ranked = sorted(
        enumerate(candidates), key=lambda item: (-_weight(item[1], first, newest), item[0])
    )
    kept = sorted(place for place, _ in ranked[:LINES])
    return written([candidates[place] for place in kept])


def _sentences(text: str) -> list[str]:
    flat = (" ".join(sentence.split()) for sentence in split_sentences(text))
    return [_cut(sentence) for sentence in flat if len(stems(sentence)) >= LEAST_STEMS][:6]


def _cut(sentence: str) -> str:
    if len(sentence) <= LINE_CHARS:
        return sentence
    return sentence[:LINE_CHARS].rsplit(" ", 1)[0] + " …"


def _once(candidates: Sequence[Line]) -> list[Line]:
    """Without lines that a newer one says again."""
    said = [(stems(line.text), numbers(line.text)) for line in candidates]
    return [
        line
        for place, line in enumerate(candidates)
        if not any(_says(later, said[place]) for later in said[place + 1 :])
    ]


def _says(later: tuple[set[str], set[str]], earlier: tuple[set[str], set[str]]) -> bool:
    """Whether nearly all words and every number of the earlier line stand in the later one."""
    words, figures = earlier
    return len(words & later[0]) >= OVERLAP * max(1, len(words)) and figures <= later[1]


def _weight(line: Line, first: int, newest: int) -> float:
    """How much a sentence says, fading with age; what a conversation began with stays."""
    weight = min(len(stems(line.text)), 12) / 12
    weight += 0.5 * line.text.endswith("?") + 0.4 * any(char.isdigit() for char in line.text)
    return weight + 1.0 if line.seq == first else weight * FADING ** (newest - line.seq)
