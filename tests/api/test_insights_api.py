"""Figures by REST: the catalogue, a figure with its rows' link, a question in plain words."""

import json
from typing import Any

import pytest
from django.test import Client

from insights.measures import MEASURES

pytestmark = pytest.mark.django_db


def ask(client: Client, question: str, **more: Any) -> Any:
    body = json.dumps({"question": question, **more})
    response = client.post("/api/v1/insights/questions/", body, content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()


def test_the_catalogue_says_of_each_measure_what_it_means_and_is_split_by(program: Client) -> None:
    found = program.get("/api/v1/insights/measures/").json()["measures"]
    assert [item["key"] for item in found] == list(MEASURES)
    assert all(item["meaning"] and item["formula"] and item["dimensions"] for item in found)


def test_a_figure_is_the_pages_figure_with_the_link_to_its_rows(program: Client) -> None:
    address = "/api/v1/insights/figures/?measure=conversations&period=2026-10-01/2026-11-01"
    found = program.get(address).json()
    assert found["plan"]["measure"] == "conversations"
    assert found["rows"][0]["link"].startswith("/insights/rows/?measure=conversations")
    grouped = program.get(f"{address}&group=topic&channel=web~widget&order=asc&limit=3").json()
    assert grouped["plan"]["filters"] == {"channel": ["web", "widget"]}
    assert grouped["plan"]["group"] == "topic"


@pytest.mark.parametrize(
    "query",
    [
        "measure=conversations",
        "measure=nothing&period=2026-10-01/2026-11-01",
        "measure=conversations&period=2026-11-01/2026-10-01",
        "measure=conversations&period=2026-13-01/2026-14-01",
        "measure=conversations&period=2026-10-01/2026-11-01&hour=25",
        "measure=conversations&period=2026-10-01/2026-11-01&group=tier",
        "measure=conversations&period=2026-10-01/2026-11-01&colour=red",
        "measure=conversations&period=2026-10-01/2026-11-01&topic=' OR 1=1 --%00",
    ],
)
def test_a_figure_that_cannot_be_is_refused(program: Client, query: str) -> None:
    response = program.get(f"/api/v1/insights/figures/?{query}")
    assert response.status_code == 400, response.content
    assert response.json()["detail"]


def test_a_question_is_answered_asked_back_or_refused_never_guessed(program: Client) -> None:
    answered = ask(program, "escalation rate by topic last week")
    assert answered["outcome"] == "answered"
    assert answered["figure"]["plan"]["group"] == "topic"
    follow = ask(program, "and by channel?", previous=answered["figure"]["plan"])
    assert follow["figure"]["plan"]["group"] == "channel"
    refused = ask(program, "what is the colour of the sky")
    assert (refused["outcome"], refused["figure"]) == ("refused", None)
    assert refused["text"]
