"""Canned replies and saved views: small things that agents keep, with who may change them."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from conversations.access import Agent, visible_conversation
from conversations.escalation.errors import NotAllowed, UnknownVariable
from conversations.escalation.queue import parse
from conversations.escalation.rows import team
from conversations.models import CannedReply, Conversation, MemoryFact, SavedView
from portal.core.errors import InvalidInput, NotFound
from portal.core.service import BaseService

_VARIABLE = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_PLAIN = frozenset({"customer.name", "agent.name", "company", "conversation"})
_SHORTCUT = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
LISTED = 300
VIEWS = 50


def render(body: str, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The text with its variables filled in, and the names of those without a value."""
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        found = values.get(match.group(1), "")
        if not found:
            missing.append(match.group(1))
        return found or match.group(0)

    return _VARIABLE.sub(value, body), tuple(dict.fromkeys(missing))


def check_variables(body: str) -> None:
    """Raises UnknownVariable, which names it."""
    for name in _VARIABLE.findall(body):
        if name not in _PLAIN and not name.startswith("fact."):
            raise UnknownVariable(_("There is no variable {{%(name)s}}.") % {"name": name})


class CannedService(BaseService):
    name = "canned"

    def find(
        self, *, agent: Agent, words: str = "", conversation_id: UUID | None = None
    ) -> list[dict[str, Any]]:
        """Replies for the agent's teams; with a conversation, ready to send."""
        found = self._seen(agent).select_related("team")
        if words:
            found = found.filter(
                Q(shortcut__icontains=words) | Q(title__icontains=words) | Q(body__icontains=words)
            )
        values = self._values(agent, conversation_id) if conversation_id else None
        return [payload(reply, agent, values) for reply in found[:LISTED]]

    def save(
        self,
        *,
        agent: Agent,
        fields: Mapping[str, Any],
        reply_id: int | None = None,
    ) -> dict[str, Any]:
        """Write a reply. Raises NotAllowed for somebody else's, InvalidInput for a taken name."""
        with self.operation("save"):
            reply = CannedReply(owner_id=agent.id)
            if reply_id is not None:
                reply = self._own(agent, reply_id)
            for name in ("shortcut", "title", "body", "language"):
                if name in fields:
                    setattr(reply, name, str(fields[name]).strip())
            if "team" in fields:
                reply.team_id = fields["team"]
            foreign = reply.team_id is not None and reply.team_id not in agent.teams
            if foreign and not agent.may("see_all_teams"):
                raise NotAllowed
            if not _SHORTCUT.match(reply.shortcut) or not reply.title or not reply.body:
                raise InvalidInput(_("A canned reply needs a shortcut of letters, a title, words."))
            check_variables(reply.body)
            try:
                with transaction.atomic():
                    reply.save()
            except IntegrityError:
                raise InvalidInput(_("This shortcut is taken already.")) from None
            return payload(reply, agent, None)

    def delete(self, *, agent: Agent, reply_id: int) -> None:
        with self.operation("delete"):
            self._own(agent, reply_id).delete()

    def _seen(self, agent: Agent) -> QuerySet[CannedReply]:
        if agent.may("see_all_teams"):
            return CannedReply.objects.all()
        return CannedReply.objects.filter(Q(team__isnull=True) | Q(team_id__in=agent.teams))

    def _own(self, agent: Agent, reply_id: int) -> CannedReply:
        reply = self._seen(agent).filter(pk=reply_id).first()
        if reply is None:
            raise NotFound
        if reply.owner_id != agent.id and not agent.may("share_desk_tools"):
            raise NotAllowed
        return reply

    def _values(self, agent: Agent, conversation_id: UUID) -> dict[str, str]:
        conversation = visible_conversation(agent, conversation_id)
        known = Conversation.objects.select_related("customer").get(pk=conversation.pk)
        facts = MemoryFact.objects.filter(conversation=conversation, erased_at__isnull=True)
        return {
            "customer.name": known.customer.display_name if known.customer else "",
            "agent.name": agent.name,
            "company": settings.CONFIG.company,
            "conversation": str(conversation.pk)[:8],
            **{f"fact.{fact.kind}": fact.value for fact in facts.order_by("updated_at")},
        }


def payload(reply: CannedReply, agent: Agent, values: Mapping[str, str] | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": reply.pk,
        "shortcut": reply.shortcut,
        "title": reply.title,
        "body": reply.body,
        "language": reply.language,
        "team": team(reply.team),
        "mine": reply.owner_id == agent.id,
        "may_edit": reply.owner_id == agent.id or agent.may("share_desk_tools"),
    }
    if values is not None:
        body["rendered"], missing = render(reply.body, values)
        body["missing"] = list(missing)
    return body


class ViewService(BaseService):
    name = "views"

    def find(self, *, agent: Agent) -> list[dict[str, Any]]:
        seen = SavedView.objects.filter(Q(owner_id=agent.id) | Q(shared=True))
        return [view_payload(view, agent) for view in seen[:VIEWS]]

    def save(
        self, *, agent: Agent, name: str, filters: Mapping[str, Any], shared: bool
    ) -> dict[str, Any]:
        """Keep a view under its name; saving again replaces it."""
        kept = {str(key): str(value) for key, value in filters.items() if key != "page"}
        parse(kept)
        if shared:
            agent.require("share_desk_tools")
        if not name.strip() or len(name) > 80:
            raise InvalidInput
        with self.operation("save"):
            view, _created = SavedView.objects.update_or_create(
                owner_id=agent.id, name=name.strip(), defaults={"filters": kept, "shared": shared}
            )
            return view_payload(view, agent)

    def delete(self, *, agent: Agent, view_id: int) -> None:
        with self.operation("delete"):
            deleted, _rows = SavedView.objects.filter(pk=view_id, owner_id=agent.id).delete()
            if not deleted:
                raise NotFound


def view_payload(view: SavedView, agent: Agent) -> dict[str, Any]:
    return {
        "id": view.pk,
        "name": view.name,
        "filters": view.filters,
        "shared": view.shared,
        "mine": view.owner_id == agent.id,
    }
