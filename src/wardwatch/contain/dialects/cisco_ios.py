"""In: a policy. Out: access lists for a Cisco IOS router, whose reflexive entries let only answers back in.

A list of IOS has no memory of connections but what `reflect` notes and `evaluate` looks up. An entry with ports lets
later fragments of its addresses pass, so these are denied first (IOS, 'Access Control Lists and IP Fragments').
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Network, Policy, Ports
from wardwatch.contain.rules import Flow, Rule, for_version
from wardwatch.contain.sided import Way, sided

FILE: Final = "wardwatch.ios"
_OPENS: Final = frozenset({Flow.ORIGINAL})
_HEAD: Final = {4: "ip access-list extended", 6: "ipv6 access-list"}
_APPLY: Final = {4: "ip access-group", 6: "ipv6 traffic-filter"}
_OTHER: Final = {Way.IN: Way.OUT, Way.OUT: Way.IN}


def write(policy: Policy) -> Texts:
    """Configuration lines, to be entered in configuration mode."""
    places = [(version, side, way) for side in policy.sides for way in Way for version in (4, 6)]
    lines = [f"! wardwatch containment: {policy.name}; expires {policy.expires}"]
    for version, side, way in places:
        lines += [f"{_HEAD[version]} {_name(side, way, version)}", *_entries(policy, side, way, version)]
    for side in policy.sides:
        lines.append(f"interface {side}")
        lines += [f" {_APPLY[version]} {_name(side, way, version)} {way}" for version in (4, 6) for way in Way]
    return Texts(
        {FILE: "\n".join([*lines, "end"]) + "\n"},
        install=("configure terminal", f"paste {FILE}", "write memory"),
        rollback=tuple(_undo(policy)),
        check=("show ip access-lists", "show ipv6 access-list"),
    )


def _entries(policy: Policy, side: str, way: Way, version: int) -> Iterator[str]:
    found = for_version(sided(policy, side, way, _OPENS), version)
    kept = [rule for rule in found if rule.keeps]
    if version == 6:  # noqa: PLR2004  # IPv6
        yield from (" permit icmp any any nd-ns", " permit icmp any any nd-na")
    for rule in kept:
        yield from (f" deny {_protocol(version)} {src} {dst} fragments" for src, dst in _ends(rule))
    for rule in kept:
        for (src, dst), ports in product(_ends(rule), rule.ports):
            yield f" permit {rule.protocol} {src} {dst} {_range(ports)} reflect {_name(side, way, version)}-R"
    yield f" evaluate {_name(side, _OTHER[way], version)}-R"
    for rule in found:
        if not rule.keeps:
            yield from (f" deny {_protocol(version)} {src} {dst}" for src, dst in _ends(rule))
    yield f" permit {_protocol(version)} any any"


def _undo(policy: Policy) -> Iterator[str]:
    for side in policy.sides:
        yield f"interface {side}"
        yield from (f" no {_APPLY[version]} {_name(side, way, version)} {way}" for version in (4, 6) for way in Way)
    for side in policy.sides:
        yield from (f"no {_HEAD[version]} {_name(side, way, version)}" for version in (4, 6) for way in Way)


def _ends(rule: Rule) -> Iterator[tuple[str, str]]:
    for src, dst in product(rule.src or (None,), rule.dst or (None,)):
        yield _end(src), _end(dst)


def _end(network: Network | None) -> str:
    if network is None:
        return "any"
    if network.num_addresses == 1:
        return f"host {network.network_address}"
    if network.version == 6:  # noqa: PLR2004  # IPv6
        return str(network)
    return f"{network.network_address} {network.hostmask}"


def _range(ports: Ports) -> str:
    return f"eq {ports.first}" if ports.first == ports.last else f"range {ports.first} {ports.last}"


def _name(side: str, way: Way, version: int) -> str:
    return f"WW{version}-{side}-{way}"


def _protocol(version: int) -> str:
    return "ip" if version == 4 else "ipv6"  # noqa: PLR2004  # IPv4


DIALECT: Final = Dialect(
    "cisco_ios",
    "Cisco IOS and IOS XE routers",
    "Cisco IOS Security Configuration Guide, 'IP Session Filtering (Reflexive Access Lists)'",
    write,
    by_mac=False,
    everywhere=False,
    limits=(
        "An interface takes one list a direction: where one is, put these lines in front of it, without the last.",
        "Layer 3 switches do not know 'reflect'; use a router or a firewall.",
        "The lists meet traffic to the router itself, too: the devices lose its DHCP relay, save where you permit it.",
        "A connection that a kept peer opened earlier, from the very port that is kept, is not told from a kept one.",
        "Kept datagrams that are sent in fragments are dropped.",
    ),
)
