"""The assistant's own sentences: what it says when it does not answer from an article.

Pure text by reason code. Each says what is true and what happens next.
"""


def _(text: str) -> str:
    """Marks a sentence for translation; the service that says it translates it."""
    return text


UNKNOWN = _(
    "I could not find an answer to this in our help articles, and I would rather not guess. "
    "I have asked a colleague to look at it; they will write to you here."
)

SENTENCES: dict[str, str] = {
    "no_article": UNKNOWN,
    "not_sure": _(
        "I am not sure that our help articles answer this, and I would rather not guess. "
        "I have asked a colleague to look at it; they will write to you here."
    ),
    "fault": _(
        "I cannot answer right now because of a technical problem on our side. Your message is "
        "safe, and I have asked a colleague to look at it; they will write to you here."
    ),
    "late": _(
        "This took longer than it should, so I stopped trying. Your message is safe, and I have "
        "asked a colleague to look at it; they will write to you here."
    ),
}


def sentence(reason: str) -> str:
    """The sentence for a reason code; the honest "I do not know" for one without its own."""
    return SENTENCES.get(reason, UNKNOWN)
