"""In: a policy. Out: security rules for PAN-OS in 'set' form, from zone to zone, each zone named like the interface.

Sessions that stand keep the rule they were opened by, so they are ended by an operational command in a file of its own,
without which nothing is contained.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Network, Policy
from wardwatch.contain.rules import Flow, Rule, rules

FILE: Final = "wardwatch.panos"
AFTER: Final = "wardwatch.panos-after-commit"
_EVERY: Final = {4: "ww-every-ipv4", 6: "ww-every-ipv6"}
_EVERYTHING: Final = {4: "0.0.0.0/0", 6: "::/0"}


def write(policy: Policy) -> Texts:
    """Configuration, and what is said after its commit."""
    found = [rule for rule in rules(policy) if rule.flow is not Flow.REPLY]
    names = [f"ww-{number}" for number in range(1, len(found) + 1)]
    services = dict.fromkeys((rule.protocol, ports) for rule in found for ports in rule.ports)
    lines = [f"# wardwatch containment: {policy.name}; expires {policy.expires}"]
    lines += [f"set address {name} ip-netmask {network}" for name, network in _addresses(found).items()]
    lines += [f"set service ww-{protocol}-{ports} protocol {protocol} port {ports}" for protocol, ports in services]
    for name, rule in zip(names, found, strict=True):
        lines += [f"set rulebase security rules {name} {words}" for words in _words(rule)]
    lines += [f"move rulebase security rules {name} top" for name in reversed(names)]
    return Texts(
        {FILE: "\n".join(lines) + "\n", AFTER: "clear session all\n"},
        install=("configure", f"paste {FILE}", "commit", "exit", f"paste {AFTER}"),
        rollback=(
            *(f"delete rulebase security rules {name}" for name in names),
            *(f"delete address {name}" for name in _addresses(found)),
            *(f"delete service ww-{protocol}-{ports}" for protocol, ports in services),
            "commit",
        ),
        check=("show running security-policy", "show session all"),
    )


def _words(rule: Rule) -> Iterator[str]:
    yield f"from {rule.enters or 'any'}"
    yield f"to {rule.leaves or 'any'}"
    yield from (f"source {name}" for name in _ends(rule.src, rule))
    yield from (f"destination {name}" for name in _ends(rule.dst, rule))
    yield "application any"
    yield from (f"service ww-{rule.protocol}-{ports}" for ports in rule.ports)
    if not rule.ports:
        yield "service any"
    yield f"action {'allow' if rule.keeps else 'drop'}"


def _addresses(found: Sequence[Rule]) -> dict[str, str]:
    """Name and value of each address that the rules speak of."""
    named = {_name(network): str(network) for rule in found for network in (*rule.src, *rule.dst)}
    return named | {_EVERY[version]: _EVERYTHING[version] for version in (4, 6)}


def _ends(networks: Sequence[Network], rule: Rule) -> Sequence[str]:
    otherwise = "any" if rule.version is None else _EVERY[rule.version]
    return [_name(network) for network in networks] or [otherwise]


def _name(network: Network) -> str:
    return f"ww-{str(network).replace('/', '-').replace(':', '.')}"


DIALECT: Final = Dialect(
    "panos",
    "Palo Alto Networks PAN-OS",
    "PAN-OS CLI Quick Start, 'Use the CLI'; PAN-OS Administrator's Guide, 'Security Policy'",
    write,
    by_mac=False,
    limits=(
        "Zones are named like the policy's interfaces: name them so, or write your zones into the policy.",
        "What is kept is allowed here, whatever rules follow; 'application any' is what a port alone can say.",
        "'clear session all' ends every session through the firewall once; choose a quiet minute.",
        "IPv6 firewalling must be switched on, or IPv6 passes unseen.",
    ),
)
