"""A supervisor judges twenty turns by keyboard; the decision and the next customer feel it."""

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.live import LivePortal

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PASSWORD = "a long and quiet password"
TURNS = 20

ASK = """
import json, time, uuid
from django.utils import timezone
from conversations.models import Article, CachedAnswer, Turn
from conversations.services.intake import IntakeService
def ask(text):
    opened = IntakeService().open_conversation()
    sent = IntakeService().post_message(conversation_id=opened.id, client_id=uuid.uuid4(),
                                        text=text, now=timezone.now())
    return sent.turn_id
def ended(ids):
    for _ in range(600):
        if not Turn.objects.filter(pk__in=ids, state__in=Turn.LIVE).exists():
            return
        time.sleep(0.2)
    raise SystemExit("the workers did not answer in time")
"""
PREPARE = f"""{ASK}
from django.contrib.auth import get_user_model
get_user_model().objects.create_superuser("judge", password={PASSWORD!r})
known = Article.objects.published().exclude(asked_as=[]).order_by("pk")
ids = []
for article in known:
    ids += [ask(article.asked_as[0])]
    ended(ids[-1:])
    given = Turn.objects.filter(pk__in=ids, decision="answer", reason="confident")
    if given.count() >= {TURNS}:
        break
first = given.exclude(tier="cache").order_by("accepted_at").first()
# On a busy machine the first answer may be a quotation, which a better rung writes anew: then that
# answer is the one that is given again, and judged.
for _ in range(4):
    again = ask(first.question.text)
    ended([again])
    last = Turn.objects.get(pk=again)
    if last.tier == "cache":
        break
source = CachedAnswer.objects.filter(pk=last.trace.get("cache")).first()
if source is not None:
    others = CachedAnswer.objects.filter(fingerprint=source.fingerprint)
    others.exclude(pk=source.pk).delete()
turns = [str(one.pk) for one in given if one.pk != first.pk]
print("DONE", json.dumps([[*turns, str(source.turn_id if source else first.pk)],
                          first.question.text, last.tier]))
"""


def shell(portal: LivePortal, script: str) -> list[object]:
    output = portal.manage("shell", "-v", "0", "-c", script, timeout=300)
    line = next(line for line in output.splitlines() if line.startswith("DONE "))
    found: list[object] = json.loads(line.removeprefix("DONE "))
    return found


def tier_for_the_next_customer(portal: LivePortal, question: str) -> object:
    script = f"{ASK}turn = ask({question!r})\nended([turn])\n"
    return shell(portal, script + "print('DONE', json.dumps([Turn.objects.get(pk=turn).tier]))")[0]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_portal: LivePortal) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def fitted(live_portal: LivePortal) -> Iterator[None]:
    """What the test fits is taken out of use again: other tests share the portal."""
    yield
    live_portal.manage("fit_decisions", "--roll-back")
    shutil.rmtree(live_portal.var / "calibration", ignore_errors=True)


def log_in(page: Page, portal: LivePortal) -> None:
    page.goto(f"{portal.url}admin/login/?next=/admin/conversations/reviewitem/next/")
    page.fill("[name=username]", "judge")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/reviewitem/*/change/")


def next_turn(page: Page, key: str) -> None:
    """Press a key that ends a turn and wait for the next page."""
    before = page.url
    page.keyboard.press(key)
    page.wait_for_url(lambda address: address != before and "/next/" not in address)
    page.wait_for_load_state()


def test_twenty_turns_by_keyboard_then_the_fit_uses_them_and_a_wrong_answer_is_gone(
    page: Page, live_portal: LivePortal, fitted: None
) -> None:
    turns, question, tier = shell(live_portal, PREPARE)
    assert isinstance(turns, list)
    assert isinstance(question, str)
    assert len(turns) == TURNS
    assert tier == "cache"  # the second customer was given the first one's answer
    drawn = live_portal.manage("draw_review", "--week", "this", "--size", "500")
    assert "week of" in drawn
    mine = (
        "from django.contrib.auth import get_user_model as users; "
        "from conversations.models import ReviewItem; "
        "judge = users().objects.get(username='judge'); "
        f"ReviewItem.objects.filter(turn__in={turns}).update(assignee=judge); print('DONE []')"
    )
    shell(live_portal, mine)

    log_in(page, live_portal)
    for _ in range(TURNS):
        expect(page.locator("[data-review] .keys dl")).to_be_visible()
        if page.locator(".said-customer.is-judged .said-text").inner_text() != question:
            next_turn(page, "1")
            continue
        page.keyboard.press("3")
        page.keyboard.press("a")
        page.keyboard.press("/")
        page.keyboard.type("return")
        expect(page.locator("[role=option][aria-selected=true]")).to_be_visible()
        page.keyboard.press("Enter")
        next_turn(page, "Enter")

    counted = (
        "import json; from conversations.models import Review; "
        f"rows = Review.objects.filter(turn__in={turns}).values_list('verdict', flat=True); "
        "print('DONE', json.dumps(sorted(rows)))"
    )
    assert shell(live_portal, counted) == ["right"] * (TURNS - 1) + ["wrong"]

    said = live_portal.manage("fit_decisions", "--reviewed")
    assert f"{TURNS} judged turns" in said
    assert "in use: 0001-" in said
    assert tier_for_the_next_customer(live_portal, question) != "cache"

    page.keyboard.press("u")  # the last one was a mistake
    page.wait_for_load_state()
    expect(page.locator(".history")).to_contain_text("taken back")
