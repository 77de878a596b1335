"""Who a host text, a URL or a share names, how far that reaches, and which peers are explained."""

import pytest

from wardwatch.firmware.behaviours.peers import Scope, end_of, end_of_url, explained, is_qualified, scope
from wardwatch.firmware.behaviours.words import End, Known
from wardwatch.firmware.words import Hole, Text

NET, FILE, OPEN = Hole("n", ("network",)), Hole("f", ("file:/etc/x",)), Hole("u")


@pytest.mark.parametrize(
    ("url", "name", "known"),
    [
        (("http://203.0.113.5/x",), "203.0.113.5", Known.HARD_CODED),
        (("https://user:word@203.0.113.5:8443/x",), "203.0.113.5:8443", Known.HARD_CODED),
        (("203.0.113.5:/pm",), "203.0.113.5", Known.HARD_CODED),
        (("//203.0.113.5/share",), "203.0.113.5", Known.HARD_CODED),
        (("[2001:db8::1]:/pm",), "2001:db8::1", Known.HARD_CODED),
        (("http://203.0.113.5/", OPEN), "203.0.113.5", Known.HARD_CODED),
        (("http://203.0.113.", OPEN, "/x"), "", Known.UNKNOWN),
        (("http://", NET, "/x"), "", Known.REMOTE),
        ((FILE, ":/pm"), "", Known.CONFIGURED),
        ((OPEN, ":/pm"), "", Known.UNKNOWN),
        ((), "", Known.UNKNOWN),
    ],
)
def test_urls_and_shares(url: tuple[str | Hole, ...], name: str, known: Known) -> None:
    end = end_of_url(Text(url))
    assert (end.name, end.known) == (name, known)


def test_the_least_trustworthy_source_speaks() -> None:
    assert end_of(Text((FILE, NET))).known is Known.REMOTE
    assert end_of(Text((FILE, OPEN))).known is Known.UNKNOWN
    assert end_of(Text((FILE, ".", FILE))).known is Known.CONFIGURED
    assert end_of(Text()).known is Known.UNKNOWN
    assert end_of(Text(("203.0.113.5",)), 70_000).port is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("203.0.113.5", Scope.ROUTABLE), ("198.51.100.1", Scope.ROUTABLE), ("192.0.2.1", Scope.ROUTABLE),
        ("202.114.4.119", Scope.ROUTABLE), ("2001:db8::1", Scope.ROUTABLE), ("10.1.2.3", Scope.PRIVATE),
        ("172.31.0.1", Scope.PRIVATE), ("172.32.0.1", Scope.ROUTABLE), ("100.64.0.1", Scope.PRIVATE),
        ("fd00::1", Scope.PRIVATE), ("127.0.0.1", Scope.LOCAL), ("0.1.2.3", Scope.LOCAL),
        ("169.254.1.1", Scope.LOCAL), ("224.0.0.251", Scope.LOCAL), ("255.255.255.255", Scope.LOCAL),
        ("240.0.0.1", Scope.LOCAL), ("localhost", Scope.LOCAL), ("updates.example.org", Scope.NAME),
        ("1.2.3", Scope.NONE),
        ("", Scope.NONE), ("a b", Scope.NONE), ("/etc/x", Scope.NONE),
    ],
)  # fmt: skip
def test_how_far_a_host_reaches(host: str, expected: Scope) -> None:
    assert scope(host) is expected


@pytest.mark.parametrize(
    ("host", "port", "is_explained"),
    [
        ("198.41.0.4", 53, True), ("198.41.0.4", 515, False), ("2.debian.pool.ntp.org", 123, True),
        ("8.8.8.8", 53, True), ("8.8.8.8", 2049, False), ("203.0.113.5", 53, False),
        ("ntp.org.example.com", 123, False),
    ],
)  # fmt: skip
def test_which_peers_are_right(host: str, port: int, is_explained: bool) -> None:  # noqa: FBT001  # a table of answers
    assert bool(explained(End(host, Known.HARD_CODED, port))) is is_explained


def test_names_of_the_public_system() -> None:
    assert is_qualified("updates.example.org")
    assert not is_qualified("clientserver.c")
    assert not is_qualified("UNKNOWN")
