"""Two processes never bring the schema up to date at once."""

import threading

import pytest
from django.db import connection

from portal.core.migrating import one_at_a_time

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_second_waits_until_the_first_is_done() -> None:
    within = threading.Event()

    def second() -> None:
        try:
            with one_at_a_time():
                within.set()
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with one_at_a_time():
        thread.start()
        assert not within.wait(0.5)
    assert within.wait(10)
    thread.join(10)


def test_a_migration_that_fails_lets_the_next_one_in() -> None:
    with pytest.raises(RuntimeError, match="half way"), one_at_a_time():
        raise RuntimeError("half way")
    test_the_second_waits_until_the_first_is_done()
