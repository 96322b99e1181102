"""Whose request it is: the client's address behind those proxies that the operator trusts."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from ipaddress import IPv4Network as Network4

Network = Network4 | IPv6Network
#: One subscriber has a /64 of IPv6 addresses and may use a new one for every request.
IPV6_PREFIX = 64


class AddressError(ValueError):
    """This is no address or network, such as 10.0.0.0/8."""


@lru_cache(maxsize=64)
def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks of a setting. Raises AddressError with the entry that is none."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            raise AddressError(f"{text!r} is no address or network, such as 10.0.0.0/8.") from None
    return tuple(found)


def parse(text: str) -> IPv4Address | IPv6Address | None:
    """An address in any notation, or None. IPv4 in IPv6 (::ffff:10.0.0.1) is the IPv4 address."""
    try:
        address = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def is_in(text: str, known: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks; what is no address lies in none."""
    address = parse(text)
    return address is not None and any(
        address.version == network.version and address in network for network in known
    )


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The client's address: the last one of the chain that no trusted proxy vouches for itself.

    `forwarded` is X-Forwarded-For from first to last. A proxy appends whom it saw, so the chain is
    read from its end, and what stands before the first untrusted address was written by anybody.
    """
    address = peer
    for claimed in reversed(forwarded):
        if not is_in(address, trusted):
            break
        known = parse(claimed)
        if known is None:
            break
        address = str(known)
    return address


def bucket(text: str) -> str:
    """What limits count by: an IPv4 address, or the /64 of an IPv6 address."""
    address = parse(text)
    if address is None:
        return "unknown"
    if address.version == 6:
        return str(ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)
