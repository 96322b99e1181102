"""Celery's beat with a pulse, so that a probe sees one that hangs."""

from typing import Any

from celery.beat import PersistentScheduler

from portal.probes import Liveness

#: Beat wakes every REAP seconds, because the sweeper is due then; a lost broker costs some more.
liveness = Liveness(patience=120.0)


class PulsingScheduler(PersistentScheduler):
    def tick(self, *args: Any, **kwargs: Any) -> float:
        pause: float = super().tick(*args, **kwargs)
        liveness.beat()
        liveness.ready()
        return pause
