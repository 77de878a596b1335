"""In: a Resource Manager template with network security groups. Out: a filter that answers as the groups would.

Written from Microsoft's documentation alone. A group is bound to the machine that its tag names. The rule with the
lowest priority number that matches decides; what none matches is left to others. What answers an allowed connection
passes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet
from wardwatch.contain.reading import Network, Words, first, listed, node, tree, unknown
from wardwatch.contain.sight import of_peer_opening

_TEMPLATE: Final = {"$schema", "contentVersion", "resources"}
_GROUP: Final = {"type", "apiVersion", "name", "location", "tags", "properties"}
_TYPE: Final = "Microsoft.Network/networkSecurityGroups"
_PROTOCOLS: Final = {"Tcp": "tcp", "Udp": "udp", "Icmp": "icmp", "*": None}
_WORDS: Final = {
    "priority", "description", "direction", "access", "protocol", "sourceAddressPrefixes", "sourcePortRange",
    "destinationAddressPrefixes", "destinationPortRanges",
}  # fmt: skip
_PRIORITIES: Final = range(100, 4097)

Address = IPv4Address | IPv6Address


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
    """The groups by the machine each is bound to."""
    groups: dict[Address, list[_Rule]] = {}
    for where, text in files.items():
        content = node(tree(text, where), where, _TEMPLATE, {"resources"})
        for resource in listed(content, "resources", where):
            host, rules = _group(resource, where)
            if host in groups:
                raise unknown(f"a second group for {host}", where)
            groups[host] = rules
    return lambda packet: _passes(groups, first(packet))


def _passes(groups: Mapping[Address, list[_Rule]], packet: Packet) -> bool:
    """At the machine that sends it, and at the one that gets it."""
    return all(
        next((rule.allows for rule in groups.get(end, ()) if rule.inbound is way and rule.matches(packet)), True)
        for end, way in ((packet.src, False), (packet.dst, True))
    )


def _group(resource: object, where: str) -> tuple[Address, list[_Rule]]:
    """In the order of their priorities, of which no two may be the same in one direction."""
    whole = node(resource, where, _GROUP, _GROUP)
    if whole["type"] != _TYPE:
        raise unknown("another resource", where)
    rules = listed(node(whole["properties"], where, {"securityRules"}), "securityRules", where)
    found = sorted((_rule(rule, where) for rule in rules), key=lambda rule: rule.priority)
    if len({(rule.inbound, rule.priority) for rule in found}) != len(found):
        raise unknown("a priority given twice", where)
    tags = whole["tags"]
    return Words([], where).address(str(tags.get("wardwatch-host")) if isinstance(tags, dict) else ""), found


def _rule(rule: object, where: str) -> _Rule:
    whole = node(rule, where, {"name", "properties"}, {"properties"})
    found = node(whole["properties"], where, _WORDS, _WORDS)
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
