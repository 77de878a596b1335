"""In: a policy. Out: rules for pf, the filter of FreeBSD and OpenBSD, and so of pfSense and OPNsense.

A forwarded packet is asked for twice, where it comes in and where it goes out. States that stand are not asked for
again, so all are flushed once: that line is part of the text, because without it nothing is contained.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Network, Policy
from wardwatch.contain.rules import Flow, Rule, rules

FILE: Final = "wardwatch.pf"
AFTER: Final = "wardwatch.pf-after-load"
_ANCHOR: Final = "wardwatch"


def write(policy: Policy) -> Texts:
    """The rules of an anchor, and what is run once they are loaded."""
    lines = [f"# wardwatch containment: {policy.name}; expires {policy.expires}"]
    for rule in rules(policy):
        if rule.flow is not Flow.REPLY:
            lines += (f"{words}  # {rule.why}" for words in _words(rule))
    return Texts(
        {FILE: "\n".join(lines) + "\n", AFTER: "pfctl -F states\n"},
        install=(
            f"put 'anchor \"{_ANCHOR}\"' into pf.conf before every other rule, and load it",
            f"pfctl -n -f {FILE}", f"pfctl -a {_ANCHOR} -f {FILE}", f"sh {AFTER}",
        ),
        rollback=(f"pfctl -a {_ANCHOR} -F rules",),
        check=(f"pfctl -a {_ANCHOR} -v -s rules", "pfctl -s states"),
    )  # fmt: skip


def _words(rule: Rule) -> Iterator[str]:
    """A line for the way in, a line for the way out, or one for both where no interface is named."""
    ends = " ".join(filter(None, [_family(rule), rule.protocol and f"proto {rule.protocol}", _ends(rule)]))
    if rule.keeps:
        for way, side in (("in", rule.enters), ("out", rule.leaves)):
            yield f"pass {way} quick {_on(side)}{ends} flags any keep state".replace(" flags any", _flags(rule))
    elif rule.enters or rule.leaves:
        yield f"block drop {'in' if rule.enters else 'out'} quick {_on(rule.enters or rule.leaves)}{ends}"
    else:
        yield f"block drop quick {ends}"


def _on(side: str | None) -> str:
    return f'on "{side}" ' if side else ""


def _family(rule: Rule) -> str:
    return {4: "inet", 6: "inet6"}.get(rule.version or 0, "")


def _flags(rule: Rule) -> str:
    return " flags any" if rule.protocol == "tcp" else ""


def _ends(rule: Rule) -> str:
    if not (rule.src or rule.dst):
        return "all"
    ports = " ".join(str(each).replace("-", ":") for each in rule.ports)
    port = f" port {{ {ports} }}" if ports else ""
    return f"from {_set(rule.src)} to {_set(rule.dst)}{port}"


def _set(networks: Sequence[Network]) -> str:
    return f"{{ {' '.join(map(str, networks))} }}" if networks else "any"


DIALECT: Final = Dialect(
    "pf",
    "pf (FreeBSD, OpenBSD; in pfSense and OPNsense)",
    "FreeBSD and OpenBSD manuals, pf.conf(5) and pfctl(8)",
    write,
    by_mac=False,
    limits=(
        "pfSense and OPNsense write pf.conf anew at each change: enter the lines as floating 'quick' rules in order.",
        "Have them in front of all other rules, and compare what `pfctl -s rules` then shows.",
        "'pfctl -F states' ends every connection through the firewall once; choose a quiet minute.",
        "What is kept is allowed here, whatever rules follow.",
    ),
)
