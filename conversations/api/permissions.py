"""The rules of the REST interface: which scope each method of a view needs.

A view says `scopes = {"GET": Scope.X}`; methods in `customers` are open to the conversation's own
customer too. What is not named is refused.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from conversations.api.callers import Caller
from portal.core.errors import ServiceError


class NotInScope(ServiceError):
    """This token may not do that."""

    code = "not_allowed"


class NotSignedIn(ServiceError):
    """Send a token: `Authorization: Bearer portal_…`. An administrator makes one."""

    code = "not_logged_in"


def require(caller: Caller | None, scope: str | None, *, customers_too: bool = False) -> None:
    """Refuses a caller who may not. Raises NotSignedIn or NotInScope."""
    if caller is None:
        raise NotSignedIn
    if scope is None or (customers_too and caller.conversation is not None):
        return
    if scope not in caller.scopes:
        raise NotInScope(_("This needs the scope %s.") % scope)


class ByScope(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        scopes: Mapping[str, str] = view.scopes
        customers: Collection[str] = view.customers
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        require(request.auth, scopes.get(method), customers_too=method in customers)
        return True


class ByScopeOrOpen(ByScope):
    """As ByScope, but the methods in the view's `open_to_all` need nobody; a token that is shown
    must have the scope all the same."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None and request.method in view.open_to_all:
            return True
        return super().has_permission(request, view)
