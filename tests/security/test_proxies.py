"""Who a request comes from: forwarded headers count from trusted proxies, from nobody else."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.addresses import AddressError, bucket, client_address, is_in, networks
from portal.proxies import FORWARDED, TrustedProxies

TRUSTED = networks(("10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "chain", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),  # not from a proxy: a lie
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.7"], "198.51.100.7"),  # the first is the client's lie
        ("10.0.0.1", ["1.2.3.4", "198.51.100.7", "10.9.9.9"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["' OR 1=1 --", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("", ["1.2.3.4"], ""),
    ],
)
def test_the_client_is_the_last_address_that_no_proxy_vouches_for(
    peer: str, chain: list[str], client: str
) -> None:
    assert client_address(peer, chain, TRUSTED) == client


@given(st.lists(st.ip_addresses().map(str), max_size=6), st.ip_addresses(v=4).map(str))
def test_nothing_that_a_client_writes_changes_who_it_is(lies: list[str], client: str) -> None:
    if not is_in(client, TRUSTED):
        assert client_address("10.0.0.1", [*lies, client], TRUSTED) == client
        assert client_address(client, lies, TRUSTED) == client


def seen(peer: str, *headers: tuple[bytes, bytes], kind: str = "http") -> dict[str, Any]:
    scopes: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        scopes.append(scope)

    scope = {"type": kind, "client": [peer, 4711], "scheme": "http", "headers": list(headers)}
    asyncio.run(TrustedProxies(application, TRUSTED)(scope, None, None))
    return scopes[0]


def test_https_and_the_address_are_taken_from_a_trusted_proxy() -> None:
    scope = seen(
        "10.0.0.1", (b"x-forwarded-for", b"198.51.100.7"), (b"x-forwarded-proto", b"https")
    )
    assert (scope["client"][0], scope["scheme"]) == ("198.51.100.7", "https")
    socket = seen("10.0.0.1", (b"x-forwarded-proto", b"https"), kind="websocket")
    assert socket["scheme"] == "wss"


def test_nobody_else_can_say_that_it_is_https_or_another_address() -> None:
    headers = ((b"x-forwarded-for", b"127.0.0.1"), (b"x-forwarded-proto", b"https"))
    scope = seen("203.0.113.9", *headers)
    assert (scope["client"][0], scope["scheme"]) == ("203.0.113.9", "http")


@pytest.mark.parametrize("name", sorted(FORWARDED))
@pytest.mark.parametrize(
    "spelling", [bytes.lower, bytes.upper, lambda name: name.replace(b"-", b"_")]
)
def test_a_forwarded_header_never_reaches_the_application(name: bytes, spelling: Any) -> None:
    assert seen("203.0.113.9", (spelling(name), b"evil"))["headers"] == []


def test_several_header_lines_are_one_chain() -> None:
    scope = seen(
        "10.0.0.1",
        (b"x-forwarded-for", b"127.0.0.1"),
        (b"x-forwarded-for", b"198.51.100.7, 10.0.0.3"),
    )
    assert scope["client"][0] == "198.51.100.7"


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(AddressError, match=r"10\.0\.0\.0/99"):
        networks(("10.0.0.0/99",))


def test_limits_count_one_subscriber_once() -> None:
    assert bucket("2001:db8:1:2::3") == bucket("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert bucket("203.0.113.9") != bucket("203.0.113.10")
    assert bucket("garbage") == "unknown"
