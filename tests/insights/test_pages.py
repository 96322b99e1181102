"""The pages: who may see them, that they open, and that their links lead to what they count."""

import json
import re
from datetime import date, datetime
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.models import Article, Conversation, Customer, Message, Section
from insights.ask.answer import answer
from insights.figures.figure import count_rows
from insights.figures.periods import Period
from insights.figures.plan import BadPlan, Filter, Plan, from_json, to_json
from insights.figures.reading import one_moment, read
from insights.links import parameters, plan_from, rows_link
from insights.models import Assumption, ConversationFact, Rollup, TurnFact
from insights.navigation import PAGES
from insights.roi.savings import savings
from insights.seeding.history import DemoHistoryService
from insights.urls import urlpatterns

pytestmark = pytest.mark.django_db
PERIOD = Period(date(2026, 9, 25), date(2026, 11, 18))
SPAN = f"period={PERIOD.start}/{PERIOD.end}"


@pytest.fixture
def login(client: Client) -> Any:
    def as_role(role: str) -> Client:
        user = get_user_model().objects.create_user(f"user-{role}", password="x")
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        client.force_login(user)
        return client

    return as_role


def _addresses() -> list[str]:
    plain = (pattern for pattern in urlpatterns if not pattern.pattern.converters)
    return [reverse(str(pattern.name)) for pattern in plain]


def test_nobody_but_supervisors_managers_and_administrators_sees_figures(login: Any) -> None:
    for address in _addresses():
        assert Client().get(address).status_code == 302, address
    agent = login("agent")
    for address in _addresses():
        assert agent.get(address).status_code == 403, address


@pytest.mark.parametrize("role", ["supervisor", "manager", "admin"])
def test_every_page_opens_empty_and_full(role: str, login: Any) -> None:
    client = login(role)
    for key, name, _title in PAGES:
        assert client.get(reverse(name)).status_code == 200, key


def test_pages_with_a_history_need_the_same_queries_whatever_its_size(
    history: None, login: Any
) -> None:
    client = login("manager")
    for key, name, _title in PAGES:
        counts = []
        for span in ("period=2026-11-08/2026-11-12", SPAN):
            with CaptureQueriesContext(connection) as queries:
                response = client.get(f"{reverse(name)}?{span}")
            assert response.status_code == 200, key
            counts.append(len(queries))
        assert max(counts) <= 150, (key, counts)


def test_every_link_of_every_page_opens_rows(history: None, login: Any) -> None:
    """A link of a page is a plan, and its list has as many rows as the plan counts."""
    client = login("manager")
    checked = 0
    for _key, name, _title in PAGES:
        html = client.get(f"{reverse(name)}?{SPAN}").content.decode()
        links = {unescape(link) for link in re.findall(r'href="(/insights/rows/\?[^"]+)"', html)}
        for link in sorted(links)[:12]:
            page = client.get(link)
            assert page.status_code == 200, link
            query = dict(pair.split("=") for pair in link.split("?")[1].split("&"))
            plan = plan_from({k: v.replace("%2F", "/").replace("%7E", "~") for k, v in
                              query.items()})  # fmt: skip
            assert page.context["total"] == count_rows(plan)
            checked += page.context["total"] > 0
    assert checked > 30


def test_a_tiles_number_is_the_number_of_rows_that_its_link_lists(
    history: None, login: Any
) -> None:
    client = login("manager")
    found = answer(Plan("wrong_rate", PERIOD))
    page = client.get(found.link)
    assert page.context["total"] == found.rows[0].counted
    base = client.get(rows_link(found.plan, part="base"))
    assert base.context["total"] == found.rows[0].out_of


def test_figures_cannot_write() -> None:
    with pytest.raises(DatabaseError), one_moment():
        read("DELETE FROM insights_rollup RETURNING 1")


def test_a_page_reads_the_same_question_once(history: None) -> None:
    with one_moment(), CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            answer(Plan("conversations", PERIOD))
    asked = [query["sql"] for query in queries if "insights_rollup" in query["sql"]]
    assert len(asked) == len(set(asked)) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"measure": "nothing", "period": "2026-10-01/2026-11-01"},
        {"measure": "tokens", "period": "2026-10-01/2026-11-01", "group": "agent"},
        {"measure": "tokens", "period": "2026-11-01/2026-10-01"},
        {"measure": "tokens", "period": "yesterday"},
        {"measure": "tokens", "period": "2020-01-01/2026-10-01"},
        {"measure": "tokens", "period": "2026-10-01/2026-11-01", "filters": {"hour": ["25"]}},
        {"measure": "tokens", "period": "2026-10-01/2026-11-01", "filters": {"id": ["1"]}},
        {"measure": "tokens", "period": "2026-10-01/2026-11-01", "order": "; DROP TABLE x"},
    ],
)
def test_a_plan_outside_the_catalogue_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(BadPlan):
        from_json(data)


def test_a_plan_survives_its_link_and_its_json() -> None:
    plan = Plan("wait_time", PERIOD, (Filter("language", ("de", "fr")), Filter("topic", ("",))),
                "weekday", PERIOD.before(), order="desc", limit=3)  # fmt: skip
    assert plan_from(parameters(plan)) == plan
    assert from_json(json.loads(json.dumps(to_json(plan)))) == plan


def test_a_value_that_looks_like_sql_is_only_a_value(history: None) -> None:
    plan = Plan("conversations", PERIOD, (Filter("topic", ("x' OR '1'='1",)),))
    assert count_rows(plan) == 0


def test_too_little_data_is_said_and_not_answered(history: None) -> None:
    one_day = Period(date(2026, 11, 10), date(2026, 11, 11))
    found = answer(Plan("wrong_rate", one_day))
    assert not found.enough
    assert "Not enough data" in found.sentence


def test_a_why_names_parts_of_the_change_and_says_where_it_may_be_chance(history: None) -> None:
    october = Period(date(2026, 10, 1), date(2026, 11, 1))
    late = Period(date(2026, 11, 1), date(2026, 11, 18))
    found = answer(Plan("wrong_rate", late, compare=october, why=True))
    assert found.cuts or not found.enough
    rate = answer(Plan("escalation_rate", late, compare=october, why=True))
    assert rate.cuts
    assert "chance" in rate.sentence


def test_the_command_answers_as_its_contract_says(history: None) -> None:
    out = StringIO()
    call_command("insight", "escalation rate by topic in October", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert set(said) >= {"plan", "answer", "rows", "link"}
    assert said["plan"]["measure"] == "escalation_rate"
    refused = StringIO()
    call_command("insight", "what is love", "--json", stdout=refused)
    assert json.loads(refused.getvalue())["plan"] is None


def test_savings_use_the_assumption_that_held_on_the_last_day(history: None) -> None:
    values = {"low": 10, "high": 100, "source": "test"}
    for day, value in ((date(2026, 1, 1), 20), (date(2026, 11, 1), 40), (date(2027, 1, 1), 90)):
        Assumption.objects.create(key="agent_hour", from_date=day, value=value, **values)
    found = savings(PERIOD)
    assert found.held["agent_hour"].value == 40
    assert found.low <= found.least <= found.most <= found.high
    assert savings(Period(date(2026, 10, 1), date(2026, 11, 1))).held["agent_hour"].value == 20


def test_the_demonstration_leaves_nothing_behind(history: None, now: datetime) -> None:
    real = Conversation.objects.create(token_hash="real")
    Message.objects.create(conversation=real, seq=1, author="customer", text="…",
                           created_at=timezone.now())  # fmt: skip
    assert DemoHistoryService().remove() > 500
    assert list(Conversation.objects.all()) == [real]
    for model in (ConversationFact, TurnFact, Customer, Article, Section):
        assert not model.objects.exists(), model
    call_command("rebuild_rollups", stdout=StringIO())
    assert not Rollup.objects.exclude(grain="conversation").exists()
