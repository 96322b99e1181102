"""A full collection does not stop a process that answers."""

import gc
import time

from portal import heap


def test_what_was_loaded_for_good_is_not_walked_again() -> None:
    loaded = [[str(number)] for number in range(300_000)]
    gc.collect()
    began = time.process_time()
    gc.collect()
    before = time.process_time() - began
    try:
        heap.settle()
        began = time.process_time()
        gc.collect()
        after = time.process_time() - began
        assert gc.get_freeze_count() > len(loaded)
        assert after < before / 3
    finally:
        gc.unfreeze()
