"""MailingService: an agent's words by e-mail to a customer who left an address and is not here.

A customer who reads on the page says so (`seen`); whoever has not, a while after the words were
written, gets one message with all of them and a way back. Claimed by one conditional UPDATE before
it is sent, so two runs at once send it once; a mail server that fails gives the claim back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q
from django.db.models.expressions import Value
from django.db.models.functions import Coalesce, Greatest, NullIf
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations import return_key
from conversations.models import Conversation, Escalation, Message
from portal import limits
from portal.core.errors import Unavailable
from portal.core.service import BaseService

BATCH = 100


class NotSent(Unavailable):
    """The mail server took no message. It is tried again."""

    code = "mail_not_sent"


@dataclass(frozen=True)
class Unread:
    """What a customer has not seen of what people wrote."""

    conversation: UUID
    address: str
    mailed_seq: int
    messages: tuple[Message, ...]


class MailingService(BaseService):
    name = "mailing"

    def seen(self, *, conversation_id: UUID, seq: int) -> None:
        """The customer's page shows everything up to this number."""
        Conversation.objects.filter(pk=conversation_id, seen_seq__lt=seq, head_seq__gte=seq).update(
            seen_seq=seq
        )

    def send_due(self, *, now: datetime) -> int:
        """Send what has waited long enough to be read. Returns how many e-mails went out."""
        return sum(self._send(unread, now) for unread in waiting(now))

    def _send(self, unread: Unread, now: datetime) -> bool:
        newest = unread.messages[-1].seq
        mine = Conversation.objects.filter(pk=unread.conversation, mailed_seq=unread.mailed_seq)
        if not mine.update(mailed_seq=newest):
            return False
        try:
            with self.operation("send", conversation=str(unread.conversation)):
                _deliver(message(unread))
        except NotSent:
            Conversation.objects.filter(pk=unread.conversation, mailed_seq=newest).update(
                mailed_seq=unread.mailed_seq
            )
            return False
        return True


def waiting(now: datetime) -> list[Unread]:
    """Customers with an address who have not seen what an agent wrote, the longest wait first."""
    written = (
        Escalation.objects.filter(
            agent_wrote_at__gt=now - timedelta(seconds=limits.MAIL_WITHIN),
            agent_wrote_at__lte=now - timedelta(seconds=limits.MAIL_AFTER),
        )
        .exclude(conversation__contact_email="", conversation__customer__email=None)
        .exclude(conversation__contact_email="", conversation__customer__email="")
        .order_by("agent_wrote_at")
        .values(
            known=Greatest("conversation__seen_seq", "conversation__mailed_seq"),
            mailed=F("conversation__mailed_seq"),
            key=F("conversation_id"),
            address=Coalesce(
                NullIf("conversation__contact_email", Value("")), "conversation__customer__email"
            ),
        )
    )
    unseen = written.filter(
        Q(conversation__messages__author=Message.Author.AGENT)
        & Q(conversation__messages__seq__gt=F("known"))
    ).distinct()
    found = []
    for row in unseen[:BATCH]:
        messages = Message.objects.filter(
            conversation_id=row["key"], author=Message.Author.AGENT, seq__gt=row["known"]
        ).select_related("user__agent_profile")
        found.append(
            Unread(row["key"], row["address"], row["mailed"], tuple(messages.order_by("seq")))
        )
    return found


def message(unread: Unread) -> EmailMultiAlternatives:
    """The e-mail: plain text and HTML, both escaped by their templates' kind."""
    company = settings.CONFIG.company
    page = settings.CONFIG.address.rstrip("/") + reverse("chat")
    context = {
        "company": company,
        "messages": unread.messages,
        "link": f"{page}#return={unread.conversation}~{return_key.make(unread.conversation)}",
        "days": limits.RETURN_KEY // 86_400,
    }
    subject = _("%(company)s has answered you") % {"company": company}
    text = render_to_string("desk/answer_mail.txt", context)
    made = EmailMultiAlternatives(subject, text, None, [unread.address])
    made.attach_alternative(render_to_string("desk/answer_mail.html", context), "text/html")
    return made


def _deliver(made: EmailMultiAlternatives) -> None:
    try:
        made.send()
    except (SMTPException, OSError) as error:
        raise NotSent from error
