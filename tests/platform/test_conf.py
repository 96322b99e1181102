from pathlib import Path

import pytest

from portal.conf import Config, SettingError, load
from portal.embedded import Layout, addresses, secret_key
from portal.embedded.layout import SOCKET_PATH_BYTES


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load({}) == Config()


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"PORT": " ", "DATABASE_URL": ""}) == Config()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "PORT is 'eighty'; use a whole number."),
        ("PORTAL_DEBUG", "maybe", "PORTAL_DEBUG is 'maybe'; use true or false."),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_the_way_out(
    name: str, value: str, says: str
) -> None:
    with pytest.raises(SettingError) as caught:
        load({name: value})
    assert str(caught.value) == says


def test_lists_are_split_at_commas() -> None:
    assert load({"PORTAL_HOSTS": "a.example, b.example,"}).hosts == ("a.example", "b.example")


def test_a_database_url_with_escapes_and_options_is_understood() -> None:
    given = addresses(
        load({"DATABASE_URL": "postgres://us%40er:p%2Fw@db.example:6000/na%20me?sslmode=require"})
    ).database
    assert given == {
        "NAME": "na me",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": "6000",
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize("url", ["mysql://db/x", "postgres://db", "postgres://db:port/x", "db"])
def test_a_database_url_that_cannot_work_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        addresses(load({"DATABASE_URL": url}))
    assert url not in str(caught.value)


def test_a_given_redis_is_the_broker_too_unless_one_is_named() -> None:
    both = addresses(load({"REDIS_URL": "redis://r/3"}))
    assert (both.redis, both.broker) == ("redis://r/3", "redis://r/3")
    rabbit = addresses(load({"REDIS_URL": "redis://r/3", "CELERY_BROKER_URL": "amqp://b"}))
    assert (rabbit.redis, rabbit.broker) == ("redis://r/3", "amqp://b")


def test_the_embedded_broker_has_a_database_apart_from_the_streams() -> None:
    given = addresses(load({}))
    assert given.redis.endswith("?db=0")
    assert given.broker.endswith("?virtual_host=1")


def test_a_long_state_folder_still_gives_socket_paths_that_fit() -> None:
    layout = Layout(Path("/" + "long-name/" * 40))
    for path in (layout.redis_socket, layout.postgres_sockets / ".s.PGSQL.5432.lock"):
        assert len(str(path).encode()) <= SOCKET_PATH_BYTES


def test_each_state_folder_has_sockets_of_its_own() -> None:
    assert Layout(Path("/a")).runtime != Layout(Path("/b")).runtime
    assert Layout(Path("/a")).runtime == Layout(Path("/a")).runtime


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = secret_key(tmp_path / "var")
    assert len(first) >= 50
    assert secret_key(tmp_path / "var") == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]
