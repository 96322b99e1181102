"""The morning brief by e-mail: to those who asked for it, once a morning, every line a link."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from insights.briefing import BriefingService, NoAddress
from insights.models import AlertRule, BriefSubscription

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
YESTERDAY = MORNING - timedelta(days=1)


def _user(name: str, role: str = "manager", email: str = "boss@example.com") -> Any:
    user = get_user_model().objects.create_user(name, password="x", email=email)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def test_it_goes_once_a_morning_to_those_who_asked_and_to_nobody_else(history: None) -> None:
    _user("quiet", email="quiet@example.com")
    service = BriefingService()
    service.subscribe(_user("boss"), now=YESTERDAY)
    assert service.send_due(now=MORNING.replace(hour=5)) == 0  # too early
    assert service.send_due(now=MORNING) == 1
    assert service.send_due(now=MORNING + timedelta(minutes=10)) == 0
    assert [message.to for message in mail.outbox] == [["boss@example.com"]]
    assert service.send_due(now=MORNING + timedelta(days=1)) == 1


def test_every_line_is_a_link_to_its_rows_and_alerts_come_first(
    history: None, client: Client
) -> None:
    AlertRule.objects.create(measure="conversations", side="above", limit=0, days=7)
    boss = _user("boss")
    BriefingService().subscribe(boss, now=YESTERDAY)
    BriefingService().send_due(now=MORNING)
    sent = mail.outbox[0]
    assert isinstance(sent, EmailMultiAlternatives)
    html = str(sent.alternatives[0][0])
    items = re.findall(r"<li>(.*?)</li>", html)
    assert items
    assert html.index("Alerts") < html.index("What changed")
    client.force_login(boss)
    for item in items:
        link = re.fullmatch(r'<a href="http://localhost:8000([^"]+)">[^<]+</a>', item)
        assert link, item
        assert client.get(unescape(link.group(1))).status_code == 200
    assert "Alerts" in sent.body


def test_one_who_may_no_longer_see_figures_gets_none(history: None) -> None:
    user = _user("boss")
    BriefingService().subscribe(user, now=YESTERDAY)
    user.groups.clear()
    assert BriefingService().send_due(now=MORNING) == 0


def test_a_message_that_cannot_be_sent_goes_at_the_next_run(
    history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    BriefingService().subscribe(_user("boss"), now=YESTERDAY)

    def broken(_self: Any) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", broken)
        assert BriefingService().send_due(now=MORNING) == 0
    assert BriefingService().send_due(now=MORNING) == 1


def test_people_ask_for_it_and_take_it_back_on_the_page(client: Client) -> None:
    client.force_login(_user("boss"))
    address = reverse("insights-brief-mail")
    client.post(address, {"want": "1"})
    assert BriefSubscription.objects.count() == 1
    assert "Stop sending it to me" in client.get(reverse("insights-brief")).content.decode()
    client.post(address, {"want": "0"})
    assert not BriefSubscription.objects.exists()


def test_without_an_address_one_is_told_what_to_do(client: Client) -> None:
    user = _user("nowhere", email="")
    with pytest.raises(NoAddress):
        BriefingService().subscribe(user, now=MORNING)
    client.force_login(user)
    page = client.post(reverse("insights-brief-mail"), {"want": "1"}, follow=True)
    assert "no e-mail address" in page.content.decode()
