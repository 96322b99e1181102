"""Work that can wait is done by a thread that stands back, and is otherwise as if done here."""

import os
import sys
import threading

import pytest
from django.db import connection

from conversations.models import Customer
from portal.core.priority import behind


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_the_work_and_what_it_starts_stand_back_and_the_caller_does_not() -> None:
    own, seen = nice(), []

    def work() -> int:
        helper = threading.Thread(target=lambda: seen.append(nice()))
        helper.start()
        helper.join()
        return nice()

    assert behind(3, work) == own + 3
    assert seen == [own + 3]
    assert nice() == own


def test_what_the_work_raises_is_raised_here() -> None:
    def work() -> None:
        raise LookupError("no such figure")

    with pytest.raises(LookupError, match="no such figure"):
        behind(1, work)


@pytest.mark.django_db(transaction=True)
def test_the_works_connection_goes_back_to_the_pool_with_what_it_wrote() -> None:
    kept = []

    def work() -> None:
        Customer.objects.create(identity="written behind")
        kept.append(connection.connection)

    behind(1, work)
    assert Customer.objects.filter(identity="written behind").exists()
    assert kept[0] is not connection.connection
    assert not [other for other in threading.enumerate() if other.name.startswith("behind")]
