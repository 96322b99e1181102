"""ApiTokenService: keys of programs, made, recognised and revoked."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from conversations.keys import hash_token
from conversations.models import ApiToken, Scope
from portal import limits
from portal.core.errors import InvalidInput, NotFound
from portal.core.service import BaseService

#: Tells a program's key from a customer's, and lets scanners find one that leaked.
PREFIX = "portal_"
_SHOWN = len(PREFIX) + 5


class UnusableToken(InvalidInput):
    """This token is not known, or it has expired or been revoked."""

    code = "bad_token"


@dataclass(frozen=True)
class NewToken:
    """`secret` is shown once; the database holds its hash only."""

    row: ApiToken
    secret: str


class ApiTokenService(BaseService):
    name = "api_tokens"

    def make(
        self,
        *,
        name: str,
        scopes: Iterable[str],
        now: datetime,
        days: int | None = None,
        made_by: Any = None,
    ) -> NewToken:
        """A new token; `days` from now it ends, or never. Raises InvalidInput."""
        wanted = sorted(set(scopes))
        if not name.strip():
            raise InvalidInput(_("Give the token a name: which program uses it."))
        if not wanted or not set(wanted) <= set(Scope.values):
            detail = _("Name one or more of these scopes: %s.") % ", ".join(Scope.values)
            raise InvalidInput(detail)
        if days is not None and not 1 <= days <= 3650:
            raise InvalidInput(_("A token lasts from 1 to 3650 days."))
        secret = PREFIX + secrets.token_urlsafe(32)
        with self.operation("make"):
            row = ApiToken.objects.create(
                name=name.strip()[:80],
                beginning=secret[:_SHOWN],
                token_hash=hash_token(secret),
                scopes=wanted,
                created_by=made_by,
                expires_at=now + timedelta(days=days) if days is not None else None,
            )
        return NewToken(row, secret)

    def recognise(self, *, secret: str, now: datetime) -> ApiToken:
        """The token behind a secret, whose use is noted. Raises UnusableToken, whyever it is."""
        row = ApiToken.objects.usable(now=now).filter(token_hash=hash_token(secret)).first()
        if row is None:
            raise UnusableToken
        stale = now - timedelta(seconds=limits.TOKEN_USED_EVERY)
        ApiToken.objects.filter(
            Q(last_used_at__isnull=True) | Q(last_used_at__lt=stale), pk=row.pk
        ).update(last_used_at=now)
        return row

    def revoke(self, *, token_id: int, now: datetime) -> None:
        """It opens nothing from now on; a second time changes nothing. Raises NotFound."""
        with self.operation("revoke", id=token_id):
            found = ApiToken.objects.filter(pk=token_id)
            changed = found.filter(revoked_at__isnull=True).update(revoked_at=now)
            if not changed and not found.exists():
                raise NotFound(_("There is no such token."))
