"""The limit of wrong answers: applied from the slider, followed by workers, taken back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from conversations.models import ErrorLimit
from conversations.services.error_limit import (
    REREAD,
    ChangedMeanwhile,
    ErrorLimitService,
    LiveLimit,
    NothingToUndo,
    OutOfRange,
    latest,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 18, 9, tzinfo=UTC)


@pytest.fixture
def boss() -> Any:
    return _user("manager")


def _user(role: str) -> Any:
    user = get_user_model().objects.create_user(f"limit-{role}", password="x")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def _set(actor: Any, share: float) -> ErrorLimit:
    newest = latest()
    seen = newest.pk if newest else None
    return ErrorLimitService().set(actor=actor, max_error=share, seen=seen, now=AT)


def test_a_worker_follows_a_change_within_seconds_and_without_a_restart(boss: Any) -> None:
    time = [100.0]
    limit = LiveLimit(0.05, clock=lambda: time[0])
    assert limit() == 0.05
    _set(boss, 0.02)
    assert limit() == 0.05  # read a moment ago
    time[0] += REREAD
    assert limit() == 0.02


def test_undo_brings_back_what_held_before_down_to_the_setting(boss: Any) -> None:
    _set(boss, 0.02)
    second = _set(boss, 0.1)
    first = ErrorLimitService().undo(actor=boss, seen=second.pk, now=AT)
    assert LiveLimit(0.05)() == 0.02
    assert first.is_undo
    ErrorLimit.objects.all().order_by("-id")[0].delete()
    ErrorLimit.objects.filter(pk=second.pk).delete()
    newest = latest()
    assert newest
    ErrorLimitService().undo(actor=boss, seen=newest.pk, now=AT)
    assert LiveLimit(0.05)() == 0.05


def test_of_two_who_change_at_once_the_second_is_told(boss: Any) -> None:
    _set(boss, 0.02)
    with pytest.raises(ChangedMeanwhile):
        ErrorLimitService().set(actor=boss, max_error=0.03, seen=None, now=AT)
    assert LiveLimit(0.05)() == 0.02


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.6, -1.0, float("nan")])
def test_a_share_out_of_range_is_refused_by_the_service_and_by_the_database(
    boss: Any, share: float
) -> None:
    with pytest.raises(OutOfRange):
        _set(boss, share)
    if share == share:
        with pytest.raises(IntegrityError), transaction.atomic():
            ErrorLimit.objects.create(max_error=share, actor=boss, at=AT)


def test_there_is_nothing_to_undo_at_first(boss: Any) -> None:
    with pytest.raises(NothingToUndo):
        ErrorLimitService().undo(actor=boss, seen=0, now=AT)


def test_managers_apply_and_undo_on_the_page_and_supervisors_only_look(
    boss: Any, client: Client
) -> None:
    address = reverse("insights-limit")
    client.force_login(_user("supervisor"))
    assert client.post(address, {"wrong": "2", "seen": ""}).status_code == 403
    assert client.get(address).status_code == 405
    client.force_login(boss)
    page = client.post(address, {"wrong": "2", "seen": ""}, follow=True)
    assert "2.0" in page.content.decode()
    assert LiveLimit(0.05)() == pytest.approx(0.02)
    newest = latest()
    assert newest and newest.actor == boss
    client.post(address, {"undo": "1", "seen": str(newest.pk)})
    assert LiveLimit(0.05)() == 0.05
    assert ErrorLimit.objects.count() == 2  # both are on record
