"""GroundedWriter: lets a model's text through sentence by sentence, as the passages support it.

Pure. The first sentence does not wait for the last. At the first refusal nothing more of the model
is shown; the caller goes on with a quotation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from conversations.dialogue.grounding import Evidence, Verdict, check, split_sentences


@dataclass
class GroundedWriter:
    """Feed it the model's pieces; `show` gets what may be seen. Keeps the tally for the record."""

    passages: Sequence[Evidence]
    show: Callable[[str], None]
    shown: str = ""
    supported: int = 0
    refused: str = ""
    sources: tuple[int, ...] = ()
    _held: str = field(default="", repr=False)

    def feed(self, piece: str) -> bool:
        """Take a piece. False: a sentence was refused, stop the model."""
        self._held += piece
        *whole, rest = split_sentences(self._held) or [""]
        for sentence in whole:
            if not self._judge(sentence):
                return False
        self._held = rest
        return True

    def finish(self) -> bool:
        """Judge what is left when the model ended by itself."""
        rest, self._held = self._held, ""
        return self._judge(rest) if rest.strip() else True

    def _judge(self, sentence: str) -> bool:
        verdict: Verdict = check(sentence, self.passages)
        if not verdict.supported:
            self.refused = verdict.reason
            self._held = ""
            return False
        if not self.shown:
            sentence = sentence.lstrip()
        self.supported += 1
        self.sources = tuple(dict.fromkeys((*self.sources, *verdict.sources)))
        self.shown += sentence
        self.show(sentence)
        return True
