"""The commands around the desk."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_seeded_desk_has_people_who_can_log_in_and_customers_who_wait() -> None:
    for _ in range(2):
        call_command("seed_desk", conversations=2, password="open sesame", stdout=StringIO())
    client = Client()
    assert client.login(username="noor", password="open sesame")
    assert len(client.get(reverse("desk-queue")).json()["rows"]) == 4
    me = client.get(reverse("desk-me")).json()
    assert (me["name"], me["role"], me["teams"][0]["name"]) == ("Noor", "agent", "Customer care")


def test_the_benchmark_times_the_desk_and_leaves_nothing_behind() -> None:
    out = StringIO()
    call_command("benchmark_desk", waiting=2, past=3, repeat=1, stdout=out)
    assert "6 queries" in out.getvalue()
    assert not Conversation.objects.exists()
