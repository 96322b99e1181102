"""Sentences of an article that speak to a language model instead of to customers.

Pure. Whoever can edit an article could try to steer the assistant with one; such a sentence is
neither put into a prompt nor quoted. What is left of the article serves on.
"""

import re

from conversations.dialogue.grounding import split_sentences

_MODEL = r"(?:assistant|chat ?bot|bot|ai(?: model)?|language model|llm|model)"
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules|prompts?"
    r"|guidelines|everything above|all of the above)\b"
    r"|\b(?:system|developer) (?:prompt|message|instructions?)\b|^\W*(?:system|assistant|user)\s*:"
    rf"|\b(?:dear|attention|note to(?: the)?|hey|instructions? (?:for|to)(?: the)?) {_MODEL}\b"
    rf"|\bif you are an? {_MODEL}\b|\bas an? (?:ai|language model)\b"
    r"|\byou are now (?:an? |the |in )?(?:\w+ ){0,3}(?:assistant|bot|model|mode|agent|dan)\b"
    r"|\b(?:tell|inform|assure|promise) (?:the |every |each |all )?(?:customers?|users?)"
    r" (?:that|to)\b"
    r"|\b(?:respond|reply|answer) (?:only|always|to everything) with\b|\bend every answer with\b"
    r"|\breveal\b.{0,30}\b(?:prompt|instructions?)\b"
    r"|<\|[^|>]{0,40}\|>|\[/?INST\]|<</?SYS>>|#{2,} ?(?:instruction|system)",
    re.IGNORECASE,
)


def gives_orders(sentence: str) -> bool:
    """Whether a sentence is meant for a model that reads it."""
    return bool(_ORDER.search(sentence))


def without_orders(text: str) -> str:
    """The text without such sentences; the very same text where there is none."""
    if not _ORDER.search(text):
        return text
    kept = [
        "".join(piece for piece in split_sentences(line) if not gives_orders(piece))
        for line in text.split("\n")
    ]
    return "\n".join(kept)
