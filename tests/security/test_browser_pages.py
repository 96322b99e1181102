"""Hostile words in a real browser: no script runs on any page, and no page breaks its policy."""

import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Dialog, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from conversations.models import Article, Message, Note
from conversations.services.intake import IntakeService
from conversations.streaming.replay import message_payload
from tests.security.people import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVIL = (
    '"\'></script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
    "<svg onload=window.hacked=1> [a](javascript:window.hacked=1) ![p](https://evil.example/p.png)"
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


class Scene:
    """A conversation full of hostile words, who may read it, and what its socket would say."""

    def __init__(self) -> None:
        now = timezone.now()
        opened = IntakeService().open_conversation()
        self.id, self.token = str(opened.id), opened.token
        self.agent = make_user("mira", "agent", None)
        self.root = make_user("root", None, None, is_staff=True, is_superuser=True)
        intake = IntakeService()
        intake.post_message(conversation_id=opened.id, client_id=uuid.uuid4(), text=EVIL, now=now)
        intake.request_person(conversation_id=opened.id, now=now)
        Note.objects.create(conversation_id=opened.id, author=self.root, text=EVIL, created_at=now)
        Article.objects.create(
            external_id="evil", slug="evil", title=EVIL[:200], body=EVIL, digest="x"
        )
        self.frames = [self._frame(number) for number in (1, 2, 3)]

    def _frame(self, number: int) -> dict[str, Any]:
        author = ("customer", "assistant", "agent")[number - 1]
        message = Message(
            conversation_id=self.id, seq=number, author=author, text=EVIL,
            created_at=timezone.now(), user=self.agent if author == "agent" else None,
        )  # fmt: skip
        payload = message_payload(message)
        payload["citations"] = [{"number": 1, "title": EVIL, "url": "javascript:window.hacked=1"}]
        payload["choices"] = [EVIL]
        return {"type": "message.posted", "seq": number, "message": payload}


def session_of(user: Any) -> str:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user.pk))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def visit(context: BrowserContext, address: str, shot: Path, wait: str = "") -> Page:
    page = context.new_page()
    page.goto(address)
    if wait:
        page.locator(wait).first.wait_for(timeout=60_000)
    page.wait_for_timeout(400)  # what would run by itself runs now
    page.screenshot(path=shot, full_page=True)
    return page


def open_first(page: Page, shot: Path) -> None:
    """Open the first conversation of the desk: its words, its packet, its notes."""
    page.get_by_text("Visitor").first.click()
    page.locator("[data-thread] >> text=window.hacked").first.wait_for(timeout=60_000)
    page.wait_for_timeout(400)
    page.screenshot(path=shot)


def watch(context: BrowserContext, problems: list[str]) -> None:
    context.on("dialog", lambda dialog: note_dialog(dialog, problems))
    context.on(
        "console",
        lambda said: (
            problems.append(said.text)
            if "Content Security Policy" in said.text or "Content-Security-Policy" in said.text
            else None
        ),
    )
    context.on("request", lambda sent: note_foreign(sent.url, problems))


def note_dialog(dialog: Dialog, problems: list[str]) -> None:
    problems.append(f"a dialog: {dialog.message}")
    dialog.dismiss()


def note_foreign(address: str, problems: list[str]) -> None:
    if (urlsplit(address).hostname or "").endswith("evil.example"):
        problems.append(address)


def test_no_script_of_anybody_runs_and_no_page_breaks_its_policy(
    live_server: LiveServer, chromium: str, tmp_path: Path
) -> None:
    scene = Scene()
    cookies = {"agent": session_of(scene.agent), "root": session_of(scene.root)}
    connection.close()
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for role, addresses in PAGES.items():
            context = browser.new_context(base_url=live_server.url)
            context.set_default_timeout(60_000)
            if role in cookies:
                context.add_cookies(
                    [{"name": settings.SESSION_COOKIE_NAME, "value": cookies[role],
                      "url": live_server.url}]
                )  # fmt: skip
            watch(context, problems)
            speak(context, scene)
            for number, (address, wait) in enumerate(addresses):
                shot = tmp_path / f"{role}-{number}.png"
                page = visit(context, address.format(id=scene.id), shot, wait)
                if address == "/desk/":
                    open_first(page, shot.with_name("desk-open.png"))
                assert page.evaluate("window.hacked") is None, address
                page.close()
            context.close()
        browser.close()
    assert problems == []


#: Who opens what, and what must be there before the page is looked at.
PAGES: dict[str, list[tuple[str, str]]] = {
    "nobody": [
        ("/", "[data-messages] >> text=window.hacked"),
        ("/help/", "main"),
        ("/help/evil/", "text=window.hacked"),
        ("/help/search/?q=%3Cscript%3Ewindow.hacked=1%3C/script%3E", "main"),
        ("/desk/login/?next=%22%3E%3Cscript%3Ewindow.hacked=1%3C/script%3E", "form"),
    ],
    "agent": [("/desk/", "text=window.hacked"), ("/desk/login/app/", ".qr")],
    "root": [
        ("/admin/", "main"),
        ("/admin/conversations/message/", "text=window.hacked"),
        ("/admin/conversations/conversation/{id}/change/", "main"),
        ("/admin/conversations/article/add/", "form"),
        ("/admin/conversations/reviewitem/", "main"),
        ("/admin/auth/user/", "main"),
        ("/insights/", "main"),
        ("/insights/ask/?q=%3Cscript%3Ewindow.hacked=1%3C/script%3E", "main"),
        ("/insights/rows/?measure=%3Cscript%3E", "main"),
        ("/insights/ladder/", "main"),
    ],
}


def speak(context: BrowserContext, scene: Scene) -> None:
    """Both sockets as a server would speak them; the customer's page finds its conversation."""
    kept = {"id": scene.id, "token": scene.token, "socket": f"/ws/conversations/{scene.id}/"}
    context.add_init_script(
        f"localStorage.setItem('portal.conversation', {json.dumps(json.dumps(kept))})"
    )

    def customer(socket: Any) -> None:
        for frame in scene.frames:
            socket.send(json.dumps(frame))
        typing = {"type": "agent.typing", "name": EVIL}
        error = {"type": "error", "code": "x", "detail": EVIL}
        for passing in (typing, error, {"type": "pong", "head": 3}):
            socket.send(json.dumps(passing))

    def desk(socket: Any) -> None:
        socket.send(json.dumps({"type": "error", "code": "x", "detail": EVIL}))

    context.route_web_socket("**/ws/conversations/**", customer)
    context.route_web_socket("**/ws/desk/", desk)
