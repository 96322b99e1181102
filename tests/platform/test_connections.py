"""The pool sees whether a connection lives, and asks only where it has reason to doubt it."""

from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from portal.connections import WatchedConnection


def opened(**more: Any) -> WatchedConnection:
    parameters = {**connection.get_connection_params(), "autocommit": True, **more}
    return WatchedConnection.connect(**parameters)


@pytest.mark.usefixtures("db")
def test_the_pools_connections_are_watched() -> None:
    connection.ensure_connection()
    assert isinstance(connection.connection, WatchedConnection)


@pytest.mark.usefixtures("db")
def test_a_silent_connection_passes_without_a_statement_to_the_server() -> None:
    with opened() as watched:
        seen = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        watched.execute("SELECT 'the last statement'")
        ConnectionPool.check_connection(watched)
        with connection.cursor() as cursor:
            cursor.execute(seen, [watched.info.backend_pid])
            assert cursor.fetchone() == ("SELECT 'the last statement'",)


@pytest.mark.usefixtures("db")
def test_a_connection_whose_server_process_was_ended_is_refused() -> None:
    watched = opened()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [watched.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        ConnectionPool.check_connection(watched)


@pytest.mark.usefixtures("db")
def test_a_closed_connection_is_refused() -> None:
    watched = opened()
    watched.close()
    with pytest.raises(psycopg.OperationalError):
        ConnectionPool.check_connection(watched)
