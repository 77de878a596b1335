"""In: a policy. Out: firewall policies for FortiOS, addresses and services by name, moved in front of all others.

Sessions that stand are looked at anew after a change (`firewall-session-dirty check-all`), so they are cut as well.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Network, Policy
from wardwatch.contain.rules import Flow, Rule, rules

FILE: Final = "wardwatch.fortios"
_FIRST: Final = 64000
"""Numbers of policies that nobody counts up to by hand."""


def write(policy: Policy) -> Texts:
    """Lines for the command line interface."""
    found = [rule for rule in rules(policy) if rule.flow is not Flow.REPLY]
    numbers = range(_FIRST, _FIRST + len(found))
    lines = [f"# wardwatch containment: {policy.name}; expires {policy.expires}", *_addresses(found), *_services(found)]
    lines.append("config firewall policy")
    for number, rule in zip(numbers, found, strict=True):
        lines += _policy(number, rule)
    lines += [f"    move {number} before {number + 1}" for number in numbers[:-1]]
    lines += ["end", "config system settings", "    set firewall-session-dirty check-all", "end"]
    return Texts(
        {FILE: "\n".join(lines) + "\n"},
        install=(f"paste {FILE}", f"move policies {_FIRST} to {numbers[-1]} in front of all others, in this order"),
        rollback=("config firewall policy", *(f"    delete {number}" for number in numbers), "end"),
        check=("show firewall policy", "diagnose firewall iprope show 100004"),
    )


def _policy(number: int, rule: Rule) -> Iterator[str]:
    yield f"    edit {number}"
    yield f'        set name "ww-{number}"'
    yield f'        set srcintf "{rule.enters or "any"}"'
    yield f'        set dstintf "{rule.leaves or "any"}"'
    if rule.version in {4, None}:
        yield f"        set srcaddr {_names(rule.src, 'all')}"
        yield f"        set dstaddr {_names(rule.dst, 'all')}"
    if rule.version in {6, None}:
        yield f"        set srcaddr6 {_names(rule.src, 'all')}"
        yield f"        set dstaddr6 {_names(rule.dst, 'all')}"
    yield f"        set service {_service_names(rule)}"
    yield f"        set action {'accept' if rule.keeps else 'deny'}"
    yield '        set schedule "always"'
    yield f'        set comments "{rule.why}"'
    yield "    next"


def _addresses(found: Sequence[Rule]) -> Iterator[str]:
    for version, section, word in ((4, "address", "subnet"), (6, "address6", "ip6")):
        wanted = dict.fromkeys(net for rule in found for net in (*rule.src, *rule.dst) if net.version == version)
        if wanted:
            yield f"config firewall {section}"
            for network in wanted:
                yield from (f'    edit "{_name(network)}"', f"        set {word} {network}", "    next")
            yield "end"


def _services(found: Sequence[Rule]) -> Iterator[str]:
    wanted = dict.fromkeys((rule.protocol or "", ports) for rule in found for ports in rule.ports)
    if wanted:
        yield "config firewall service custom"
        for protocol, ports in wanted:
            yield f'    edit "ww-{protocol}-{ports}"'
            yield f"        set {protocol}-portrange {ports}"
            yield "    next"
        yield "end"


def _service_names(rule: Rule) -> str:
    return " ".join(f'"ww-{rule.protocol}-{ports}"' for ports in rule.ports) or '"ALL"'


def _names(networks: Sequence[Network], otherwise: str) -> str:
    return " ".join(f'"{_name(network)}"' for network in networks) or f'"{otherwise}"'


def _name(network: Network) -> str:
    return f"ww-{str(network).replace('/', '-')}"


DIALECT: Final = Dialect(
    "fortios",
    "Fortinet FortiOS (6.4 and later)",
    "FortiOS CLI Reference, 'config firewall policy'",
    write,
    by_mac=False,
    limits=(
        "What is kept is allowed here, whatever policies follow.",
        f"The policies are numbered from {_FIRST}: see that nothing has these numbers.",
    ),
)
