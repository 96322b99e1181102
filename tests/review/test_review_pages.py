"""The review queue and the review page in the admin: what they show, and who may do what."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import CachedAnswer, Rating, Review, ReviewItem, Turn
from conversations.services.review_queue import ReviewQueueService
from tests.review.conftest import NOW, MakeTurn, make_user

pytestmark = pytest.mark.django_db

QUEUE = "admin:conversations_reviewitem_changelist"


def queued(turn: Turn, why: str = "sample") -> ReviewItem:
    ReviewQueueService().add(turn_ids=[turn.pk], why=why, now=NOW)
    return ReviewItem.objects.get(turn=turn)


def page_of(item: ReviewItem) -> str:
    return reverse("admin:conversations_reviewitem_change", args=[item.pk])


def act(name: str, *args: object) -> str:
    return reverse(f"admin:conversations_reviewitem_{name}", args=args)


@pytest.fixture
def judge(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def test_the_page_shows_what_a_verdict_needs(judge: Client, make_turn: MakeTurn) -> None:
    turn = make_turn(text="You can return an item within **30 days**.")
    assert turn.reply
    Rating.objects.create(message=turn.reply, score=-1)
    html = judge.get(page_of(queued(turn, "thumbs_down"))).content.decode()
    assert "<strong>30 days</strong>" in html
    assert "<mark>You can return an item within 30 days. </mark>" in html
    assert "The chance that the best article answers was put at 90 %." in html
    assert "70 % was needed" in html
    assert "closeness of the best passage" in html
    assert "210 ms" not in html  # steps, not marks: 60 ms until decided, 150 to the first words
    assert "150 ms" in html
    assert "SmolLM2" in html
    assert ">thumbs down</span>" in html
    assert html.count('type="radio" name="verdict"') == 6


def test_the_page_holds_the_strict_policy(judge: Client, make_turn: MakeTurn) -> None:
    turn = make_turn("<script>alert(1)</script>", "<img src=x onerror=alert(1)>")
    item = queued(turn)
    for address in (page_of(item), reverse(QUEUE), turn_page(turn), talk_page(turn)):
        response = judge.get(address)
        html = response.content.decode()
        assert response.status_code == 200
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert not re.search(r"<style|<[^>]+\sstyle=|<[^>]+\son[a-z]+=|<script>|<img src=x", html)


def turn_page(turn: Turn) -> str:
    return reverse("admin:conversations_turn_change", args=[turn.pk])


def talk_page(turn: Turn) -> str:
    return reverse("admin:conversations_conversation_change", args=[turn.conversation_id])


def test_a_verdict_leads_to_the_next_turn_and_the_end_says_so(
    judge: Client, make_turn: MakeTurn
) -> None:
    one, other = queued(make_turn()), queued(make_turn(minutes=1))
    shown = judge.post(act("judge", one.pk), {"verdict": "right"}, follow=True)
    assert shown.redirect_chain[-1][0] == page_of(other)
    assert 'name="change"' in shown.content.decode()  # undo is offered
    shown = judge.post(act("judge", other.pk), {"verdict": "wrong"}, follow=True)
    assert "Nothing is left to judge" in shown.content.decode()
    assert sorted(Review.objects.values_list("verdict", flat=True)) == ["right", "wrong"]


def test_undo_leads_back_to_the_turn(judge: Client, make_turn: MakeTurn) -> None:
    item = queued(make_turn())
    judge.post(act("judge", item.pk), {"verdict": "unsafe"})
    change = item.turn.review_changes.get()
    shown = judge.post(act("undo"), {"change": change.pk}, follow=True)
    assert shown.redirect_chain[-1][0] == page_of(item)
    assert not Review.objects.exists()
    shown = judge.post(act("undo"), {"change": change.pk}, follow=True)
    assert "nothing to undo" in shown.content.decode()


def test_an_impossible_verdict_is_told(judge: Client, make_turn: MakeTurn) -> None:
    item = queued(make_turn())
    shown = judge.post(act("judge", item.pk), {"verdict": "great"}, follow=True)
    assert shown.redirect_chain[-1][0] == page_of(item)
    assert 'class="error"' in shown.content.decode()
    assert not Review.objects.exists()


def test_skip_snooze_and_take(judge: Client, make_turn: MakeTurn, sam: User) -> None:
    items = [queued(make_turn(minutes=number)) for number in range(3)]
    judge.post(act("skip", items[0].pk))
    judge.post(act("snooze", items[1].pk))
    judge.post(act("assign", items[2].pk))
    states = [ReviewItem.objects.get(pk=item.pk) for item in items]
    assert states[0].state == "skipped"
    assert states[1].snoozed_until
    assert states[2].assignee == sam
    judge.post(act("assign", items[2].pk))
    assert ReviewItem.objects.get(pk=items[2].pk).assignee is None


def test_the_second_reviewer_does_not_see_the_first_verdict(
    judge: Client, make_turn: MakeTurn, kim: User
) -> None:
    item = queued(make_turn())
    ReviewItem.objects.update(wanted=2)
    judge.post(act("judge", item.pk), {"verdict": "wrong", "reason": "not so"})
    judge.force_login(kim)
    assert "Others say" not in judge.get(page_of(item)).content.decode()
    judge.post(act("judge", item.pk), {"verdict": "right"})
    assert "not so" in judge.get(page_of(item)).content.decode()
    assert "two reviewers agree" in judge.get(f"{reverse(QUEUE)}?state=all").content.decode()


def test_articles_are_found_by_the_beginnings_of_words(judge: Client, make_turn: MakeTurn) -> None:
    make_turn()
    for words, titles in (("ret", ["Returns"]), ("days post", ["Returns"]), ("zebra", [])):
        found = judge.get(act("articles"), {"q": words}).json()["articles"]
        assert [item["title"] for item in found] == titles
    assert judge.get(act("articles"), {"q": "'):*&"}).json() == {"articles": []}


def test_the_list_filters_searches_and_shows_what_is_open(
    judge: Client, make_turn: MakeTurn
) -> None:
    flagged = queued(make_turn("How do I return a kettle?"), "flagged")
    skipped = queued(make_turn("Where is my parcel?", minutes=1), "thumbs_down")
    ReviewQueueService().skip(items=[skipped.pk], now=NOW)

    def shown(**query: str) -> list[ReviewItem]:
        return list(judge.get(reverse(QUEUE), query).context["cl"].result_list)

    assert shown() == [flagged]
    assert shown(state="skipped") == [skipped]
    assert shown(state="all", why="thumbs_down") == [skipped]
    assert shown(state="all", q="kettles") == [flagged]
    assert shown(state="all", q=str(skipped.turn_id)) == [skipped]
    assert shown(assigned="me") == []


def test_bulk_actions_and_a_harmless_export(
    judge: Client, make_turn: MakeTurn, cached: Callable[[Turn], CachedAnswer]
) -> None:
    items = [queued(make_turn("=HYPERLINK(1)", minutes=number)) for number in range(2)]
    ids = [item.pk for item in items]
    judge.post(reverse(QUEUE), {"action": "judge_right", "_selected_action": ids})
    assert Review.objects.filter(verdict="right").count() == 2
    shown = judge.post(f"{reverse(QUEUE)}?state=all", {"action": "export", "_selected_action": ids})
    lines = b"".join(shown.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 3
    assert ",'=HYPERLINK(1)," in lines[1]
    assert ",sam,right," in lines[1]


def test_turns_are_assigned_to_a_colleague_from_the_list(
    judge: Client, make_turn: MakeTurn, kim: User
) -> None:
    item = queued(make_turn())
    chosen = {"action": f"assign_{kim.pk}", "_selected_action": [item.pk]}
    assert judge.post(reverse(QUEUE), chosen).status_code == 302
    assert ReviewItem.objects.get().assignee == kim
    assert (
        f"assign_{make_user('ann', 'agent').pk}" not in judge.get(reverse(QUEUE)).content.decode()
    )


@pytest.mark.parametrize("role", ["agent", ""])
def test_who_has_no_right_to_judge_is_refused(
    client: Client, make_turn: MakeTurn, role: str
) -> None:
    item = queued(make_turn())
    if role:
        client.force_login(make_user("ann", role))
    posts = [act("judge", item.pk), act("skip", item.pk), act("snooze", item.pk),
             act("assign", item.pk), act("undo"), act("put_in", item.turn_id)]  # fmt: skip
    answers = [client.post(address, {"verdict": "right"}).status_code for address in posts]
    gets = [page_of(item), reverse(QUEUE), act("next"), act("articles")]
    answers += [client.get(address).status_code for address in gets]
    assert set(answers) == ({403} if role else {302})
    assert not Review.objects.exists()


def test_a_turn_is_put_into_the_queue_from_its_page(judge: Client, make_turn: MakeTurn) -> None:
    turn = make_turn()
    assert "Put into the review queue" in judge.get(turn_page(turn)).content.decode()
    shown = judge.post(act("put_in", turn.pk), follow=True)
    assert shown.redirect_chain[-1][0] == page_of(ReviewItem.objects.get(turn=turn))
