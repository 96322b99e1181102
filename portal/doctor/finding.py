"""What an examination finds."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """Also the exit status of `manage.py doctor`: the worst of all findings."""

    WELL = 0
    WARNING = 1
    FAULT = 2


@dataclass(frozen=True)
class Finding:
    """`code` is stable and names the finding for machines; `todo` is empty where all is well."""

    code: str
    level: Level
    text: str
    todo: str = ""


def well(code: str, text: str) -> Finding:
    return Finding(code, Level.WELL, text)


def warning(code: str, text: str, todo: str) -> Finding:
    return Finding(code, Level.WARNING, text, todo)


def fault(code: str, text: str, todo: str) -> Finding:
    return Finding(code, Level.FAULT, text, todo)
