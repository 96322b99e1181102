"""docs/desk.md and docs/websocket.md name every address, frame and event that the desk has."""

import re
from pathlib import Path

import pytest
from django.urls import URLPattern

from conversations.api import desk_urls

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "desk.md").read_text(encoding="utf-8")
BOTH = PAGE + (ROOT / "docs" / "websocket.md").read_text(encoding="utf-8")
#: Messages between processes, which no client gets.
INTERNAL = set(
    "conversation.changed customer.typing desk.changed desk.presence session.changed".split()
)


SOURCES = [
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "conversations" / "escalation").glob("*.py"))
]


def sent_frames() -> set[str]:
    found = {name for text in SOURCES for name in re.findall(r'"type": "([a-z_.]+)"', text)}
    return found - INTERNAL


def recorded_events() -> set[str]:
    return {name for text in SOURCES for name in re.findall(r'action="([a-z_]+\.[a-z_]+)"', text)}


def readable(pattern: URLPattern) -> str:
    """The address as the page writes it: <id> for a conversation, <name> for anything else."""
    path = str(pattern.pattern).replace("<uuid:conversation_id>", "<id>")
    return re.sub(r"<int:(\w+?)_id>", r"<\1>", path)


@pytest.mark.parametrize("name", sorted(sent_frames()))
def test_every_frame_is_on_the_page(name: str) -> None:
    assert f'"type": "{name}"' in BOTH or f"`{name}`" in BOTH


@pytest.mark.parametrize("kind", sorted(recorded_events()))
def test_every_event_is_on_the_page(kind: str) -> None:
    assert f"`{kind}`" in PAGE


@pytest.mark.parametrize(
    "path",
    sorted({readable(p) for p in desk_urls.urlpatterns if "slug:action" not in str(p.pattern)}),
)
def test_every_address_is_on_the_page(path: str) -> None:
    named = path in PAGE or path.replace("<reply>", "<id>").replace("<view>", "<id>") in PAGE
    assert named or f"`{path.removeprefix('conversations/<id>/')}`" in PAGE


def test_the_scan_finds_frames_at_all() -> None:
    assert {"desk.hello", "presence", "conversation.gone"} <= sent_frames()
    assert "escalation.breached" in recorded_events()
