"""In: a policy. Out: global security policies for a Juniper SRX, from zone to zone, each zone named like the interface.

`policy-rematch extensive` has sessions that stand looked at anew when policies change, so they are cut as well.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Network, Policy
from wardwatch.contain.rules import Flow, Rule, rules

FILE: Final = "wardwatch.junos"
_ANY: Final = {4: "any-ipv4", 6: "any-ipv6", None: "any"}


def write(policy: Policy) -> Texts:
    """Lines in 'set' form."""
    found = [rule for rule in rules(policy) if rule.flow is not Flow.REPLY]
    lines = [f"# wardwatch containment: {policy.name}; expires {policy.expires}"]
    nets = dict.fromkeys(network for rule in found for network in (*rule.src, *rule.dst))
    lines += [f"set security address-book global address {_name(network)} {network}" for network in nets]
    lines += _applications(found)
    for number, rule in enumerate(found, 1):
        lines += (f"set security policies global policy ww-{number} {words}" for words in _words(rule))
    lines.append("set security policies policy-rematch extensive")
    names = dict.fromkeys(f"{rule.protocol}-{ports}" for rule in found for ports in rule.ports)
    return Texts(
        {FILE: "\n".join(lines) + "\n"},
        install=("configure", f"load set {FILE}", "commit check", "commit confirmed 10", "commit"),
        rollback=(
            *(f"delete security policies global policy ww-{number}" for number in range(1, len(found) + 1)),
            *(f"delete security address-book global address {_name(network)}" for network in nets),
            *(f"delete applications application ww-{name}" for name in names),
            "commit",
        ),
        check=("show security policies global", "show security flow session"),
    )


def _words(rule: Rule) -> Iterator[str]:
    yield f"match from-zone {rule.enters or 'any'}"
    yield f"match to-zone {rule.leaves or 'any'}"
    yield from (f"match source-address {name}" for name in _names(rule.src, rule))
    yield from (f"match destination-address {name}" for name in _names(rule.dst, rule))
    applications = [f"ww-{rule.protocol}-{ports}" for ports in rule.ports] or ["any"]
    yield from (f"match application {name}" for name in applications)
    yield f"then {'permit' if rule.keeps else 'deny'}"


def _applications(found: Sequence[Rule]) -> Iterator[str]:
    for protocol, ports in dict.fromkeys((rule.protocol, ports) for rule in found for ports in rule.ports):
        name = f"set applications application ww-{protocol}-{ports}"
        yield f"{name} protocol {protocol}"
        yield f"{name} destination-port {ports}"


def _names(networks: Sequence[Network], rule: Rule) -> Sequence[str]:
    return [_name(network) for network in networks] or [_ANY[rule.version]]


def _name(network: Network) -> str:
    return f"ww-{str(network).replace('/', '-')}"


DIALECT: Final = Dialect(
    "junos_srx",
    "Juniper SRX (Junos)",
    "Junos OS Security Policies User Guide, 'Global Security Policies'",
    write,
    by_mac=False,
    limits=(
        "Zones are named like the policy's interfaces: name them so, or write your zones into the policy.",
        "Policies between two zones are asked before global ones: take out of them whatever lets these devices pass.",
        "What is kept is allowed here, whatever policies follow.",
    ),
)
