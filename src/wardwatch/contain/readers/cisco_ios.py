"""In: access lists of a Cisco IOS router. Out: a filter that answers as the router would.

Written from the configuration guides alone: the first entry that matches decides; an entry with ports also matches
later fragments between its ends, which a permit lets pass and a deny does not speak of; `fragments` matches only those.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Far, Words, cisco_end, cisco_ports, first, lines, unknown

_PROTOCOLS: Final = {"ip", "ipv6", "tcp", "udp", "icmp", "gre"}
_NEIGHBOURS: Final = ("nd-ns", "nd-na")
_Evaluates = Callable[[str, Packet], bool]


@dataclass(frozen=True, slots=True)
class _Line:
    action: str
    protocol: str = ""
    ends: tuple[Far, Far] = (Far(), Far())
    ports: tuple[int, int] | None = None
    special: str = ""
    reflects: str = ""

    def matches(self, packet: Packet) -> bool:
        if not self._is_meant(packet):
            return False
        if self.special == "fragments":
            return packet.fragment
        if self.ports is None:
            return True
        if packet.fragment:
            return self.action == "permit"
        return packet.has_ports and self.ports[0] <= packet.dport <= self.ports[1]

    def _is_meant(self, packet: Packet) -> bool:
        """By protocol and ends; neighbour discovery is never forwarded."""
        if self.special in _NEIGHBOURS or self.protocol not in {"ip", "ipv6", packet.protocol}:
            return False
        return self.ends[0].holds(packet.src) and self.ends[1].holds(packet.dst)


@dataclass(slots=True)
class _Router:
    """Lists by version and name; and which list is where: version, interface, way."""

    lists: dict[tuple[int, str], list[_Line]]
    applied: dict[tuple[int, str, str], str]

    def passes(self, packet: Packet) -> bool:
        return all(self._permits(packet, place) for place in ((packet.enters, "in"), (packet.leaves, "out")))

    def _permits(self, packet: Packet, place: tuple[str, str]) -> bool:
        name = self.applied.get((packet.version, *place))
        if name is None:
            return True
        for line in self.lists[packet.version, name]:
            if line.action == "evaluate":
                if self._answers(packet, line.reflects):
                    return True
            elif line.matches(packet):
                return line.action == "permit"
        return False

    def _answers(self, packet: Packet, noted: str) -> bool:
        """Whether it answers a packet of which a list took note, one that went the other way."""
        if packet.state is not State.REPLY or packet.fragment:
            return False
        opened = first(packet)
        for (version, side, way), name in self.applied.items():
            if version == packet.version and side == (opened.enters if way == "in" else opened.leaves):
                hit = next((line for line in self.lists[version, name] if self._hits(line, opened)), None)
                if hit is not None and hit.reflects == noted and hit.action == "permit":
                    return True
        return False

    @staticmethod
    def _hits(line: _Line, packet: Packet) -> bool:
        return line.action != "evaluate" and line.matches(packet)


def read(files: Mapping[str, str]) -> Filter:
    """Every line; what stands under a list or an interface belongs to it."""
    router = _Router({}, {})
    current: tuple[int, str] = (0, "")
    for where, found in lines(files):
        words = Words(found, where)
        if found[0] in {"permit", "deny", "evaluate"} and current in router.lists:
            router.lists[current].append(_line(words))
        elif found[:3] == ["ip", "access-list", "extended"] or found[:2] == ["ipv6", "access-list"]:
            current = (6 if found[0] == "ipv6" else 4, found[-1])
            router.lists[current] = []
        elif found[0] == "interface":
            current = (0, found[-1])
        elif found[:2] in (["ip", "access-group"], ["ipv6", "traffic-filter"]) and current[0] == 0:
            _apply(router, found, current[1], where)
        elif found != ["end"]:
            raise unknown(found[0], where)
    return router.passes


def _apply(router: _Router, found: list[str], interface: str, where: str) -> None:
    version = 6 if found[0] == "ipv6" else 4
    if len(found) != 4 or (version, found[2]) not in router.lists or found[3] not in {"in", "out"}:  # noqa: PLR2004  # words
        raise unknown(" ".join(found), where)
    router.applied[version, interface, found[3]] = found[2]


def _line(words: Words) -> _Line:
    action = words.take()
    if action == "evaluate":
        return _Line(action, reflects=words.take())
    protocol = words.take()
    if protocol not in _PROTOCOLS:
        raise unknown(protocol, words.where)
    ends = cisco_end(words, wildcard=True), cisco_end(words, wildcard=True)
    ports = cisco_ports(words)
    special = words.maybe("fragments", *_NEIGHBOURS) or ""
    reflects = words.take() if words.maybe("reflect") else ""
    words.end()
    return _Line(action, protocol, ends, ports, special, reflects)


READER: Final = Reader("cisco_ios", read, everywhere=False, remembers=False)
