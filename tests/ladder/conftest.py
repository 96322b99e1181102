"""The wire of a remote rung, for all tests of the ladder."""

from collections.abc import Iterator

import pytest

from tests.ladder.wire import Wire, says, serving


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving(says("Hello", " there", ".")) as wire:
        yield wire
