"""One real model for all tests of inference, and requests in short form."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from conversations.inference.backend import ChatMessage, GenerationRequest
from conversations.inference.weights import prepare_default


def request_for(
    *contents: str, max_tokens: int = 24, seconds: float = 60.0, prefix: str = "", stop: str = ""
) -> GenerationRequest:
    """A request whose messages are system (if there are two) and user."""
    roles = ("system", "user")[-len(contents) :]
    return GenerationRequest(
        request_id="test",
        messages=tuple(
            ChatMessage("system" if role == "system" else "user", content)
            for role, content in zip(roles, contents, strict=True)
        ),
        max_tokens=max_tokens,
        deadline=time.monotonic() + seconds,
        prefix=prefix,
        stop=(stop,) if stop else (),
    )


@pytest.fixture(scope="session")
def model_folder() -> Iterator[Path]:
    """The packaged model, prepared once."""
    yield prepare_default(settings.CONFIG.var, progress=False)
