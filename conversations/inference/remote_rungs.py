"""Rungs that another server runs: any OpenAI-compatible endpoint, described in one setting. Pure.

PORTAL_REMOTE_RUNGS='[{"name": "vllm", "url": "https://llm.example.com/v1",
                       "model": "meta-llama/Llama-3.1-70B-Instruct", "key": "VLLM_KEY"}]'
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal
from urllib.parse import urlsplit

#: How a server goes on from text that the customer has seen already: not at all, from a last
#: assistant message (llama.cpp's server), or from one that vLLM's own switches leave open.
Continues = Literal["no", "prefill", "vllm"]

#: The rungs that this machine's own workers serve, best first.
LOCAL_RUNGS = ("gpu", "cpu")
RESERVED = frozenset({*LOCAL_RUNGS, "scripted", "extractive", "person", "cache", "default", "auto"})
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


class BadRemoteRung(ValueError):
    """PORTAL_REMOTE_RUNGS cannot be used; the message says what to write instead."""


@dataclass(frozen=True, kw_only=True)
class RemoteRung:
    """One endpoint. `key` names the environment variable that holds the API key; the key itself
    never stands here. `above` names the rung that this one is better than."""

    name: str
    url: str
    model: str
    key: str = ""
    above: str = "cpu"
    slots: int = 16
    connect_seconds: float = 3.0
    first_token_seconds: float = 15.0
    stall_seconds: float = 10.0
    expected_first_token_ms: int = 200
    continues: Continues = "no"
    ca_file: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            raise BadRemoteRung(
                f"the name {self.name!r} is taken or unusable; use up to 20 small letters, digits "
                "and hyphens."
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            raise BadRemoteRung(
                f"{self.name}: the url must look like https://host/v1, without a query."
            )
        if parts.username or parts.password:
            raise BadRemoteRung(f"{self.name}: put the key into a variable and name it as key.")
        if not self.model:
            raise BadRemoteRung(f"{self.name}: name the model as the server knows it.")
        if self.continues not in {"no", "prefill", "vllm"}:
            raise BadRemoteRung(f"{self.name}: continues must be no, prefill or vllm.")
        seconds = (self.connect_seconds, self.first_token_seconds, self.stall_seconds)
        if self.slots < 1 or min(seconds) <= 0 or self.expected_first_token_ms < 1:
            raise BadRemoteRung(f"{self.name}: slots, seconds and milliseconds must be above 0.")


def parse(text: str) -> tuple[RemoteRung, ...]:
    """The setting's rungs. Raises BadRemoteRung."""
    if not text.strip():
        return ()
    try:
        rows = json.loads(text)
    except ValueError as exc:
        raise BadRemoteRung(f"it is no JSON ({exc}).") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadRemoteRung("write a JSON list of objects, one a rung.")
    found = tuple(_rung(row) for row in rows)
    names = [rung.name for rung in found]
    if len(set(names)) < len(names):
        raise BadRemoteRung("two rungs have the same name.")
    order(found)
    return found


def _rung(row: dict[str, Any]) -> RemoteRung:
    types = {item.name: item.type for item in fields(RemoteRung)}
    name = row.get("name", "?")
    if unknown := row.keys() - types.keys():
        raise BadRemoteRung(f"{name}: unknown {', '.join(sorted(unknown))}.")
    if missing := {"name", "url", "model"} - row.keys():
        raise BadRemoteRung(f"{name}: {', '.join(sorted(missing))} missing.")
    for field, value in row.items():
        wanted: tuple[type, ...] = (str,)
        if types[field] in (int, float):
            wanted = (int,) if types[field] is int else (int, float)
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise BadRemoteRung(f"{name}: {field} cannot be {value!r}.")
    return RemoteRung(**row)


def order(remote: Sequence[RemoteRung], *, scripted: bool = False) -> tuple[str, ...]:
    """All rungs that write with a model, best first. Raises BadRemoteRung."""
    names = list(LOCAL_RUNGS)
    waiting = list(remote)
    while waiting:
        placed = [rung for rung in waiting if rung.above in names]
        if not placed:
            raise BadRemoteRung(
                f"{waiting[0].name}: above must name one of {', '.join(names)} or another rung "
                "that leads there."
            )
        for rung in placed:
            names.insert(names.index(rung.above), rung.name)
            waiting.remove(rung)
    return ("scripted", *names) if scripted else tuple(names)
