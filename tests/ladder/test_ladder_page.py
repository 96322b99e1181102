"""The operators' page: what it shows, who may see it, and a hand on a breaker."""

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from conversations import dispatch, roles
from conversations.inference.breaker_store import Breakers
from conversations.inference.rungs import RungReport, Rungs
from conversations.ladder_status import ladder_status
from conversations.models import AuditEntry, Turn
from conversations.services.intake import IntakeService

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    url = settings.REDIS_URL
    monkeypatch.setattr(dispatch, "breakers", Breakers(url))
    monkeypatch.setattr(dispatch, "rungs", Rungs(url, dispatch.LADDER))


def logged_in(role: str) -> Client:
    user = get_user_model().objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}")
    if role != "nobody":
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def announce(tier: str, **changes: Any) -> None:
    figures = {"worker": "w1", "model": "small", "ready": True, "at": time.time(), "slots": 2}
    dispatch.rungs.announce(RungReport(tier, **{**figures, **changes}))


def ended_turn(tier: str, first_ms: int, steps: list[dict[str, Any]]) -> None:
    opened = IntakeService().open_conversation()
    accepted = IntakeService().post_message(
        conversation_id=opened.id, client_id=uuid.uuid4(), text="Returns?", now=timezone.now()
    )
    assert accepted.turn_id is not None
    turn = Turn.objects.get(pk=accepted.turn_id)
    Turn.objects.filter(pk=turn.pk).update(
        state="withdrawn",
        done_at=timezone.now(),
        tier=tier,
        trace={"ladder": steps},
        first_token_at=turn.accepted_at + timedelta(milliseconds=first_ms),
    )


def rung(name: str) -> dict[str, Any]:
    status = ladder_status(now=timezone.now())
    return next(item for item in status["rungs"] if item["name"] == name)


def test_each_rung_has_its_state_and_its_measured_times() -> None:
    assert [r["name"] for r in ladder_status(now=timezone.now())["rungs"]] == [
        "gpu", "cpu", "extractive", "person",
    ]  # fmt: skip
    assert rung("cpu")["state"] == "absent"
    announce("cpu", active=1, predicted_s=0.06)
    announce("gpu", ready=False, reason="The model does not fit: 5.6 GB of 4.0 GB.")
    for first_ms in (100, 120, 900):
        ended_turn("cpu", first_ms, [{"rung": "gpu", "did": "lost", "why": "fell over"}])
    dispatch.rungs._cached = (0.0, [])
    cpu, gpu = rung("cpu"), rung("gpu")
    assert (cpu["state"], cpu["running"], cpu["slots"], cpu["predicted_ms"]) == (
        "serving",
        1,
        2,
        60,
    )
    assert cpu["measured"] == {"answers": 3, "p50_ms": 120, "p95_ms": 900}
    assert (gpu["state"], gpu["errors"]) == ("unready", 3)
    assert "does not fit" in gpu["reason"]
    announce("cpu", active=2)
    dispatch.rungs._cached = (0.0, [])
    assert rung("cpu")["state"] == "busy"
    admission = ladder_status(now=timezone.now())["admission"]
    assert (admission[0]["rung"], admission[0]["why"], admission[0]["count"]) == (
        "gpu",
        "fell over",
        3,
    )


def test_who_may_see_and_who_may_act() -> None:
    announce("cpu")
    assert Client().get("/insights/ladder/").status_code == 302
    assert Client().get("/insights/ladder.json").status_code == 302
    for role, sees, acts in (
        ("nobody", 403, 403), (roles.AGENT, 403, 403), (roles.SUPERVISOR, 200, 403),
        (roles.MANAGER, 200, 403), (roles.ADMIN, 200, 302),
    ):  # fmt: skip
        client = logged_in(role)
        assert client.get("/insights/ladder/").status_code == sees, role
        assert client.get("/insights/ladder.json").status_code == sees, role
        address = "/insights/ladder/cpu/breaker/"
        assert client.post(address, {"to": "open"}).status_code == acts, role
        assert client.get(address).status_code == 405
    assert AuditEntry.objects.filter(action="ladder.breaker").count() == 1


def test_a_hand_on_a_breaker_moves_turns_and_is_logged() -> None:
    announce("cpu")
    admin = logged_in(roles.ADMIN)
    assert dispatch.queue_for([]) == "cpu"
    page = admin.post("/insights/ladder/cpu/breaker/", {"to": "open"}, follow=True)
    assert "No turn is sent to cpu" in page.content.decode()
    assert dispatch.queue_for([]) == "default"
    assert rung("cpu")["state"] == "shut"
    entry = AuditEntry.objects.get(action="ladder.breaker")
    assert entry.details == {"rung": "cpu", "to": "open", "before": "auto"}
    admin.post("/insights/ladder/cpu/breaker/", {"to": "auto"})
    assert dispatch.queue_for([]) == "cpu"


def test_a_wrong_rung_or_position_is_said_and_changes_nothing() -> None:
    admin = logged_in(roles.ADMIN)
    for address, to in (("none", "open"), ("cpu", "ajar"), ("cpu", "")):
        page = admin.post(f"/insights/ladder/{address}/breaker/", {"to": to}, follow=True)
        assert page.status_code == 200
        assert 'class="ladder-message error"' in page.content.decode()
    assert not AuditEntry.objects.exists()


def test_without_redis_a_hand_is_refused_and_nothing_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "breakers", Breakers("redis://127.0.0.1:1/0"))
    monkeypatch.setattr(dispatch, "rungs", Rungs("redis://127.0.0.1:1/0", dispatch.LADDER))
    admin = logged_in(roles.ADMIN)
    page = admin.post("/insights/ladder/cpu/breaker/", {"to": "open"}, follow=True)
    assert "not reachable" in page.content.decode()
    assert not AuditEntry.objects.exists()


def test_the_page_escapes_what_models_and_servers_say() -> None:
    announce("cpu", ready=False, reason="<script>alert(1)</script>", model="<b>m</b>")
    page = logged_in(roles.ADMIN).get("/insights/ladder/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;b&gt;m" in page
