"""In: a policy. Out: a table for nftables that stands beside whatever else is loaded.

A drop in any table is final and an accept ends only its own table, so this one can close and never open a path
(nft(8), 'Verdict statements'). There is no general 'established' line: connections that stood before are cut too.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Policy
from wardwatch.contain.rules import Rule, rules

TABLE: Final = "inet wardwatch"
FILE: Final = "wardwatch.nft"


def write(policy: Policy) -> Texts:
    """One file that replaces the table as a whole, in one step, also when it is loaded twice."""
    lines = "\n".join(f"\t\t{' '.join(_words(rule))}" for rule in rules(policy))
    text = (
        f"# wardwatch containment: {policy.name}; expires {policy.expires}\n"
        f"table {TABLE}\ndelete table {TABLE}\n"
        f"table {TABLE} {{\n\tchain contain {{\n"
        "\t\ttype filter hook forward priority -10; policy accept;\n"
        f"{lines}\n\t}}\n}}\n"
    )
    return Texts(
        {FILE: text},
        install=(f"nft -c -f {FILE}", f"nft -f {FILE}", f"put {FILE} where the gateway loads it at every start"),
        cut=tuple(f"conntrack -D -{end} {address}" for address in _addresses(policy) for end in "sd"),
        rollback=(f"nft delete table {TABLE}",),
        check=(f"nft list table {TABLE}",),
    )


def _words(rule: Rule) -> Iterator[str]:
    if rule.enters:
        yield f'iifname "{rule.enters}"'
    if rule.leaves:
        yield f'oifname "{rule.leaves}"'
    if rule.mac:
        yield f"ether saddr {rule.mac}"
    family = "ip6" if rule.version == 6 else "ip"  # noqa: PLR2004  # IP version 6
    if rule.src:
        yield f"{family} saddr {_set(rule.src)}"
    if rule.dst:
        yield f"{family} daddr {_set(rule.dst)}"
    if rule.flow:
        side = "dport" if rule.flow == "original" else "sport"
        yield f"{rule.protocol} {side} {_set(rule.ports)}"
        states = "{ new, established }" if rule.flow == "original" else "established"
        yield f"ct state {states} ct direction {rule.flow}"
    yield f'counter {"accept" if rule.keeps else "drop"} comment "{rule.why}"'


def _set(entries: Sequence[object]) -> str:
    """A set of values; each once, for the policy may name one twice."""
    return "{ " + ", ".join(dict.fromkeys(map(_plain, entries))) + " }"


def _plain(entry: object) -> str:
    return str(entry).removesuffix("/32").removesuffix("/128")


def _addresses(policy: Policy) -> Iterator[str]:
    for device in policy.devices:
        yield from map(str, device.addresses)


DIALECT: Final = Dialect("nftables", "nftables (Linux)", "nft(8)", write)
