"""What the tests of operations share."""

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.operations.databases import TARGET, parameters


@pytest.fixture
def empty_database(db: None, service_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a process whose database has nothing but pgvector."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {TARGET} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {TARGET} TEMPLATE template0")
    with psycopg.connect(**parameters(TARGET), autocommit=True) as session:
        session.execute("CREATE EXTENSION IF NOT EXISTS vector")
    url = service_environment["DATABASE_URL"]
    name = settings.DATABASES["default"]["NAME"]
    yield {**service_environment, "DATABASE_URL": url.replace(f"/{name}", f"/{TARGET}")}
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {TARGET} WITH (FORCE)")
