"""What the desk tells customers, in words. Pure: everything it says is in its arguments."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.escalation.wait import Outlook


def waiting(view: Outlook, *, zone: str) -> str:
    """What happens next for a customer who waits for a person."""
    if not view.open:
        sentences = [
            _("Our team is not here right now. We open again on %(when)s.")
            % {"when": moment(view.opens_at, zone)}
        ]
    elif not view.agents_online:
        sentences = [_("None of our colleagues is online right now.")]
    else:
        sentences = [
            _("You are number %(position)d in the queue for a colleague.")
            % {"position": view.position},
            _wait(view.expected_wait),
        ]
    if view.ask_email:
        sentences.append(
            _(
                "Your conversation is kept, and you will have an answer here by %(when)s. "
                "If you leave your e-mail address, our team can also reach you there."
            )
            % {"when": moment(view.answer_by, zone)}
        )
    return " ".join(sentences)


def _wait(seconds: int | None) -> str:
    if seconds is None:
        return _("We cannot estimate yet how long it takes.")
    minutes = max(1, round(seconds / 60))
    return ngettext(
        "It will take about %(minutes)d minute.", "It will take about %(minutes)d minutes.", minutes
    ) % {"minutes": minutes}


def moment(when: datetime | None, zone: str) -> str:
    """A date and time of day as a customer reads it, with its zone."""
    if when is None:
        return _("the next working day")
    local = when.astimezone(ZoneInfo(zone))
    return f"{date_format(local, 'l j F')}, {date_format(local, 'H:i')} ({local:%Z})"


def already_waiting(view: Outlook, *, zone: str) -> str:
    return _("Your request is with our team already.") + " " + waiting(view, zone=zone)


def back_in_queue(view: Outlook, *, name: str, zone: str) -> str:
    first = _("%(name)s cannot go on with your conversation just now, so a colleague will.")
    return first % {"name": name} + " " + waiting(view, zone=zone)


def still_waiting(view: Outlook, *, zone: str) -> str:
    first = _("We are sorry: this takes longer than we promised. We have moved you up.")
    return first + " " + waiting(view, zone=zone)


def contact_kept(view: Outlook, *, zone: str) -> str:
    when = moment(view.answer_by, zone)
    if view.answer_by is None:
        return _("Thank you. We will use this address if you are gone when we answer.")
    return _("Thank you. We will answer by %(when)s, and we can reach you at this address.") % {
        "when": when
    }


def reopened() -> str:
    return _("I have opened your request again for our team.")


def resolved(name: str) -> str:
    return _("%(name)s has marked your request as solved. Was it?") % {"name": name}


def customer_left() -> str:
    return _(
        "We have not heard from you, so we are closing this conversation. "
        "Write here whenever you like and it opens again."
    )
