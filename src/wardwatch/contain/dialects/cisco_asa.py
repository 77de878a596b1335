"""In: a policy. Out: access lists for a Cisco ASA, one for each interface and direction.

The ASA looks at lists for the first packet of a connection only, and lets pass what belongs to one that stands: what
stood before is cut with `clear conn all`, which is part of the text, because without it nothing is contained.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Network, Policy, Ports
from wardwatch.contain.rules import Flow, Rule
from wardwatch.contain.sided import Way, sided

FILE: Final = "wardwatch.asa"
_OPENS: Final = frozenset({Flow.ORIGINAL})


def write(policy: Policy) -> Texts:
    """Configuration lines, to be entered in configuration mode."""
    lists = [(f"WW-{side}-{way}", side, way) for side in policy.sides for way in Way]
    lines = [f"! wardwatch containment: {policy.name}; expires {policy.expires}"]
    for name, side, way in lists:
        lines += [f"access-list {name} extended {words}" for words in _entries(policy, side, way)]
        lines.append(f"access-list {name} extended permit ip any any")
    lines += [f"access-group {name} {way} interface {side}" for name, side, way in lists]
    lines.append("clear conn all")
    return Texts(
        {FILE: "\n".join(lines) + "\n"},
        install=("configure terminal", f"paste {FILE}", "write memory"),
        rollback=(
            *(f"no access-group {name} {way} interface {side}" for name, side, way in lists),
            *(f"clear configure access-list {name}" for name, _, _ in lists),
        ),
        check=tuple(f"show access-list {name}" for name, _, _ in lists),
    )


def _entries(policy: Policy, side: str, way: Way) -> Iterator[str]:
    for rule in sided(policy, side, way, _OPENS):
        for src, dst, ports in product(rule.src or (None,), rule.dst or (None,), rule.ports or (None,)):
            action = "permit" if rule.keeps else "deny"
            kind = rule.protocol or "ip"
            yield " ".join([action, kind, _end(src, rule), _end(dst, rule), *([_range(ports)] if ports else [])])


def _end(network: Network | None, rule: Rule) -> str:
    if network is None:
        return f"any{rule.version or ''}"
    if network.num_addresses == 1:
        return f"host {network.network_address}"
    if network.version == 6:  # noqa: PLR2004  # IPv6
        return str(network)
    return f"{network.network_address} {network.netmask}"


def _range(ports: Ports) -> str:
    return f"eq {ports.first}" if ports.first == ports.last else f"range {ports.first} {ports.last}"


DIALECT: Final = Dialect(
    "cisco_asa",
    "Cisco ASA (9.0 and later)",
    "Cisco ASA Series Firewall CLI Configuration Guide, 'Access Control Lists'",
    write,
    by_mac=False,
    everywhere=False,
    limits=(
        "An interface takes one list a direction: where one is, put these lines in front of it, without the last.",
        "'clear conn all' ends every connection through the firewall once; choose a quiet minute.",
    ),
)
