"""From tokens to text that may be shown: whole code points only, nothing of a stop string."""

from collections.abc import Callable, Sequence

#: Where bytes do not (yet) make a character, a decoder writes this.
_REPLACEMENT = "\ufffd"
#: A character has at most four bytes, so after as many tokens a replacement is no beginning.
_LONGEST_CHARACTER = 4


class Detokenizer:
    """Turns a growing list of token ids into text, holding back half a code point.

    `decode` is the tokenizer's. Only the last tokens are decoded again, so the cost of a token
    does not grow with the text.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._context: list[int] = []  # tokens that are shown, kept for the spacing they give
        self._pending: list[int] = []

    def push(self, token: int) -> str:
        """The text that became complete with this token; often empty for emoji."""
        self._pending.append(token)
        before = self._decode(self._context)
        text = self._decode(self._context + self._pending)[len(before) :]
        if text.endswith(_REPLACEMENT) and len(self._pending) < _LONGEST_CHARACTER:
            return ""
        self._context, self._pending = self._pending, []
        return text

    def flush(self) -> str:
        """What is left at the end, without a broken character."""
        before = self._decode(self._context)
        text = self._decode(self._context + self._pending)[len(before) :]
        self._pending = []
        return text.rstrip(_REPLACEMENT)


class StopFilter:
    """Lets text through until a stop string appears, also one that is spread over pieces.

    Text that may be the beginning of a stop string is held back until it is clear.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """The part of the text so far held back that may be shown now."""
        if self.stopped:
            return ""
        text = self._held + text
        found = min((i for i in map(text.find, self._stops) if i >= 0), default=-1)
        if found >= 0:
            self.stopped, self._held = True, ""
            return text[:found]
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """The held text, once it is certain that nothing follows."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`, short of all of it."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0


def neutralised(content: str, special: Sequence[str]) -> str:
    """Content in which no special token can be read: a customer cannot open a turn of their own."""
    for token in special:
        if token in content:
            content = content.replace(token, token[0] + "\u200b" + token[1:])
    return content


def loops(output: Sequence[int], token: int, *, window: int = 8, times: int = 2) -> bool:
    """Whether `token` would complete a run of `window` tokens said `times` times already."""
    if len(output) < window:
        return False
    run = (*output[len(output) - window + 1 :], token)
    seen = sum(tuple(output[i : i + window]) == run for i in range(len(output) - window + 1))
    return seen >= times
