"""Every address that Portal serves, and how its answers are read."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

METHODS = ("get", "post", "put", "patch", "delete")
_CONVERTER = re.compile(r"<(?:(\w+):)?(\w+)>")
#: What stands in an address for what; tests put the ids of real rows here.
FILLING: dict[str, str] = {
    "str": "nothing", "slug": "nothing", "path": "1", "int": "1", "uuid": str(uuid.UUID(int=7)),
}  # fmt: skip


@dataclass(frozen=True)
class Route:
    """One address with one method. `row` is its key in the access table."""

    row: str
    method: str
    path: str


def routes(values: dict[str, str]) -> Iterator[Route]:
    """Every route but the admin's model pages. `values` fill the names in addresses."""
    for pattern, _name, callback in walk(get_resolver()):
        if _model_of(pattern) is None:
            for method in _methods(callback):
                row = re.sub(r"\^\(\?P<app_label>.*", "APP/", pattern)
                yield Route(f"{method.upper()} /{row}", method, fill(pattern, values))


def model_pages(objects: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(label of the model, page, path) of each page that the admin makes for each model."""
    for pattern, name, _callback in walk(get_resolver()):
        model = _model_of(pattern)
        if model is not None:
            page = (name or "").rpartition("_")[2] or "redirect"
            yield model, page, fill(pattern, {"object_id": objects.get(model, "0")})


def walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str | None, Any]]:
    for item in resolver.url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLPattern):
            yield route, item.name, item.callback
        else:
            yield from walk(item, route)


def fill(pattern: str, values: dict[str, str]) -> str:
    def replace(found: re.Match[str]) -> str:
        kind, name = found.groups()
        return values.get(name, FILLING[kind or "str"])

    pattern = pattern.replace("^(?P<app_label>", "(?P<app_label>")
    pattern = re.sub(r"\(\?P<app_label>(\w+)[^)]*\)/\$", r"\1/", pattern)
    pattern = pattern.replace("(?P<url>.*)$", "no-such-page")
    return "/" + _CONVERTER.sub(replace, pattern)


def _model_of(pattern: str) -> str | None:
    """The model of one of the admin's own pages; other pages below it have rows of their own."""
    found = re.fullmatch(
        r"admin/(\w+)/(\w+)/(?:add/|<path:object_id>/(?:history/|delete/|change/)?)?", pattern
    )
    if found is None:
        return None
    label = ".".join(found.groups())
    return label if label in {model._meta.label_lower for model in admin.site._registry} else None


def _methods(callback: Any) -> list[str]:
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if hasattr(callback, "actions") and callback.actions:  # a viewset's
        return [method for method in METHODS if method in callback.actions]
    if view is None or not issubclass(view, APIView):
        return ["get", "post"]
    return [method for method in METHODS if hasattr(view, method)]


def outcome(response: Any) -> str:
    """L: log in first. R: refused. H: there is nothing to see. O: let in. -: no such method.

    A field that is missing, or a state that does not fit, is let in: who asks may ask. !: broken.
    """
    status = response.status_code
    if status >= 500:
        return "!"
    if status in (401,):
        return "L"
    if status in (301, 302, 303, 307, 308):
        target = response.headers["Location"]
        if "/login/" in target:
            return "L"
        return "H" if target == "/admin/" else "O"
    return {403: "R", 404: "H", 410: "H", 405: "-"}.get(status, "O")
