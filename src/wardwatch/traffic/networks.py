"""In: addresses as bytes or text, and the networks a site calls its own. Out: which side of the border each lies on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from wardwatch.errors import UsageError

from .table import IPV6

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# RFC 1918, RFC 6598, RFC 3927, RFC 1122 (loopback, this host), multicast and broadcast; the same for IPv6 (RFC 4193,
# 4291). The documentation ranges (RFC 5737, 3849) count as outside, as the contract says.
ALWAYS_LOCAL: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
        "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/127", "fe80::/10", "fc00::/7", "ff00::/8",
    )
)  # fmt: skip

REMEMBERED: Final = 65536


class Reach(StrEnum):
    """How far a conversation goes, seen from the side that began it."""

    INSIDE = "inside"  # the other side lies in a local network
    NEIGHBOUR = "neighbour"  # both sides share one public network; nothing shows that a router lies between
    ROUTED_INSIDE = "routed inside"  # a public address, but the answers come from a few hops away at most
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Site:
    """The networks that belong to the site."""

    local: tuple[Network, ...] = ALWAYS_LOCAL
    _judged: dict[Address, bool] = field(default_factory=dict, compare=False, repr=False)

    def is_local(self, address: Address) -> bool:
        """Whether `address` lies in a local network; an IPv4 address mapped into IPv6 is judged as itself."""
        judged = self._judged.get(address)
        if judged is None:
            plain = unmapped(address)
            judged = any(plain.version == network.version and plain in network for network in self.local)
            if len(self._judged) < REMEMBERED:
                self._judged[address] = judged
        return judged


def site(extra: Iterable[str]) -> Site:
    """The site whose own networks are named by `--local`, besides the private ranges; UsageError for a bad one."""
    return Site(ALWAYS_LOCAL + tuple(map(parse_network, extra)))


def parse_network(text: str) -> Network:
    """`text` as a network; UsageError where it is none."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise UsageError(
            "not a network", where=text, cure="Write it as an address and a prefix length, such as 192.0.2.0/24."
        ) from error


def unmapped(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped IPv6 one (RFC 4291, section 2.5.5.2), else `address` itself."""
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


@lru_cache(REMEMBERED)
def address_of(version: int, raw: bytes) -> Address:
    """The address in the 16 bytes of a flow record."""
    return IPv6Address(raw) if version == IPV6 else IPv4Address(raw[:4])


@lru_cache(REMEMBERED)
def text_of(version: int, raw: bytes) -> str:
    """The same as text."""
    return str(address_of(version, raw))


def same_network(one: Address, other: Address) -> bool:
    """Whether both lie in one /24 (IPv4) or one /64 (IPv6)."""
    prefix = 64 if one.version == IPV6 else 24
    return one.version == other.version and other in ip_network((one, prefix), strict=False)


_START_TTLS: Final[Sequence[int]] = (32, 64, 128, 255)


def hops(ttl: int) -> int | None:
    """Routers passed, by the nearest usual start value of the TTL (32, 64, 128, 255); None where it was not seen."""
    return min(start - ttl for start in _START_TTLS if start >= ttl) if ttl else None


def parse_address(text: str) -> Address | None:
    """`text` as an address, or None."""
    try:
        return ip_address(text)
    except ValueError:
        return None
