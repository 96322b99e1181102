"""Themes: clusters of questions, the same for the same questions, named by their own words."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.models import Conversation, Message, Turn
from conversations.retrieval.embedding import HashEmbedder
from insights.figures.figure import count_rows, figures
from insights.figures.periods import Period
from insights.figures.plan import Filter, Plan
from insights.ledger.refresh import LedgerService
from insights.models import DirtyHour, Theme, TurnFact
from insights.themes.change import changes
from insights.themes.clustering import Cluster, assign, joined
from insights.themes.naming import LEAST, name, said
from insights.themes.service import ThemeService

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 18))
PARCEL = "my parcel was delivered broken and the parcel is late"
GIFT = "gift card balance shows nothing"


@pytest.fixture
def service() -> ThemeService:
    return ThemeService(embedder=HashEmbedder)


def _ask(text: str, at: datetime, number: int = 1) -> None:
    for place in range(number):
        thread = Conversation.objects.create(token_hash="x", language="en")
        question = Message.objects.create(
            conversation=thread, seq=1, author="customer", text=text, created_at=at
        )
        moment = at + timedelta(minutes=place)
        reply = Message.objects.create(
            conversation=thread, seq=2, author="assistant", text="…", created_at=moment
        )
        Turn.objects.create(
            conversation=thread, question=question, covers_seq=1, reply=reply, state="done",
            decision="answer", tier="cpu", deadline_at=moment, rung_at=moment,
            accepted_at=moment, claimed_at=moment, done_at=moment,
        )  # fmt: skip


def _asked(service: ThemeService) -> None:
    _ask(PARCEL, NOW - timedelta(days=30), 5)
    _ask(GIFT, NOW - timedelta(days=10), 30)
    _ask(PARCEL, NOW - timedelta(days=9), 4)
    LedgerService().rebuild(now=NOW)
    service.find(now=NOW, most=1000)


@pytest.mark.django_db
def test_questions_that_mean_the_same_share_a_theme_and_its_name_is_their_words(
    service: ThemeService,
) -> None:
    _asked(service)
    names = sorted((theme.size, theme.name) for theme in Theme.objects.all())
    assert [size for size, _ in names] == [9, 30]
    assert set(names[0][1].split(" · ")) <= {"parcel", "delivered", "broken", "late"}
    assert {"gift", "card", "balance", "shows", "nothing"} >= set(names[1][1].split(" · "))
    assert not TurnFact.objects.filter(theme=None).exists()


@pytest.mark.django_db
def test_a_themes_figures_are_current_and_open_its_questions(service: ThemeService) -> None:
    _asked(service)
    assert not DirtyHour.objects.exists()
    plan = Plan("questions", NOVEMBER, group="theme")
    assert figures(plan) == figures(plan, exact=True)
    for item in figures(plan):
        filters = (Filter("theme", (item.key,)),)
        assert count_rows(Plan("questions", NOVEMBER, filters)) == item.rows > 0


@pytest.mark.django_db
def test_reading_in_pieces_ends_in_the_same_themes_as_reading_at_once(
    service: ThemeService,
) -> None:
    _asked(service)
    at_once = [(t.name, t.size, t.words) for t in Theme.objects.all()]
    service.forget()
    assert not Theme.objects.exists()
    while service.find(now=NOW, most=7):
        pass
    assert [(t.name, t.size, t.words) for t in Theme.objects.all()] == at_once
    assert service.find(now=NOW, most=7) == 0


@pytest.mark.django_db
def test_another_embedder_finds_the_themes_anew(service: ThemeService) -> None:
    _asked(service)

    class Other(HashEmbedder):
        def __init__(self) -> None:
            super().__init__()
            self.name = "other"

    ThemeService(embedder=Other).find(now=NOW, most=1000)
    assert set(Theme.objects.values_list("embedder", flat=True)) == {"other"}
    assert sum(Theme.objects.values_list("size", flat=True)) == 39


@pytest.mark.django_db
def test_a_fact_that_is_read_again_keeps_its_theme(service: ThemeService) -> None:
    _asked(service)
    LedgerService().rebuild(now=NOW)
    assert not TurnFact.objects.filter(theme=None).exists()


@pytest.mark.django_db
def test_the_page_says_what_is_new_and_what_it_links_to(
    service: ThemeService, client: Client
) -> None:
    _asked(service)
    client.force_login(get_user_model().objects.create_superuser("boss", password="x"))
    span = f"period={NOVEMBER.start}/{NOVEMBER.end}"
    html = client.get(f"{reverse('insights-topics')}?{span}").content.decode()
    gift = Theme.objects.get(size=30)
    new = html[html.index(">New<") : html.index(">Falling<")]
    assert gift.name in new
    assert f"theme={gift.pk}" in new


def test_a_customers_own_word_never_becomes_a_name() -> None:
    counts = said(["where is order zylphor", *["where is my order"] * LEAST])
    assert counts["zylphor"] == 1
    assert name(counts, LEAST + 1, counts, LEAST + 1) == "order"


def test_words_that_all_themes_use_name_none_of_them_first() -> None:
    own, everywhere = {"order": 10, "voucher": 9}, {"order": 900, "voucher": 9}
    assert name(own, 10, everywhere, 1000).startswith("voucher")


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_every_question_is_in_one_cluster_and_sizes_add_up(seed: int, count: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    clusters: list[Cluster] = []
    places = assign(rows, clusters)
    assert sum(cluster.size for cluster in clusters) == count
    assert [places.count(place) for place in range(len(clusters))] == [c.size for c in clusters]
    again: list[Cluster] = []
    assert assign(rows, again) == places
    into = joined(clusters)
    assert not set(into) & set(into.values())  # nothing goes into what is itself gone


def test_rises_and_falls_are_told_from_chance() -> None:
    found = {c.key: c for c in changes({"a": 50, "b": 50, "c": 100, "d": 2},
                                       {"a": 60, "b": 120, "c": 40, "e": 30, "d": 3},
                                       ratio=1.0)}  # fmt: skip
    assert not (found["a"].rises or found["a"].falls)
    assert found["b"].rises
    assert found["c"].falls
    assert found["e"].is_new
    assert "d" not in found  # too few to judge
    half = changes({"a": 100}, {"a": 50}, ratio=0.5)[0]
    assert half.expected == 50
    assert half.score == 0
