"""Everybody who knocks: from nobody to a superuser, each with a client of their own."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.utils import timezone

from conversations.models import AgentProfile, Team

#: In this order stand the letters of a row of the access table.
ROLES = (
    "nobody", "customer", "outsider", "stranger", "agent", "supervisor", "manager", "admin",
    "root", "logged out",
)  # fmt: skip
STAFF = frozenset({"supervisor", "manager", "admin", "root"})


def make_user(name: str, role: str | None, team: Team | None, **flags: Any) -> Any:
    user = get_user_model().objects.create_user(name, password="open sesame", **flags)
    if role:
        user.groups.add(Group.objects.get(name=role))
        profile = AgentProfile.objects.create(
            user=user, name=name.title(), availability="online", seen_at=timezone.now()
        )
        if team:
            profile.teams.add(team)
    return user


def clients(team: Team, other_team: Team, token: str) -> dict[str, Client]:
    """A client for each role. `token` is another customer's; `team` has the conversation."""
    people = {
        "outsider": make_user("outsider", None, None),
        "stranger": make_user("stranger", "agent", other_team),
        "agent": make_user("agent", "agent", team),
        "logged out": make_user("gone", "agent", team),
        **{
            role: make_user(f"a-{role}", role, team, is_staff=True)
            for role in ("supervisor", "manager", "admin")
        },
        "root": make_user("root", None, None, is_staff=True, is_superuser=True),
    }
    found = {role: Client() for role in ROLES}
    found["customer"] = Client(headers={"authorization": f"Bearer {token}"})
    for role, user in people.items():
        found[role].force_login(user)
    found["logged out"].logout()
    return found


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has never happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """One request; whatever it changes is undone. An exception is an answer of 500."""
    client.raise_request_exception = False
    options: dict[str, Any] = {}
    if method != "get":
        is_api = path.startswith("/api/")
        options = {"data": body or {}, **({"content_type": "application/json"} if is_api else {})}
    cookies = copy.deepcopy(client.cookies)
    try:
        with undone():
            return getattr(client, method)(path, **options)
    finally:
        client.cookies = cookies
