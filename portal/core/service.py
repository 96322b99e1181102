"""BaseService: what every service that leaves the process gets: timing, metrics, one error tree."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from django.db import InterfaceError, OperationalError

from portal.core.errors import ServiceError, Unavailable, UnexpectedError
from portal.core.events import emit
from portal.core.metrics import OPERATION_SECONDS


class BaseService:
    """Subclass it only for work that leaves the process; pure logic stays a function."""

    name = "service"

    def __init__(self) -> None:
        self.log = logging.getLogger(f"portal.{self.name}")

    @contextmanager
    def operation(self, op: str, **fields: Any) -> Iterator[None]:
        """Time and log one operation.

        A ServiceError passes through (anticipated: counted, never paged). A database that is away
        becomes Unavailable. Anything else is logged once, here, and becomes UnexpectedError.
        `fields` are ids and numbers, never text.
        """
        started, outcome = perf_counter(), "ok"
        try:
            yield
        except ServiceError as exc:
            outcome = exc.code
            raise
        except (OperationalError, InterfaceError) as exc:  # the database is away for a moment
            outcome = Unavailable.code
            self.log.warning("%s.%s: the database is away", self.name, op)
            raise Unavailable from exc
        except Exception as exc:
            outcome = "unexpected"
            self.log.exception("%s.%s failed", self.name, op)
            raise UnexpectedError from exc
        finally:
            seconds = perf_counter() - started
            OPERATION_SECONDS.labels(self.name, op, outcome).observe(seconds)
            emit(
                "service.operation.finished",
                service=self.name,
                operation=op,
                outcome=outcome,
                seconds=round(seconds, 4),
                **fields,
            )
