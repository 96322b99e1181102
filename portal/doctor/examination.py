"""All examinations, in an order in which a cause stands before its consequences."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence

from django.db import connection

from portal.doctor import configuration, database, host, knowledge, redis_and_broker, workers
from portal.doctor.finding import Finding, Level, fault

log = logging.getLogger("portal.doctor")

Examine = Callable[[], Iterable[Finding]]

ALWAYS: tuple[tuple[str, Examine], ...] = (
    ("settings", configuration.examine),
    ("this machine", host.examine),
    ("Redis and the broker", redis_and_broker.examine),
)
#: What makes looking at the tables pointless.
UNUSABLE = frozenset({"database.migrations", "database.pgvector"})
WITH_SCHEMA: tuple[tuple[str, Examine], ...] = (
    ("the workers", workers.examine),
    ("the help centre", knowledge.examine),
)


def examine() -> list[Finding]:
    """Look at everything that can be looked at. An examination that fails is a finding too."""
    findings = [database.reachable()]
    if findings[0].level == Level.WELL:
        findings += _looked("the database", database.examine)
        if not any(item.code in UNUSABLE and item.level == Level.FAULT for item in findings):
            for name, look in WITH_SCHEMA:
                findings += _looked(name, look)
    for name, look in ALWAYS:
        findings += _looked(name, look)
    connection.close()
    return findings


def _looked(name: str, look: Examine) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(look())
    except Exception as error:
        log.exception("doctor: the examination of %s failed", name)
        reason = f"{type(error).__name__}"
        found.append(
            fault(
                "examination.failed",
                f"{name[0].upper()}{name[1:]} could not be examined to the end ({reason}).",
                "If another finding does not explain it, please report it with the log above.",
            )
        )
    return found


def worst(findings: Sequence[Finding]) -> Level:
    return max((finding.level for finding in findings), default=Level.WELL)


def as_json(findings: Sequence[Finding]) -> str:
    rows = [
        {"code": f.code, "level": f.level.name.lower(), "text": f.text, "todo": f.todo}
        for f in findings
    ]
    return json.dumps({"status": worst(findings).name.lower(), "findings": rows}, indent=2)
