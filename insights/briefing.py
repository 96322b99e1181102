"""BriefingService: the morning brief as a message, once a morning, to those who asked for it."""

from datetime import date, datetime
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import formats
from django.utils.translation import gettext as _

from insights.access import may_see
from insights.dashboards.brief import Brief, Line, brief
from insights.figures.figure import portal_zone
from insights.models import BriefSubscription
from portal.core.errors import InvalidInput, Unavailable
from portal.core.service import BaseService


class NoAddress(InvalidInput):
    """Your account has no e-mail address. An administrator can enter it."""

    code = "no_address"


class NotSent(Unavailable):
    """The mail server took no message. It is tried again."""

    code = "mail_not_sent"


class BriefingService(BaseService):
    name = "briefing"

    def subscribe(self, user: Any, *, now: datetime) -> None:
        """Send `user` the brief from the next morning on. Raises NoAddress."""
        if not user.email:
            raise NoAddress
        BriefSubscription.objects.get_or_create(
            user=user, defaults={"since": now, "sent_for": now.astimezone(portal_zone()).date()}
        )

    def unsubscribe(self, user: Any) -> None:
        BriefSubscription.objects.filter(user=user).delete()

    def send_due(self, *, now: datetime) -> int:
        """Send this morning's brief to those who have not had it. Returns how many were sent.

        Safe to run at any time and twice at once. One who may no longer see figures gets nothing;
        one whose message cannot be sent gets it at the next run.
        """
        local = now.astimezone(portal_zone())
        if local.hour < settings.CONFIG.brief_hour:
            return 0
        today, sent = local.date(), 0
        waiting = Q(sent_for=None) | Q(sent_for__lt=today)
        due = BriefSubscription.objects.filter(waiting).select_related("user")
        found: Brief | None = None
        for one in due:
            if not may_see(one.user) or not one.user.email:
                continue
            found = found or brief(today)
            sent += self._send(one, found, today)
        return sent

    def _send(self, one: BriefSubscription, found: Brief, today: date) -> bool:
        mine = BriefSubscription.objects.filter(pk=one.pk, sent_for=one.sent_for)
        if not mine.update(sent_for=today):
            return False
        try:
            with self.operation("send", user=one.pk):
                _deliver(message(found, one.user.email))
        except NotSent:
            BriefSubscription.objects.filter(pk=one.pk, sent_for=today).update(
                sent_for=one.sent_for
            )
            return False
        return True


def _deliver(made: EmailMultiAlternatives) -> None:
    try:
        made.send()
    except (SMTPException, OSError) as error:
        raise NotSent from error


def message(found: Brief, address: str) -> EmailMultiAlternatives:
    """The brief as a message: plain text, and HTML in which every line is a link."""
    base = settings.CONFIG.address.rstrip("/")
    subject = _("Morning brief, %s") % formats.date_format(found.day, "l, j F Y")
    made = EmailMultiAlternatives(subject, as_text(found, base), None, [address])
    html = render_to_string(
        "insights/brief_mail.html", {"parts": parts(found), "base": base, "subject": subject}
    )
    made.attach_alternative(html, "text/html")
    return made


def parts(found: Brief) -> list[tuple[str, tuple[Line, ...]]]:
    """The parts that say something, the most urgent first."""
    every = (
        (_("Alerts"), found.alerts),
        (_("What is unusual"), found.unusual),
        (_("What changed"), found.changed),
        (_("What to do next"), found.next_steps),
    )
    return [(title, lines) for title, lines in every if lines]


def as_text(found: Brief, base: str) -> str:
    return "\n\n".join(
        f"{title}\n" + "\n".join(f"- {line.text}\n  {base}{line.link}" for line in lines)
        for title, lines in parts(found)
    )
