"""GroundedWriter: lets a model's text through as far as the passages support it.

Pure. A sentence that repeats a passage word for word is shown word by word as it is written: what
was shown of it is true, and where the model leaves the original the caller finishes the sentence
from the passage. Any other sentence waits for its end and for the check. At the first refusal
nothing more of the model is shown; the caller goes on with a quotation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from conversations.dialogue.grounding import Evidence, Verdict, check, split_sentences, stems

#: A sentence that shares so much of its words with one that was said says nothing new.
REPETITION = 0.8
#: So many words must match an original before the first of them is shown.
SURE_WORDS = 3
#: A sentence of its own making with fewer words that carry meaning is no sentence.
LEAST_WORDS = 3


@dataclass
class GroundedWriter:
    """Feed it the model's pieces; `show` gets what may be seen. Keeps the tally for the record.

    `quotable` are the passages' own sentences (made `flat`), each with its source's number.
    """

    passages: Sequence[Evidence]
    show: Callable[[str], None]
    shown: str = ""
    quotable: Mapping[str, int] = field(default_factory=dict)
    supported: int = 0
    refused: str = ""
    sources: tuple[int, ...] = ()
    _held: str = field(default="", repr=False)
    _open: int = field(default=0, repr=False)  # characters of the held sentence that are shown
    _said: list[frozenset[str]] = field(default_factory=list, repr=False)

    def begin(self, opening: str) -> None:
        """Show the beginning of an original at once; the model goes on from it."""
        self._held += opening
        self._open = len(self._held)
        self._show(opening)

    def resume(self, shown: str) -> None:
        """Go on from text that another wrote: a sentence of an original that is open there is to
        be finished as the original has it."""
        rest = (split_sentences(shown) or [""])[-1]
        begun = flat(rest)
        if begun and any(original.startswith(begun) for original in self.quotable):
            self._held, self._open = rest, len(rest)

    def feed(self, piece: str) -> bool:
        """Take a piece. False: a sentence was refused, stop the model."""
        self._held += piece
        if not self._held.strip():
            return True
        *whole, rest = split_sentences(self._held) or [""]
        for sentence in whole:
            if not self._judge(sentence):
                return False
        self._held = rest
        return self._release()

    def finish(self) -> bool:
        """Judge what is left when the model ended by itself."""
        rest, self._held = self._held, ""
        return self._judge(rest) if rest.strip() else True

    def _release(self) -> bool:
        """Show the whole words of a sentence that follows an original so far."""
        words = self._held[: self._held.rfind(" ") + 1]
        begun = flat(words) + " "
        follows = any(f"{original} ".startswith(begun) for original in self.quotable)
        if self._open and words.strip() and not follows:
            return self._refuse("diverged")
        if follows and len(words.split()) >= SURE_WORDS and len(words) > self._open:
            self._show(words[self._open :])
            self._open = len(words)
        return True

    def _judge(self, sentence: str) -> bool:
        original = self.quotable.get(flat(sentence))
        if original is None and self._open:
            return self._refuse("diverged")
        said = frozenset(stems(sentence))
        if original is None and not said:
            return True  # "Yes." or "Sure!": says nothing that could be checked, and is left out
        if original is None and len(said) < LEAST_WORDS:
            return self._refuse("fragment")
        verdict = check(sentence, self.passages) if original is None else Verdict(True, (original,))
        if not verdict.supported:
            return self._refuse(verdict.reason)
        if not self._open and any(_share(said, earlier) > REPETITION for earlier in self._said):
            return self._refuse("repeated")
        self._said.append(said)
        self.supported += 1
        self.sources = tuple(dict.fromkeys((*self.sources, *verdict.sources)))
        self._show(sentence[self._open :])
        self._open = 0
        return True

    def _show(self, text: str) -> None:
        if not self.shown or self.shown[-1].isspace():
            text = text.lstrip()
        self.shown += text
        self.show(text)

    def _refuse(self, reason: str) -> bool:
        self.refused, self._held = reason, ""
        return False


def flat(sentence: str) -> str:
    """A sentence on one line, as sentences are compared."""
    return " ".join(sentence.split())


def _share(said: frozenset[str], earlier: frozenset[str]) -> float:
    return len(said & earlier) / len(said) if said else 0.0
