"""CustomerService: the person behind a signed identity."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from conversations import identity
from conversations.models import Customer
from portal.core.service import BaseService


class CustomerService(BaseService):
    name = "customers"

    def __init__(self, *, secrets: Callable[[], Sequence[str]]) -> None:
        super().__init__()
        self.secrets = secrets

    def identified(self, token: str, now: datetime) -> UUID | None:
        """The customer of a signed identity, made or brought up to date; None for no token.

        Raises BadIdentity.
        """
        if not token.strip():
            return None
        found = identity.read(token, secrets=self.secrets(), now=now)
        said = {"display_name": found.name, "email": found.email}
        known = {name: value for name, value in said.items() if value}
        customer, new = Customer.objects.get_or_create(identity=found.subject, defaults=known)
        if not new and any(getattr(customer, name) != value for name, value in known.items()):
            Customer.objects.filter(pk=customer.pk).update(**known)
        return customer.pk
