"""Conversation memory: what the assistant knows of what was said, packed into a budget.

Pure. Facts first, then the newest messages, then of what is older the summary; a long message is
cut in its middle, where it hurts least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from conversations.dialogue.summary import Line, lines

Role = Literal["user", "agent"]
_CHARS_PER_TOKEN = 4  # English text in Llama's tokenizers, rounded down
FACTS_SHARE = 0.25  # of the budget at most
SUMMARY_SHARE = 0.25


@dataclass(frozen=True)
class Utterance:
    """One message of the conversation; agents and the assistant both speak as "agent". `seq` is its
    number, where it is known."""

    role: Role
    text: str
    seq: int = 0


@dataclass(frozen=True)
class Memory:
    """`question` joins the messages that wait for a reply; `history` is what came before them.
    `facts` are lines such as "order number: NW-20418"; `summary` is of what is older than the
    history."""

    question: str
    history: tuple[Utterance, ...] = ()
    summary: str = ""
    facts: tuple[str, ...] = ()


def recall(
    messages: Sequence[Utterance],
    *,
    budget_tokens: int,
    message_tokens: int,
    summary: str = "",
    facts: Sequence[str] = (),
) -> Memory:
    """Pack a conversation, oldest message first, into a budget of tokens.

    The customer's last messages without a reply between them are the question, whole; of the rest
    as many of the newest as fit are kept, each cut to `message_tokens`. `facts` come most important
    first; `summary` is one as services/memory.py keeps it.
    """
    start = len(messages)
    while start > 0 and messages[start - 1].role == "user":
        start -= 1
    question = "\n".join(message.text for message in messages[start:])
    budget = budget_tokens * _CHARS_PER_TOKEN
    known = _within(int(budget * FACTS_SHARE), facts)
    older = lines(summary)
    reserved = min(int(budget * SUMMARY_SHARE), sum(len(line.text) for line in older))
    history = _newest(
        messages[:start],
        budget - reserved - sum(map(len, known)),
        message_tokens * _CHARS_PER_TOKEN,
    )
    return Memory(question, history, _older(older, messages, start, history, reserved), known)


def _newest(said: Sequence[Utterance], left: int, most: int) -> tuple[Utterance, ...]:
    kept: list[Utterance] = []
    for message in reversed(said):
        text = shorten(message.text, most)
        if len(text) > left:
            break
        left -= len(text)
        kept.append(Utterance(message.role, text, message.seq))
    return tuple(reversed(kept))


def _older(
    summary: Sequence[Line],
    messages: Sequence[Utterance],
    start: int,
    history: Sequence[Utterance],
    left: int,
) -> str:
    """The summary's lines that neither the history nor the question has, the newest of them."""
    shown = [message.seq for message in (*history, *messages[start:]) if message.seq]
    oldest = min(shown, default=0)
    kept = [line.text for line in summary if not oldest or line.seq < oldest]
    return "\n".join(reversed(_within(left, kept[::-1])))


def _within(chars: int, texts: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for text in texts:
        chars -= len(text)
        if chars < 0:
            break
        kept.append(text)
    return tuple(kept)


def shorten(text: str, chars: int) -> str:
    """Cut a long text in its middle, at spaces, and mark the cut."""
    if len(text) <= chars:
        return text
    head, tail = text[: chars * 2 // 3], text[-chars // 3 :]
    return f"{head.rsplit(' ', 1)[0]} … {tail.split(' ', 1)[-1]}"
