"""The chat page's part of the front door: it waits when told to, and keeps the newest key."""

import json
import time
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ID = "00000000-0000-4000-8000-000000000001"


def path_of(token: str) -> str:
    return f"/ws/conversations/{ID}/?token={token}"


def _until_kept(page: Page, words: str) -> None:
    """Asked from here: what waits inside the page is evaluated again, which its policy forbids."""
    until = time.monotonic() + 60
    while words not in (page.evaluate("() => localStorage.getItem('portal.conversation')") or ""):
        assert time.monotonic() < until, f"{words} was not kept"
        page.wait_for_timeout(50)


class Wire:
    """The server's end of the socket: refuses the first message once, and hands a key over."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.received: list[dict[str, Any]] = []

    def serve(self, socket: Any) -> None:
        self.opened.append(socket.url)
        socket.on_message(lambda raw: self.answer(socket, json.loads(raw)))
        if len(self.opened) == 1:
            renewed = {"type": "key.renewed", "token": "new", "socket": path_of("new")}
            socket.send(json.dumps(renewed))

    def answer(self, socket: Any, frame: dict[str, Any]) -> None:
        self.received.append(frame)
        if frame["type"] == "ping":
            socket.send('{"type": "pong", "head": 0}')
        if frame["type"] != "message.send":
            return
        if len(self.sent()) == 1:
            slow = {"type": "error", "code": "slow_down", "detail": "Wait.", "retry_after": 1}
            socket.send(json.dumps({**slow, "client_id": frame["client_id"]}))
            return
        message = {"id": "m1", "seq": 1, "author": "customer", "text": frame["text"],
                   "created_at": "2026-01-01T00:00:00Z"}  # fmt: skip
        accepted = {"type": "message.accepted", "seq": 1, "message": message}
        socket.send(json.dumps({**accepted, "client_id": frame["client_id"]}))

    def sent(self) -> list[dict[str, Any]]:
        return [frame for frame in self.received if frame["type"] == "message.send"]


def test_a_refused_message_goes_out_by_itself_and_the_newest_key_opens_the_next_socket(
    live_server: LiveServer, chromium: str
) -> None:
    wire = Wire()
    kept = {"id": ID, "token": "old", "socket": path_of("old")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(base_url=live_server.url)
        page.set_default_timeout(60_000)
        page.route_web_socket("**/ws/conversations/**", wire.serve)
        page.goto("/help/")
        page.evaluate("kept => localStorage.setItem('portal.conversation', kept)", json.dumps(kept))
        page.goto("/")
        _until_kept(page, "token=new")
        page.fill("textarea", "Where is my parcel?")
        page.keyboard.press("Enter")
        page.get_by_text("Wait.").wait_for()
        assert page.get_by_text("Where is my parcel?").is_visible()  # what was typed is kept
        page.get_by_text("Wait.").wait_for(state="detached")
        first, second = wire.sent()
        assert first == second  # the same client id: it cannot come twice
        page.reload()
        shown = page.locator("[data-connection]").filter(has_text="Connected")
        shown.wait_for(state="attached")
        browser.close()
    assert {"type": "key.kept"} in wire.received
    assert wire.opened[0].endswith("token=old")
    assert wire.opened[-1].endswith("token=new")
