"""Why a question was not answered, in words, and what to do about it."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from insights.ask.reading import Refused


def left_out(words: Sequence[str]) -> str:
    """What the answer says of words that were left unread; empty where there are none."""
    if not words:
        return ""
    quoted = ", ".join(f"“{word}”" for word in words)
    return _("I did not understand %s and left it out: see whether this is your question.") % quoted


def reason(refused: Refused) -> str:
    quoted = ", ".join(f"“{word}”" for word in refused.words)
    match refused.why:
        case "empty":
            return _("Ask something, such as “escalation rate by topic last week”.")
        case "unknown":
            return _("I did not understand %s, so I do not answer another question.") % quoted
        case "negation":
            return _("I cannot leave something out (%s). Name what should be counted.") % quoted
        case "future":
            return _("That has not happened yet. I count what was, I do not foretell.")
        case "date":
            return _("The calendar has no such day. Write it such as “1 to 15 October”.")
        case "measure":
            return _("Which figure do you mean? The list of figures names all of them.")
        case "dimension":
            return refused.detail
        case _:
            return _("That is too long for one question.")
