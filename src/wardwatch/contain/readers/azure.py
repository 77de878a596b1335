"""In: a Resource Manager template with a network security group. Out: a filter that answers as the group would.

Written from Microsoft's documentation alone. The rule with the lowest priority number that matches decides; what none
matches is left to others. What answers an allowed connection passes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet
from wardwatch.contain.reading import Network, Words, first, tree, unknown
from wardwatch.contain.sight import of_peer_opening

_TYPE: Final = "Microsoft.Network/networkSecurityGroups"
_PROTOCOLS: Final = {"Tcp": "tcp", "Udp": "udp", "Icmp": "icmp", "*": None}
_WORDS: Final = {
    "priority", "description", "direction", "access", "protocol", "sourceAddressPrefixes", "sourcePortRange",
    "destinationAddressPrefixes", "destinationPortRanges",
}  # fmt: skip
_PRIORITIES: Final = range(100, 4097)


@dataclass(frozen=True, slots=True)
class _Rule:
    priority: int
    inbound: bool
    allows: bool
    protocol: str | None
    sources: tuple[Network, ...]
    targets: tuple[Network, ...]
    ports: tuple[tuple[int, int], ...]

    def matches(self, packet: Packet) -> bool:
        """A rule for all protocols asks for no port where there is none."""
        if self.protocol not in {None, packet.protocol}:
            return False
        if packet.has_ports and not any(low <= packet.dport <= high for low, high in self.ports):
            return False
        from_ = any(packet.src in network for network in self.sources)
        return from_ and any(packet.dst in network for network in self.targets)


def read(files: Mapping[str, str]) -> Filter:
    """Every rule of every group, in the order of their priorities."""
    rules: list[_Rule] = []
    for where, text in files.items():
        content = tree(text, where)
        resources = content.get("resources") if isinstance(content, dict) else None
        if not isinstance(resources, list):
            raise unknown("a template without resources", where)
        rules += [rule for resource in resources for rule in _group(resource, where)]
    for way in (True, False):
        numbers = [rule.priority for rule in rules if rule.inbound is way]
        if len(set(numbers)) != len(numbers):
            raise unknown("a priority given twice", "securityRules")
    rules.sort(key=lambda rule: rule.priority)
    return lambda packet: all(_passes(rules, first(packet), inbound=way) for way in (True, False))


def _passes(rules: list[_Rule], packet: Packet, *, inbound: bool) -> bool:
    return next((rule.allows for rule in rules if rule.inbound is inbound and rule.matches(packet)), True)


def _group(resource: object, where: str) -> list[_Rule]:
    if not isinstance(resource, dict) or resource.get("type") != _TYPE:
        raise unknown("another resource", where)
    properties = resource.get("properties")
    rules = properties.get("securityRules") if isinstance(properties, dict) else None
    if not isinstance(rules, list):
        raise unknown("a group without securityRules", where)
    return [_rule(rule, where) for rule in rules]


def _rule(rule: object, where: str) -> _Rule:
    found = rule.get("properties") if isinstance(rule, dict) else None
    if not isinstance(found, dict):
        raise unknown("a rule without properties", where)
    if left := set(found) ^ _WORDS:
        raise unknown(min(left), where)
    way, access, protocol = (str(found[word]) for word in ("direction", "access", "protocol"))
    priority = found["priority"]
    if way not in {"Inbound", "Outbound"} or access not in {"Allow", "Deny"} or protocol not in _PROTOCOLS:
        raise unknown(f"{way} {access} {protocol}"[:80], where)
    if found["sourcePortRange"] != "*" or not isinstance(priority, int) or priority not in _PRIORITIES:
        raise unknown(f"priority {priority}"[:80], where)
    return _Rule(
        priority, way == "Inbound", access == "Allow", _PROTOCOLS[protocol],
        _networks(found, "sourceAddressPrefixes", where), _networks(found, "destinationAddressPrefixes", where),
        tuple(_range(text, where) for text in _texts(found, "destinationPortRanges", where)),
    )  # fmt: skip


def _texts(found: Mapping[str, Any], key: str, where: str) -> list[str]:
    texts = found[key]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise unknown(key, where)
    return texts


def _networks(found: Mapping[str, Any], key: str, where: str) -> tuple[Network, ...]:
    """Azure takes no list that mixes both versions."""
    networks = tuple(Words([], where).network(text) for text in _texts(found, key, where))
    if len({network.version for network in networks}) > 1:
        raise unknown("both versions of IP in one rule", where)
    return networks


def _range(text: str, where: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    numbers = Words([low, high or low], where)
    return numbers.number(), numbers.number()


READER: Final = Reader("azure", read, sees=of_peer_opening)
