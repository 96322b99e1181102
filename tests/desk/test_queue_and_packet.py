"""What agents read: a queue in a constant number of queries, a packet with nothing invented."""

import json
import uuid
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.access import Agent
from conversations.benchmarks.desk import measure, seed
from conversations.escalation.canned import render
from conversations.escalation.copilot import keeps_figures
from conversations.escalation.details import read_conversation
from conversations.escalation.holding import HoldingService
from conversations.escalation.packet import Attempt, Fact, Said, Source, assemble
from conversations.escalation.queue import parse, read_queue
from conversations.escalation.sentiment import read_sentiment
from conversations.escalation.speech import SpeechService
from conversations.escalation.takeover import whole_sentences
from conversations.models import (
    Article,
    Conversation,
    Customer,
    Escalation,
    MemoryFact,
    Message,
)
from conversations.services.intake import IntakeService
from tests.desk.conftest import Waiting, write
from tests.desk.test_access import logged_in, post


def queue(agent: Agent, **query: str) -> list[str]:
    found = read_queue(agent, parse(query), timezone.now())["rows"]
    return [row["conversation"] for row in found]


def ask(text: str, reason: str | None = None) -> str:
    opened = IntakeService().open_conversation()
    write(opened.id, text)
    IntakeService().request_person(conversation_id=opened.id, now=timezone.now())
    if reason:
        Escalation.objects.filter(conversation_id=opened.id).update(reason=reason, priority=5)
    return str(opened.id)


@pytest.mark.django_db(transaction=True)
def test_the_queue_filters_searches_and_orders(mira: Agent, noor: Agent) -> None:
    parcel, machine = ask("Where is my parcel?"), ask("The coffee machine leaks", "complaint")
    assert queue(mira) == [machine, parcel]
    assert queue(mira, q="leaking machines") == [machine]
    assert queue(mira, reason="complaint") == [machine]
    assert queue(mira, priority="3") == [parcel]
    holding = HoldingService()
    now = timezone.now()
    holding.claim(agent=mira, conversation_id=uuid.UUID(parcel), now=now)
    assert queue(mira, view="mine") == [parcel]
    assert queue(noor, view="mine") == []
    assert queue(noor, view="all") == [machine, parcel]
    holding.resolve(agent=mira, conversation_id=uuid.UUID(parcel), now=now)
    assert queue(mira, view="resolved") == [parcel]
    counts = read_queue(mira, parse({}), now)["counts"]
    assert counts == {"waiting": 1, "mine": 0, "all": 1, "snoozed": 0}


@pytest.mark.django_db(transaction=True)
def test_a_bad_filter_is_refused_and_saved_views_keep_good_ones(mira: Agent) -> None:
    client = logged_in(mira)
    for query in ("view=x", "page=0", "page=9999", "priority=x", "team=99999999999999", "sla=no"):
        assert client.get(f"{reverse('desk-queue')}?{query}").status_code == 400, query
    bad = {"name": "v", "filters": {"view": "nope"}}
    assert post(client, reverse("desk-views"), bad).status_code == 400
    good = {"name": "v", "filters": {"view": "all", "page": "3"}}
    assert post(client, reverse("desk-views"), good).json()["filters"] == {"view": "all"}


@pytest.mark.django_db(transaction=True)
def test_neither_the_queue_nor_a_conversation_costs_more_queries_with_more_in_it() -> None:
    now = timezone.now()
    agent = seed(waiting=50, past=50, now=now)  # enough that each search finds something
    few = {timing.name: timing.queries for timing in measure(agent, now=now, repeat=1)}
    seed(waiting=60, past=60, now=now)
    for timing in measure(agent, now=now, repeat=1):
        assert timing.queries <= few[timing.name], timing
    assert max(few.values()) <= 21


@pytest.mark.django_db(transaction=True)
def test_the_packet_shows_facts_tries_and_earlier_conversations(mira: Agent) -> None:
    customer = Customer.objects.create(identity="c-1", display_name="Ann Example")
    earlier = IntakeService().open_conversation()
    write(earlier.id, "How do I pay?")
    opened = IntakeService().open_conversation()
    Conversation.objects.update(customer=customer)
    write(opened.id, "My order 4711 is late. This is ridiculous! Where is it?")
    message = Message.objects.get(conversation_id=opened.id)
    MemoryFact.objects.create(
        conversation_id=opened.id, kind="order_number", value="4711", source=message
    )
    IntakeService().request_person(conversation_id=opened.id, now=timezone.now())
    detail = read_conversation(mira, opened.id, timezone.now())
    packet = detail["packet"]
    assert "“My order 4711 is late.”" in packet["summary"]
    (fact,) = packet["facts"]
    assert (fact["kind"], fact["value"], fact["seq"]) == ("order_number", "4711", 1)
    assert packet["sentiment"]["label"] == "angry"
    assert packet["earlier"][0]["first_words"] == "How do I pay?"
    assert detail["row"]["customer"]["name"] == "Ann Example"
    assert "claim" in detail["may"]
    assert "send" not in detail["may"]


@pytest.mark.django_db(transaction=True)
def test_an_agents_work_over_rest_from_the_claim_to_the_article(
    mira: Agent, noor: Agent, waiting: Waiting
) -> None:
    client, other = logged_in(mira), logged_in(noor)

    def address(name: str, action: str | None = None) -> str:
        extra = [action] if action else []
        return reverse(name, args=[waiting.id, *extra])

    assert post(client, address("desk-action", "claim"), {}).json()["agent"]["name"] == "Mira"
    lost = post(other, address("desk-action", "claim"), {})
    assert (lost.status_code, lost.json()["code"]) == (409, "already_claimed")
    assert lost.json()["agent"] == {"id": mira.id, "name": "Mira"}
    draft = {"text": "It is on"}
    saved = client.put(
        address("desk-draft"), data=json.dumps(draft), content_type="application/json"
    )
    assert saved.json()["text"] == "It is on"
    assert client.get(address("desk-conversation")).json()["draft"]["text"] == "It is on"
    assert other.get(address("desk-conversation")).json()["draft"]["text"] == ""
    words = {"text": "It is on its way.", "client_id": str(uuid.uuid4())}
    refused = post(other, address("desk-messages"), words)
    assert (refused.status_code, refused.json()["holder"]["name"]) == (403, "Mira")
    sent = post(client, address("desk-messages"), words).json()
    assert post(client, address("desk-messages"), words).json()["id"] == sent["id"]
    assert client.get(address("desk-conversation")).json()["draft"]["text"] == ""
    made = post(client, address("desk-article"), {"title": "Parcels", "message": sent["id"]})
    article = Article.objects.get(pk=made.json()["article"])
    assert (article.status, article.body) == ("draft", "It is on its way.")
    assert article.asked_as == ["Where is my parcel?"]
    rewrite = post(client, address("desk-rewrite"), {"text": "Hi", "style": "shorter"})
    assert (rewrite.status_code, rewrite.json()["code"]) == (503, "no_model")
    assert post(client, address("desk-action", "transfer"), {"agent": noor.id}).status_code == 400
    moved = post(client, address("desk-action", "transfer"), {"agent": noor.id, "note": "@noor"})
    assert moved.json()["agent"]["name"] == "Noor"
    assert post(other, address("desk-action", "resolve"), {}).json()["state"] == "resolved"
    past = client.get(reverse("desk-past") + "?q=parcel").json()["conversations"]
    assert past[0]["answer"] == "It is on its way."


@pytest.mark.django_db(transaction=True)
def test_a_canned_reply_fills_what_is_known_and_names_what_is_missing(
    mira: Agent, waiting: Waiting
) -> None:
    client = logged_in(mira)
    body = "Hello {{customer.name}}, {{agent.name}} here about {{ fact.order_number }}."
    canned: dict[str, Any] = {"shortcut": "hello", "title": "Hello", "body": body}
    assert post(client, reverse("desk-canned"), canned).status_code == 201
    again = post(client, reverse("desk-canned"), canned)
    assert again.status_code == 400
    wrong = {**canned, "shortcut": "x", "body": "{{secret}}"}
    assert post(client, reverse("desk-canned"), wrong).json()["code"] == "unknown_variable"
    found = client.get(f"{reverse('desk-canned')}?q=hel&conversation={waiting.id}").json()
    reply = found["replies"][0]
    assert "Mira here" in reply["rendered"]
    assert reply["missing"] == ["customer.name", "fact.order_number"]


@pytest.mark.django_db(transaction=True)
def test_a_mentioned_colleague_follows_the_conversation(
    mira: Agent, noor: Agent, waiting: Waiting
) -> None:
    now = timezone.now()
    speech = SpeechService()
    for text in ("@noor please look", "@noor and again"):
        speech.add_note(agent=mira, conversation_id=waiting.id, text=text, now=now)
    assert logged_in(noor).get(reverse("desk-me")).json()["follows"] == [str(waiting.id)]
    assert logged_in(mira).get(reverse("desk-me")).json()["follows"] == []
    assert queue(noor, view="all", followed="1") == [str(waiting.id)]


# --- pure

texts = st.text(st.sampled_from("abc XYZ.?!1\n"), max_size=120)
#: A busy machine is slow to make examples, which says nothing of what is tested.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(st.lists(st.tuples(st.sampled_from(["customer", "agent", "assistant"]), texts), max_size=6))
def test_every_quoted_word_of_a_summary_was_said_by_the_customer(
    said: list[tuple[str, str]],
) -> None:
    packet = assemble(
        said=[Said(seq, author, text) for seq, (author, text) in enumerate(said, start=1)],
        facts=[Fact("name", "Ann", 1)],
        tried=[Attempt(2, "q", "answer", "article", "a", (Source("Returns", "/r"),), -1)],
        earlier=[],
        reason="no_article",
    )
    own = " ".join(" ".join(text.split()) for author, text in said if author == "customer")
    for quote in packet.summary.split("“")[1:]:
        quote = quote.split("”")[0].removesuffix(" …")
        assert quote in own or quote == "Returns"
    assert packet.missing[0][0] == "no_article"


@unhurried
@given(st.text(st.sampled_from("ab. !?\n0"), max_size=80))
def test_what_stays_of_an_interrupted_reply_is_its_beginning_and_ends_a_sentence(
    text: str,
) -> None:
    kept = whole_sentences(text)
    assert text.startswith(kept)
    assert not kept or kept[-1] in ".!?" or "\n" in text[len(kept) :]


def test_a_summary_says_that_nothing_was_found_only_where_somebody_looked() -> None:
    def summary(reason: str) -> str:
        tried = [Attempt(2, "q", "escalate", reason, "a")]
        said = [Said(1, "customer", "The machine leaks.")]
        return assemble(said=said, facts=[], tried=tried, earlier=[], reason=reason).summary

    assert summary("no_article").endswith("The assistant found no answer in the articles.")
    assert summary("complaint").endswith("The assistant handed over at once.")


def test_sentiment_is_calm_without_words_for_anything_else() -> None:
    assert read_sentiment([(1, "How do I return an item?")]).label == "calm"
    assert read_sentiment([(1, "Thank you, that is great")]).label == "calm"
    angry = read_sentiment([(1, "hello"), (4, "This is ridiculous, you are a scam")])
    assert (angry.label, angry.seq) == ("angry", 4)
    assert set(angry.words) == {"ridiculous", "scam"}


def test_a_rewriting_may_not_change_a_figure() -> None:
    assert keeps_figures("It takes 2 to 4 days.", "Just 2 to 4 days!")
    assert not keeps_figures("It takes 2 to 4 days.", "It takes 3 days.")


def test_variables_without_a_value_stay_as_they_are() -> None:
    assert render("Hi {{a.b}} {{c}}", {"c": "x"}) == ("Hi {{a.b}} x", ("a.b",))
