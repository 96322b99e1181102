"""The wish to end is not lost, whenever it comes."""

import signal
import weakref
from collections.abc import Iterator

import pytest

from portal.management.commands.run import Command
from portal.supervisor import Supervisor


class Anything:
    """Something that can be finalized."""


@pytest.fixture
def own_signals() -> Iterator[None]:
    kept = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_in_a_finalizer_ends_the_portal_all_the_same(
    number: signal.Signals, own_signals: None
) -> None:
    command = Command()
    command._listen()
    anything = Anything()
    weakref.finalize(anything, signal.raise_signal, number)
    del anything  # Python tells of what is raised in there, and goes on
    with pytest.raises(KeyboardInterrupt):
        command._wait(Supervisor([], say=print), lambda: False, 5)
