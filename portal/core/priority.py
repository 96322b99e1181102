"""How far a thread stands back behind the others of its process (nice(7), by thread on Linux)."""

import contextlib
import os
import threading


def stand_back(nice: int) -> None:
    """Lower the calling thread so far below its process, for as long as it lives; one that stands
    further back stays there. Each step takes about a fifth of its share where others want the core
    too."""
    with contextlib.suppress(OSError):  # where a thread has no priority of its own
        own = threading.get_native_id()
        below = os.getpriority(os.PRIO_PROCESS, os.getpid()) + nice
        os.setpriority(os.PRIO_PROCESS, own, max(os.getpriority(os.PRIO_PROCESS, own), below))
