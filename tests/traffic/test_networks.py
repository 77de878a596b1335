"""What is inside, what is outside, and how far away an answer comes from."""

from ipaddress import ip_address

import pytest

from wardwatch.errors import UsageError
from wardwatch.traffic.networks import hops, parse_network, same_network, site


@pytest.mark.parametrize(
    "text",
    ["10.1.2.3", "172.31.0.1", "192.168.9.9", "100.64.1.1", "169.254.3.4", "127.0.0.1", "224.0.0.251",
     "255.255.255.255", "fe80::1", "fd00::1", "::1", "ff02::fb", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_inside(text: str) -> None:
    assert site([]).is_local(ip_address(text))


@pytest.mark.parametrize(
    "text",
    ["202.114.4.119", "192.0.2.1", "198.51.100.7", "203.0.113.9", "172.32.0.1", "100.128.0.1", "11.0.0.1",
     "2001:db8::1", "2606:4700::1", "::ffff:202.114.4.119"],
)  # fmt: skip
def test_outside_documentation_ranges_included(text: str) -> None:
    assert not site([]).is_local(ip_address(text))


def test_a_named_network_is_inside() -> None:
    assert site(["203.0.113.0/24"]).is_local(ip_address("203.0.113.9"))
    assert site(["203.0.113.9"]).is_local(ip_address("203.0.113.9"))


@pytest.mark.parametrize("text", ["", "ward", "10.0.0.0/33", "10.0.0.0/-1", "1.2.3.4.5"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a network"):
        parse_network(text)


@pytest.mark.parametrize(
    ("ttl", "expected"), [(0, None), (64, 0), (63, 1), (49, 15), (128, 0), (255, 0), (240, 15), (1, 31)]
)
def test_hops(ttl: int, expected: int | None) -> None:
    assert hops(ttl) == expected


def test_same_network() -> None:
    assert same_network(ip_address("203.0.113.1"), ip_address("203.0.113.254"))
    assert not same_network(ip_address("203.0.113.1"), ip_address("203.0.114.1"))
    assert same_network(ip_address("2001:db8::1"), ip_address("2001:db8::ffff"))
    assert not same_network(ip_address("2001:db8::1"), ip_address("203.0.113.1"))
