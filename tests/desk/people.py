"""Customers and agents in real browsers, each in a context of its own."""

import json
import re
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.live import LivePortal

PASSWORD = "open sesame, please"
WAIT = 60_000  # a busy machine takes its time; what is tested is what comes, not when
expect.set_options(timeout=WAIT)

_MAKE = """
import json
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from conversations.models import AgentProfile
for name, role in json.loads({rows!r}):
    user, new = get_user_model().objects.get_or_create(username=name)
    if new:
        user.set_password({password!r})
        user.save()
        user.groups.add(Group.objects.get(name=role))
        AgentProfile.objects.create(user=user, name=name.title(), capacity=20)
"""
_HOME = """
from conversations.models import AgentProfile
AgentProfile.objects.update(availability="offline")
"""
_SAID = """
import json
from conversations.models import Message
rows = Message.objects.filter(conversation_id={conversation!r}).order_by("seq")
print("SAID", json.dumps([[m.seq, m.author, m.text] for m in rows]))
"""
_ENDED = """
import json
from conversations.models import Turn
rows = Turn.objects.filter(conversation_id={conversation!r}).order_by("accepted_at")
print("SAID", json.dumps([[t.state, t.reason] for t in rows]))
"""


def make_agents(portal: LivePortal, *rows: tuple[str, str]) -> None:
    code = _MAKE.format(rows=json.dumps(rows), password=PASSWORD)
    portal.manage("shell", "-v", "0", "-c", code)


def send_everybody_home(portal: LivePortal) -> None:
    """Agents of other tests on the same portal count as on until their heartbeat is missed."""
    portal.manage("shell", "-v", "0", "-c", _HOME)


def recorded(portal: LivePortal, conversation: str) -> list[list[Any]]:
    """Everything that was said, in order, out of the portal's database: [seq, author, text]."""
    return _told(portal, _SAID, conversation)


def ended_turns(portal: LivePortal, conversation: str) -> list[list[str]]:
    """How each of the assistant's turns stands: [state, reason], in order."""
    return _told(portal, _ENDED, conversation)


def _told(portal: LivePortal, code: str, conversation: str) -> list[list[Any]]:
    output = portal.manage("shell", "-v", "0", "-c", code.format(conversation=conversation))
    line = next(line for line in output.splitlines() if line.startswith("SAID "))
    found: list[list[Any]] = json.loads(line.removeprefix("SAID "))
    return found


def words(text: str) -> str:
    """The visible words of a Markdown or rendered text."""
    text = re.sub(r"\]\([^)]*\)", "", text)
    return " ".join(re.findall(r"\w+", text))


class Person:
    """A page of its own, whose console may not complain of the security policy."""

    def __init__(self, browser: Browser, portal: LivePortal) -> None:
        self.portal = portal
        self.context = browser.new_context(viewport={"width": 1400, "height": 900})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: self._note(said.type, said.text))

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "Content Security Policy" in text:
            self.problems.append(text)

    def close(self) -> None:
        self.context.close()
        assert not self.problems


class Customer(Person):
    def __init__(self, browser: Browser, portal: LivePortal) -> None:
        super().__init__(browser, portal)
        self.page.goto(portal.url)

    def says(self, text: str) -> None:
        self.page.fill("textarea", text)
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".message-customer").filter(has_text=text)).to_have_count(1)

    def asks_for_a_person(self) -> None:
        self.page.locator("[data-person]").first.click()
        expect(self.page.locator("[data-person]").first).to_be_hidden()

    @property
    def conversation(self) -> str:
        kept = self.page.evaluate("localStorage.getItem('portal.conversation')")
        return str(json.loads(kept)["id"])

    def reads(self, text: str) -> Locator:
        """The text is on the page, once."""
        found = self.page.locator(".message").filter(has_text=text)
        expect(found).to_have_count(1)
        return found

    def order(self) -> list[str]:
        """The words of every message as they stand, from the top."""
        texts = self.page.locator(
            ".message:not(.message-streaming) .message-text"
        ).all_inner_texts()
        return [words(text) for text in texts]


class DeskAgent(Person):
    def __init__(self, browser: Browser, portal: LivePortal, username: str) -> None:
        super().__init__(browser, portal)
        self.page.goto(f"{portal.url}desk/")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("[data-queue]")).to_be_visible()

    def opens(self, conversation: str, view: str = "waiting") -> None:
        self.page.locator(f"[data-view='{view}']").click()
        self.page.locator(f"[data-row='{conversation}']").click()
        expect(self.page.locator("[data-talk-head]")).to_be_visible()

    def act(self, name: str) -> Locator:
        return self.page.locator(f"[data-talk-head] [data-act='{name}']:visible")

    def press(self, name: str) -> None:
        """Press an action's button without waiting for what follows."""
        script = "name => document.querySelector(`[data-talk-head] [data-act='${name}']`).click()"
        self.page.evaluate(script, name)

    def claims(self, conversation: str) -> None:
        self.opens(conversation)
        self.act("claim").click()
        expect(self.act("resolve")).to_be_visible()

    def says(self, text: str) -> None:
        self.page.fill("[data-words]", text)
        self.page.locator("[data-send]").click()
        expect(self.page.locator(".entry-agent").filter(has_text=text)).to_have_count(1)

    def is_now(self, availability: str) -> None:
        """Choose it once the desk has said what it is at present, and wait till it is kept."""
        before = "online" if availability == "offline" else "offline"
        expect(self.page.locator(f"[data-availability-box][data-state='{before}']")).to_have_count(
            1
        )
        with self.page.expect_response("**/me/") as kept:
            self.page.locator("[data-availability]").select_option(availability)
        assert kept.value.ok

    def reads(self, text: str) -> None:
        expect(self.page.locator(".entry, .entry-system").filter(has_text=text)).to_have_count(1)

    def order(self) -> list[str]:
        return [words(text) for text in self.page.locator(".entry .words").all_inner_texts()]
