"""The OpenAPI document is true: what it does not say does not happen, whatever is sent."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from schemathesis.checks import CHECKS as ALL_CHECKS
from schemathesis.checks import load_all_checks
from schemathesis.generation import GenerationMode

from conversations.api import openapi
from conversations.models import Article, Escalation, Turn
from conversations.services.intake import IntakeService
from tests.api.conftest import MakeToken, write

pytestmark = pytest.mark.django_db


def test_the_document_is_valid_openapi_3_1_with_an_operation_for_every_address() -> None:
    document = Client().get("/api/v1/schema/").json()
    assert document["openapi"] == "3.1.0"
    described = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    assert described == {_plain(path) for path in _addresses()}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["x-scope"], path
            assert operation["security"], path
            assert "401" in operation["responses"], path


def _addresses(patterns: Any = None, before: str = "/") -> list[str]:
    """Every address below /api/v1/ but the desk's, the document's and the one for the lost."""
    found = []
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += _addresses(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("/api/v1/"):
            found.append(path)
    hidden = (openapi.DESK, "/api/v1/schema/", "/api/v1/^")
    return [path for path in found if not path.startswith(hidden)]


def _plain(path: str) -> str:
    for kind in ("uuid:", "int:"):
        path = path.replace(kind, "")
    return path


def test_the_page_shows_every_operation_without_a_script_of_its_own() -> None:
    page = Client().get("/api/docs/")
    text = page.content.decode()
    assert page.status_code == 200
    for methods in openapi.document()["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in text
    assert "style=" not in text
    assert text.count("<script") == 1  # the theme's, from a file
    assert reverse("api-schema") in text


@pytest.fixture
def record(db: None) -> dict[str, str]:
    """Something to be found, so that not every question ends at 404."""
    opened = IntakeService().open_conversation()
    write(opened.id, "How do I return it?")
    IntakeService().request_person(conversation_id=opened.id, now=timezone.now())
    article = Article.objects.create(
        external_id="a", slug="a", title="A", body="Text.", digest="x", status="published"
    )
    return {
        "conversation_id": str(opened.id),
        "turn_id": str(Turn.objects.get().pk),
        "escalation_id": str(Escalation.objects.get().pk),
        "article_id": str(article.pk),
    }


#: Parameters that have to fit each other, where chance would not find any that do.
MEANT = {
    "/api/v1/insights/figures/": {
        "measure": "conversations",
        "period": "2026-10-01/2026-11-01",
        "group": "topic",
    }
}
#: Cases of each operation, as meant and as not meant.
CASES = 5
load_all_checks()
CHECKS = ALL_CHECKS.get_by_names([
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "negative_data_rejection",
    "unsupported_method", "ignored_auth",
])  # fmt: skip


@pytest.fixture
def no_garbage_collected() -> Iterator[None]:
    """Hypothesis parses the strategies' source; CPython 3.11 may fail there while it collects, with
    "SystemError: AST constructor recursion depth mismatch" (as in tests/conftest.py)."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collected")
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
@pytest.mark.django_db(transaction=True)
def test_nothing_undocumented_happens_whatever_is_sent(
    record: dict[str, str], make_token: MakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.limits.API_CALLS", (0, 60.0))
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application())
    secret = make_token().secret
    asked: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        seen = asked.setdefault(operation.label, set())
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            ask(operation, mode, secret, record, seen)
    answered = {label for label, seen in asked.items() if seen & {200, 201}}
    assert answered == set(asked), {label: asked[label] for label in set(asked) - answered}


def ask(
    operation: Any, mode: GenerationMode, secret: str, record: dict[str, str], seen: set[int]
) -> None:
    """So many cases of one operation, each answer held against the document."""
    headers = {"Authorization": f"Bearer {secret}"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        derandomize=True,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = record[name]
            case.query = MEANT.get(case.path, case.query)
        if case.path.endswith("/events/"):
            case.query = {**(case.query or {}), "wait": "0"}
        response = case.call(headers=headers)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS, headers=headers)

    run()
