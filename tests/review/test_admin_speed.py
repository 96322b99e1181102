"""Every page of the admin opens with a number of queries that its rows do not change."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations.admin.fast import COUNTED, CappedPaginator, known_values
from conversations.benchmarks import admin_rows
from conversations.benchmarks.admin import addresses
from conversations.models import Conversation, Message, Turn

pytestmark = pytest.mark.django_db


def write(first: int, last: int) -> None:
    assert list(admin_rows.write(first=first, last=last))


def counted(client: Client) -> dict[str, int]:
    """The queries of each page, content types included."""
    found = {}
    for name, address in addresses():
        if "p=" in address:  # so few rows have one page
            continue
        ContentType.objects.clear_cache()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200, address
        found[name] = len(captured)
    return found


def test_no_page_adds_queries_with_its_rows(admin_client: Client) -> None:
    write(492, 507)
    few = counted(admin_client)
    write(508, 620)
    many = counted(admin_client)
    # one more or less: the row that is opened may have a customer or not
    assert {name: (few[name], many[name]) for name in many if many[name] > few[name] + 1} == {}
    assert max(many.values()) <= 25


def test_a_search_finds_words_ids_and_beginnings_of_names(admin_client: Client) -> None:
    write(1, 30)

    def found(model: str, query: str) -> int:
        address = reverse(f"admin:conversations_{model}_changelist")
        return int(admin_client.get(address, {"q": query}).context["cl"].result_count)

    turn = Turn.objects.first()
    assert turn
    assert (
        found("conversation", "parcels")
        == Message.objects.filter(seq=1, text__contains="parcel").count()
    )
    assert found("turn", str(turn.pk)) == 1
    assert found("conversation", str(turn.conversation_id)) == 1
    assert found("message", "nothingsaidthis") == 0
    assert found("customer", "customer30@shop") == 1
    assert found("customer", "Customer 3") == 2  # 3 and 30
    assert found("customer", "'; DROP") == 0


def test_filters_offer_the_values_that_there_are(admin_client: Client) -> None:
    assert known_values(Turn, "tier") == []
    write(1, 40)
    assert known_values(Turn, "tier") == ["", "cache", "cpu", "extractive", "gpu"]
    assert known_values(Conversation, "channel") == ["email", "web", "widget"]
    address = reverse("admin:conversations_conversation_changelist")
    shown = admin_client.get(address, {"channel": "email"}).context["cl"].result_list
    assert {conversation.channel for conversation in shown} == {"email"}


def test_a_list_counts_no_further_than_it_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    write(1, 30)
    assert COUNTED >= 1_000
    monkeypatch.setattr("conversations.admin.fast.COUNTED", 10)
    pages = CappedPaginator(Conversation.objects.order_by("-updated_at"), 4)
    assert (pages.count, pages.num_pages, pages.is_capped) == (10, 3, True)
    few = CappedPaginator(Conversation.objects.none(), 4)
    assert (few.count, few.is_capped) == (0, False)


def test_a_column_without_an_index_cannot_be_sorted_by(admin_client: Client) -> None:
    write(1, 3)
    for model in ("conversation", "turn", "message", "escalation"):
        html = admin_client.get(reverse(f"admin:conversations_{model}_changelist")).content.decode()
        assert 'class="sortable' not in html
