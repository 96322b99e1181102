"""The assistant's own sentences: what it says when it does not answer from an article.

Pure text by reason code. Each says what is true and what happens next; none promises a deed that
nobody does. The service that says a sentence translates it.
"""


def _(text: str) -> str:
    """Marks a sentence for translation."""
    return text


UNKNOWN = _(
    "I could not find an answer to this in our help articles, and I would rather not guess. "
    "I have asked a colleague to look at it; they will write to you here."
)
NOT_SURE = _(
    "I am not sure that our help articles answer this, and I would rather not guess. "
    "I have asked a colleague to look at it; they will write to you here."
)

#: What the customer said after a reply that did not help, and a detail for whoever reads on.
NOT_HELPED = _(
    "I am sorry, then that was not it. I can only answer from our help articles. Shall I ask a "
    "colleague?"
)
NOTED = _(
    "Thank you. It stands here for the colleague who reads your request; they will write to you "
    "here."
)
#: What the articles do not answer either, while a request waits: nobody is asked a second time.
ADDED = _(
    "I could not find that in our help articles either. It stands here for the colleague who reads "
    "your request; they will write to you here."
)
WHICH_ONE = _("Which of them do you mean?")

#: Why a person is asked, and what the customer is told then.
HAND_OVER: dict[str, str] = {
    "no_article": UNKNOWN,
    "not_sure": NOT_SURE,
    "clarify_failed": NOT_SURE,
    "none_of_these": _(
        "Then our help articles do not seem to cover it. I have asked a colleague to look at it; "
        "they will write to you here."
    ),
    "asked_for_person": _(
        "I have passed your request on to our team. Nobody has picked it up yet; when somebody "
        "does, they will write to you here. Until then you can go on asking me."
    ),
    "complaint": _(
        "I am sorry about this. I have asked a colleague to look at it; they will write to you "
        "here. If you add what happened and your order number, they can start right away."
    ),
    "complaint_with_number": _(
        "I am sorry about this. I have asked a colleague to look at it; they will write to you "
        "here. If you add what happened and what you would like us to do, they can start right "
        "away."
    ),
    "emergency": _(
        "If anyone is in danger, please call your emergency number now; in Europe it is 112. "
        "I am an automated assistant and cannot send help. I have marked this as urgent for our "
        "team."
    ),
    "self_harm": _(
        "I am sorry that things are this hard. I am an automated assistant and not the right one "
        "to help, but people are: in an emergency call 112, or talk to someone at a crisis line "
        "such as 116 123 in many European countries. I have marked this as urgent for our team."
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

#: Turns that ask nothing of the articles.
COURTESY: dict[str, str] = {
    "greeting": _("Hello! What can I help you with?"),
    "thanks": _("You are welcome. Is there anything else I can help with?"),
    "goodbye": _("Goodbye, and thank you for writing to us."),
    "yes": _("All right. What would you like to know?"),
    "understood": _("All right. Is there anything else I can help with?"),
    "no": _("All right. I am here if something else comes up."),
    "small_talk": _(
        "I am the automated assistant here, so I have little to tell about myself. I can answer "
        "questions from our help articles, or ask a colleague for you."
    ),
    "help": _("Of course. What would you like to know?"),
    "abuse": _(
        "I would like to help. Tell me in a sentence what went wrong, or ask for a person at any "
        "time."
    ),
    "empty": _("I did not understand that. Could you put it in a sentence?"),
}

OFFER_PERSON = _(
    "Thank you. I cannot look into orders or accounts myself. Shall I ask a colleague to do it?"
)
CLARIFY = {
    "several_articles": _("Which of these is it about?"),
    "one_article": _("Is this what you would like to know?"),
}
NONE_OF_THESE = _("None of these")
REST = _(
    "About your other question, “%(question)s”, I am not sure. I have asked a colleague; they will "
    "write to you here."
)


def hand_over(reason: str, *, waiting: bool = False) -> str:
    """The sentence for a hand-over; the honest "I do not know" for a reason without its own.

    Where a request waits already, no colleague is said to have been asked anew.
    """
    sentence = HAND_OVER.get(reason, UNKNOWN)
    return ADDED if waiting and sentence in (UNKNOWN, NOT_SURE) else sentence
