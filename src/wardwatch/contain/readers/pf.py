"""In: rules of pf, and the commands run after loading them. Out: a filter that answers as pf would when it forwards.

Written from pf.conf(5) alone. Only `quick` rules are read, so the first that matches decides; what none matches passes.
A packet of a state passes unseen, unless `pfctl -F states` has forgotten them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Network, Words, first, lines, unknown

_FAMILIES: Final = {"inet": 4, "inet6": 6}


@dataclass(frozen=True, slots=True)
class _Rule:
    passes: bool
    way: str | None
    side: str | None
    version: int | None
    protocol: str | None
    ends: tuple[tuple[Network, ...] | None, tuple[Network, ...] | None]
    ports: tuple[tuple[int, int], ...]

    def matches(self, packet: Packet, way: str) -> bool:
        side = packet.enters if way == "in" else packet.leaves
        if self.way not in {None, way} or self.side not in {None, side}:
            return False
        if self.version not in {None, packet.version} or self.protocol not in {None, packet.protocol}:
            return False
        for networks, address in zip(self.ends, (packet.src, packet.dst), strict=True):
            if networks is not None and not any(address in network for network in networks):
                return False
        return not self.ports or (packet.has_ports and any(low <= packet.dport <= high for low, high in self.ports))


def read(files: Mapping[str, str]) -> Filter:
    """Every rule, and whether states are flushed."""
    rules: list[_Rule] = []
    flushed = False
    for where, found in lines(files):
        if found[:3] == ["pfctl", "-F", "states"] and len(found) == 3:  # noqa: PLR2004  # words
            flushed = True
        else:
            rules.append(_rule(Words(_without_comment(found), where)))
    return lambda packet: _passes(rules, packet, flushed=flushed)


def _passes(rules: list[_Rule], packet: Packet, *, flushed: bool) -> bool:
    if packet.state is not State.NEW and not flushed:
        return True
    opened = first(packet)
    return all(_lets(rules, opened, way) for way in ("in", "out"))


def _lets(rules: list[_Rule], packet: Packet, way: str) -> bool:
    return next((rule.passes for rule in rules if rule.matches(packet, way)), True)


def _without_comment(found: list[str]) -> list[str]:
    cut = next((at for at, word in enumerate(found) if word.startswith("#")), len(found))
    return found[:cut]


def _rule(words: Words) -> _Rule:
    action = words.take()
    if action not in {"pass", "block"}:
        raise unknown(action, words.where)
    if action == "block":
        words.maybe("drop", "return")
    way = words.maybe("in", "out")
    if words.maybe("quick") is None:
        raise unknown("a rule that is not quick", words.where)
    side = words.take().strip('"') if words.maybe("on") else None
    family = words.maybe("inet", "inet6")
    protocol = words.take() if words.maybe("proto") else None
    if protocol not in {None, "tcp", "udp", "icmp"}:
        raise unknown(str(protocol), words.where)
    ends, ports = _ends(words)
    _stateful(words, passes=action == "pass", tcp=protocol == "tcp")
    return _Rule(action == "pass", way, side, _FAMILIES.get(family or ""), protocol, ends, ports)


def _ends(
    words: Words,
) -> tuple[tuple[tuple[Network, ...] | None, tuple[Network, ...] | None], tuple[tuple[int, int], ...]]:
    if words.maybe("all"):
        return (None, None), ()
    if words.take() != "from":
        raise unknown("no 'from'", words.where)
    src = _networks(words)
    if words.take() != "to":
        raise unknown("no 'to'", words.where)
    dst = _networks(words)
    ports = tuple(_range(each, words.where) for each in _members(words)) if words.maybe("port") else ()
    return (src, dst), ports


def _networks(words: Words) -> tuple[Network, ...] | None:
    if words.maybe("any"):
        return None
    return tuple(words.network(each) for each in _members(words))


def _members(words: Words) -> list[str]:
    """What stands between braces, or one word."""
    word = words.take()
    if word != "{":
        return [word]
    found: list[str] = []
    while (word := words.take()) != "}":
        found.append(word.removesuffix(","))
    if not found:
        raise unknown("{ }", words.where)
    return found


def _range(text: str, where: str) -> tuple[int, int]:
    low, _, high = text.partition(":")
    numbers = Words([low, high or low], where)
    return numbers.number(), numbers.number()


def _stateful(words: Words, *, passes: bool, tcp: bool) -> None:
    """A pass rule is to keep state, and for TCP to take up connections in their midst; any other form is not known."""
    expected = (["flags", "any"] if tcp else []) + ["keep", "state"] if passes else []
    for word in expected:
        if words.take() != word:
            raise unknown(f"no '{word}'", words.where)
    words.end()


READER: Final = Reader("pf", read, remembers=False)
