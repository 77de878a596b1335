"""In: a policy. Out: a chain for iptables-restore and one for ip6tables-restore, in front of everything in FORWARD.

What is kept returns to the rules that were there before, so the chain can close and never open a path.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Policy
from wardwatch.contain.rules import Rule, for_version, rules

CHAIN: Final = "WARDWATCH"
FILES: Final = {4: "wardwatch.iptables", 6: "wardwatch.ip6tables"}
PROGRAMS: Final = {4: "iptables", 6: "ip6tables"}


def write(policy: Policy) -> Texts:
    """One file a version of IP; a filter for one alone would leave the other open."""
    undone = (f"-D FORWARD -j {CHAIN}", f"-F {CHAIN}", f"-X {CHAIN}")
    return Texts(
        {FILES[version]: _text(policy, version) for version in (4, 6)},
        install=tuple(f"{PROGRAMS[v]}-restore --noflush {FILES[v]}" for v in (4, 6)),
        cut=tuple(f"conntrack -D -{end} {host}" for each in policy.devices for host in each.addresses for end in "sd"),
        rollback=tuple(f"{PROGRAMS[version]} {line}" for version in (4, 6) for line in undone),
        check=tuple(f"{PROGRAMS[version]} -v -L {CHAIN}" for version in (4, 6)),
    )


def _text(policy: Policy, version: int) -> str:
    lines = [
        f"# wardwatch containment: {policy.name}; expires {policy.expires}",
        "*filter",
        f":{CHAIN} - [0:0]",
        *(f"-A {CHAIN} {words}" for rule in for_version(rules(policy), version) for words in _lines(rule)),
        f"-I FORWARD 1 -j {CHAIN}",
        "COMMIT",
    ]
    return "\n".join(lines) + "\n"


def _lines(rule: Rule) -> Iterator[str]:
    """One line for each pair of addresses and range of ports."""
    for src, dst, ports in product(rule.src or (None,), rule.dst or (None,), rule.ports or (None,)):
        words = [
            f"-s {src}" if src else "",
            f"-d {dst}" if dst else "",
            f"-i {rule.enters}" if rule.enters else "",
            f"-o {rule.leaves}" if rule.leaves else "",
            f"-m mac --mac-source {rule.mac}" if rule.mac else "",
            *(_transport(rule, f"{ports.first}:{ports.last}") if ports else ()),
            f'-m comment --comment "{rule.why}"',
            "-j RETURN" if rule.keeps else "-j DROP",
        ]
        yield " ".join(filter(None, words))


def _transport(rule: Rule, ports: str) -> Iterator[str]:
    original = rule.flow == "original"
    yield f"-p {rule.protocol} -m {rule.protocol} --{'dport' if original else 'sport'} {ports}"
    yield f"-m conntrack --ctstate {'NEW,ESTABLISHED' if original else 'ESTABLISHED'} --ctdir {str(rule.flow).upper()}"


DIALECT: Final = Dialect("iptables", "iptables and ip6tables (Linux)", "iptables(8), iptables-extensions(8)", write)
