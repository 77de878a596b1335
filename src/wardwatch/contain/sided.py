"""In: a policy, and one side of a gateway. Out: the rules a list at that interface and direction needs, in order.

A forwarded packet meets two lists, where it enters and where it leaves, and passes if both let it. What is kept must be
in both; what is denied for a side needs to be in that side's list alone.
"""

from enum import StrEnum

from .policy import Policy
from .rules import Flow, Rule, rules


class Way(StrEnum):
    """Which packets a list at an interface looks at."""

    IN = "in"
    OUT = "out"


def sided(policy: Policy, interface: str, way: Way, flows: frozenset[Flow]) -> tuple[Rule, ...]:
    """The rules for packets that enter or leave by this interface; of kept ones those of these flows."""
    return tuple(
        rule for rule in rules(policy) if (rule.flow is None or rule.flow in flows) and _concerns(rule, interface, way)
    )


def _concerns(rule: Rule, interface: str, way: Way) -> bool:
    here, there = (rule.enters, rule.leaves) if way is Way.IN else (rule.leaves, rule.enters)
    if here not in {None, interface}:
        return False
    return rule.keeps or there is None
