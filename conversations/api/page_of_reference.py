"""The reference page's content, made from the OpenAPI document. Pure."""

import json
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

#: The page's chapters, in the order in which somebody meets them.
_CHAPTERS = ("conversations", "messages", "turns", "articles", "escalations", "agents", "insights",
             "system")  # fmt: skip
_DEEPEST = 2
_KEYS = {
    "apiToken": "API token",
    "conversationKey": "the conversation's own key",
    "session": "a login at the desk",
}


@dataclass(frozen=True)
class Field:
    """One line of a table of fields; `depth` counts the things that it lies in."""

    name: str
    kind: str
    required: bool
    text: str
    depth: int = 0


@dataclass(frozen=True)
class Answer:
    status: str
    text: str
    is_problem: bool


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    text: str
    scope: str
    keys: tuple[str, ...]
    parameters: tuple[Field, ...]
    given: tuple[Field, ...]
    gets: tuple[Field, ...]
    answers: tuple[Answer, ...]
    curl: str
    example: str = ""


@dataclass(frozen=True)
class Chapter:
    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Reference:
    title: str
    text: str
    chapters: tuple[Chapter, ...] = field(default=())


def build(document: Document) -> Reference:
    found: dict[str, list[Operation]] = {name: [] for name in _CHAPTERS}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            chapter = found.setdefault(operation["tags"][0], [])
            chapter.append(_operation(document, path, method, operation))
    chapters = tuple(Chapter(name, tuple(items)) for name, items in found.items() if items)
    return Reference(document["info"]["title"], document["info"]["description"], chapters)


def _operation(document: Document, path: str, method: str, said: dict[str, Any]) -> Operation:
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [item["value"] for item in body.get("examples", {}).values()]
    given = tuple(_fields(document, body["schema"])) if body else ()
    success = next(code for code in said["responses"] if code.startswith("2"))
    content = said["responses"][success].get("content", {})
    gets = content.get("application/json", {})
    security = said.get("security", [])
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said["summary"],
        text=said.get("description", ""),
        scope=said.get("x-scope", ""),
        keys=tuple(_KEYS[name] for item in security for name in item)
        + (("nobody",) if {} in security else ()),
        parameters=tuple(
            Field(
                item["name"],
                f"{_kind(document, item['schema'])}, in the {item['in']}",
                bool(item.get("required")),
                item.get("description", ""),
            )
            for item in said.get("parameters", ())
        ),
        given=given,
        gets=tuple(_fields(document, gets["schema"])) if gets else (),
        answers=tuple(_answer(code, answer) for code, answer in said["responses"].items()),
        curl=_curl(path, method, examples[0] if examples else None),
        example=_example(content),
    )


def _answer(code: str, said: dict[str, Any]) -> Answer:
    is_problem = "application/problem+json" in said.get("content", {})
    return Answer(code, said["description"] or "As below", is_problem)


def _example(content: dict[str, Any]) -> str:
    events = content.get("text/event-stream", {})
    if events:
        return str(events["example"])
    examples = content.get("application/json", {}).get("examples", {})
    return next(
        (json.dumps(item["value"], indent=2, ensure_ascii=False) for item in examples.values()), ""
    )


def _curl(path: str, method: str, body: Any) -> str:
    flags = "-N " if path.endswith("/events/") else ""
    lines = [f'curl {flags}"$PORTAL{path}"', '  -H "Authorization: Bearer $TOKEN"']
    if method != "get":
        lines[0] = f'curl -X {method.upper()} "$PORTAL{path}"'
    if body is not None:
        words = json.dumps(body, ensure_ascii=False)
        lines += ['  -H "Content-Type: application/json"', f"  -d '{words}'"]
    return " \\\n".join(lines)


def _resolved(document: Document, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference, also where it may be null instead."""
    for wrapper in ("allOf", "oneOf", "anyOf"):
        if wrapper in schema:
            known = [item for item in schema[wrapper] if item.get("type") != "null"]
            return _resolved(document, known[0])
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        found: dict[str, Any] = document["components"]["schemas"][name]
        return found
    return schema


def _fields(document: Document, schema: dict[str, Any], depth: int = 0) -> list[Field]:
    known = _resolved(document, schema)
    if known.get("type") == "array":
        return _fields(document, known["items"], depth)
    required = set(known.get("required", ()))
    lines: list[Field] = []
    for name, inner in known.get("properties", {}).items():
        kind, text = _kind(document, inner), inner.get("description", "")
        lines.append(Field(name, kind, name in required, text, depth))
        if depth < _DEEPEST:
            lines += _fields(document, inner, depth + 1)
    return lines


def _kind(document: Document, schema: dict[str, Any]) -> str:
    """A type in a few words."""
    known = _resolved(document, schema)
    kinds = known.get("type", "any")
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    may_be_null = "null" in names or any(
        item.get("type") == "null" for item in schema.get("oneOf", ())
    )
    plain = " or ".join(name for name in names if name != "null")
    if "enum" in known:
        plain = " | ".join(str(value) for value in known["enum"] if value is not None)
    elif plain == "array":
        plain = f"list of {_kind(document, known['items'])}"
    elif known.get("format") in ("uuid", "date-time"):
        plain = known["format"]
    return f"{plain} or null" if may_be_null else plain
