"""In: a policy. Out: filter rules for MikroTik RouterOS, in a chain of their own that is asked before all others.

RouterOS does not say which side opened a connection. So every tracked one is forgotten once (`connection remove`): from
then on one is established only where a rule let its first packet pass.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Network, Policy, Ports
from wardwatch.contain.rules import Flow, Rule, for_version, rules

FILE: Final = "wardwatch.rsc"
_CHAIN: Final = "wardwatch"
_MENUS: Final = {4: "/ip firewall", 6: "/ipv6 firewall"}


def write(policy: Policy) -> Texts:
    """A script for `/import`; both versions whole, so that none is forgotten."""
    lines = [f"# wardwatch containment: {policy.name}; expires {policy.expires}"]
    for version, menu in _MENUS.items():
        lines.append(f"{menu} filter")
        lines += [f"add chain={_CHAIN} {words}" for rule in _rules(policy, version) for words in _words(rule, version)]
        lines.append(f"add chain=forward action=jump jump-target={_CHAIN} comment={_CHAIN}")
        lines.append(f"move [find where jump-target={_CHAIN}] destination=0")
    lines += [f"{menu} connection remove [find]" for menu in _MENUS.values()]
    return Texts(
        {FILE: "\n".join(lines) + "\n"},
        install=(f"upload {FILE}", "press Ctrl-X for safe mode, which takes all back should you lose the router",
                 f"/import file-name={FILE}", "press Ctrl-X again once the stations see their monitors"),
        rollback=tuple(
            f"{menu} filter remove [find where {word}={_CHAIN}]"
            for menu in _MENUS.values() for word in ("jump-target", "chain")
        ),
        check=tuple(f"{menu} filter print stats where chain={_CHAIN}" for menu in _MENUS.values()),
    )  # fmt: skip


def _rules(policy: Policy, version: int) -> Sequence[Rule]:
    return for_version(rules(policy), version)


def _words(rule: Rule, version: int) -> Iterator[str]:
    """One line for each pair of networks and range of ports: a matcher takes one network."""
    for src, dst, ports in product(rule.src or (None,), rule.dst or (None,), rule.ports or (None,)):
        action = f"action={'accept' if rule.keeps else 'drop'}"
        yield " ".join([action, *_matchers(rule, (src, dst), ports), f'comment="{rule.why} (IPv{version})"'])


def _matchers(rule: Rule, ends: tuple[Network | None, Network | None], ports: Ports | None) -> Iterator[str]:
    answers = rule.flow is Flow.REPLY
    side = "src-port" if answers else "dst-port"
    named = {
        "in-interface": rule.enters, "out-interface": rule.leaves, "src-mac-address": (rule.mac or "").upper(),
        "src-address": ends[0], "dst-address": ends[1], "protocol": rule.protocol, side: ports,
        "connection-state": "established" if answers else "",
    }  # fmt: skip
    yield from (f"{name}={value}" for name, value in named.items() if value)


DIALECT: Final = Dialect(
    "routeros",
    "MikroTik RouterOS (6.45 and later, 7)",
    "RouterOS documentation, 'Filter' and 'Connection tracking'",
    write,
    limits=(
        "Bridged ports are filtered only with 'use-ip-firewall' on: see /interface bridge settings.",
        "'connection remove' ends every connection through the router once; choose a quiet minute.",
        "What is kept is allowed here, whatever rules follow.",
    ),
)
