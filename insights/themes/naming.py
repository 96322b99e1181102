"""Names of clusters: the words that their questions use and others do not. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from conversations.retrieval.terms import FUNCTION_WORDS, stem, words

#: A word in a name stands in so many questions at least: no single customer's word becomes a name.
LEAST = 3
WORDS = 3
KEPT = 200


def said(texts: Iterable[str]) -> Counter[str]:
    """In how many of the texts each word stands."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update({word for word in words(text) if _names(word)})
    return found


def _names(word: str) -> bool:
    return len(word) > 2 and word not in FUNCTION_WORDS and not any(c.isdigit() for c in word)


def name(own: Mapping[str, int], size: int, everywhere: Mapping[str, int], number: int) -> str:
    """Up to three words, the most telling first; empty where no word stands out.

    A word tells more the more of the cluster's questions hold it, and the fewer of all `number`
    questions do. Of words with one stem the commonest is taken.
    """
    scores = []
    for word, count in own.items():
        if count >= LEAST:
            rare = math.log((number + 1) / (everywhere.get(word, count) + 1)) + 0.1
            scores.append((-(count / max(size, 1)) * rare, word))
    chosen: list[str] = []
    stems: set[str] = set()
    for _score, word in sorted(scores):
        if (root := stem(word)) not in stems and len(chosen) < WORDS:
            stems.add(root)
            chosen.append(word)
    return " · ".join(chosen)


def trimmed(counts: Mapping[str, int]) -> dict[str, int]:
    """The commonest words: what is kept of a cluster."""
    ordered: Sequence[tuple[str, int]] = sorted(
        counts.items(), key=lambda item: (-item[1], item[0])
    )
    return dict(ordered[:KEPT])
