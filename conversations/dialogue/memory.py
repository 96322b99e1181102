"""Conversation memory: what the assistant knows of what was said, packed into a budget.

Pure. The newest messages win; a long message is cut in its middle, where it hurts least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "agent"]
_CHARS_PER_TOKEN = 4  # English text in Llama's tokenizers, rounded down


@dataclass(frozen=True)
class Utterance:
    """One message of the conversation; agents and the assistant both speak as "agent"."""

    role: Role
    text: str


@dataclass(frozen=True)
class Memory:
    """`question` joins the messages that wait for a reply; `history` is what came before them."""

    question: str
    history: tuple[Utterance, ...] = ()
    summary: str = ""


def recall(
    messages: Sequence[Utterance], *, budget_tokens: int, message_tokens: int, summary: str = ""
) -> Memory:
    """Pack a conversation, oldest message first, into a budget of tokens.

    The customer's last messages without a reply between them are the question, whole; of the rest
    as many of the newest as fit are kept, each cut to `message_tokens`.
    """
    start = len(messages)
    while start > 0 and messages[start - 1].role == "user":
        start -= 1
    question = "\n".join(message.text for message in messages[start:])
    left = budget_tokens * _CHARS_PER_TOKEN
    kept: list[Utterance] = []
    for message in reversed(messages[:start]):
        text = shorten(message.text, message_tokens * _CHARS_PER_TOKEN)
        if len(text) > left:
            break
        left -= len(text)
        kept.append(Utterance(message.role, text))
    return Memory(question=question, history=tuple(reversed(kept)), summary=summary)


def shorten(text: str, chars: int) -> str:
    """Cut a long text in its middle, at spaces, and mark the cut."""
    if len(text) <= chars:
        return text
    head, tail = text[: chars * 2 // 3], text[-chars // 3 :]
    return f"{head.rsplit(' ', 1)[0]} … {tail.split(' ', 1)[-1]}"
