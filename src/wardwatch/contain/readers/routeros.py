"""In: a script for RouterOS. Out: a filter that answers as the router's forward chain would, for IPv4 and IPv6.

Written from the RouterOS documentation alone. A connection is known once a packet of it was let pass; those that stood
before are known until `connection remove` has forgotten them.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Words, first, lines, unknown

_MENUS: Final = {"/ip": 4, "/ipv6": 6}
_ACTIONS: Final = {"accept", "drop", "jump", "return"}
_STATES: Final = {"new", "established", "related", "invalid", "untracked"}
_MOST: Final = 16
_ANY: Final = ""
"""The MAC address of whoever opened a connection, which an answer does not carry."""
Match = Callable[[Packet, str], bool]


@dataclass(slots=True)
class _Line:
    chain: str
    action: str
    target: str
    matches: list[Match]


@dataclass(slots=True)
class _Table:
    """The filter of one IP version."""

    rows: list[_Line] = field(default_factory=list)
    forgot: bool = False

    def passes(self, packet: Packet) -> bool:
        if packet.state is State.NEW:
            return self._asked(packet, "new")
        if not self.forgot:
            return self._asked(packet, "established")
        opened = replace(first(packet), state=State.NEW)
        if packet.state is State.REPLY:
            opened = replace(opened, mac=_ANY)
        known = self._asked(opened, "new")
        return self._asked(packet, "established" if known else "new")

    def _asked(self, packet: Packet, state: str) -> bool:
        return self._chain(packet, state, "forward", 0) is not False

    def _chain(self, packet: Packet, state: str, chain: str, depth: int) -> bool | None:
        if depth > _MOST:
            raise unknown("a chain that leads to itself", chain)
        for row in self.rows:
            if row.chain != chain or not all(matches(packet, state) for matches in row.matches):
                continue
            if row.action == "return":
                return None
            found = (
                self._chain(packet, state, row.target, depth + 1) if row.action == "jump" else row.action == "accept"
            )
            if found is not None:
                return found
        return None


def read(files: Mapping[str, str]) -> Filter:
    """Every line, each in the menu that was entered last."""
    tables = {4: _Table(), 6: _Table()}
    version = 0
    for where, found in lines(files):
        words = _split(found, where)
        if words[0] in _MENUS and words[1:] == ["firewall", "filter"]:
            version = _MENUS[words[0]]
        elif words[0] in _MENUS and words[1:] == ["firewall", "connection", "remove", "[find]"]:
            tables[_MENUS[words[0]]].forgot = True
        elif words[0] == "add" and version:
            tables[version].rows.append(_line(words[1:], where))
        elif words[:3] == ["move", "[find", "where"] and words[4:] == ["destination=0"] and version:
            _move(tables[version], words[3], where)
        else:
            raise unknown(words[0], where)
    for table in tables.values():
        _complete(table)
    return lambda packet: tables[packet.version].passes(packet)


def _split(found: list[str], where: str) -> list[str]:
    try:
        return shlex.split(" ".join(found)) or [""]
    except ValueError as error:
        raise unknown(" ".join(found), where) from error


def _move(table: _Table, text: str, where: str) -> None:
    name, _, target = text.removesuffix("]").partition("=")
    if name != "jump-target":
        raise unknown(text, where)
    moved = [row for row in table.rows if row.target == target]
    table.rows = [*moved, *(row for row in table.rows if row.target != target)]


def _line(pairs: list[str], where: str) -> _Line:
    chain = action = target = ""
    matches: list[Match] = []
    for pair in pairs:
        name, equal, value = pair.partition("=")
        if not equal:
            raise unknown(pair, where)
        if name == "chain":
            chain = value
        elif name == "action" and value in _ACTIONS:
            action = value
        elif name == "jump-target":
            target = value
        elif name != "comment":
            matches.append(_matcher(name, value, where))
    if not chain or not action or (action == "jump") is not bool(target):
        raise unknown("a rule without chain or action", where)
    return _Line(chain, action, target, matches)


def _matcher(name: str, value: str, where: str) -> Match:
    if name in {"in-interface", "out-interface"}:
        return lambda packet, _: value == (packet.enters if name == "in-interface" else packet.leaves)
    if name in {"src-address", "dst-address"}:
        network = Words([], where).network(value)
        return lambda packet, _: (packet.src if name == "src-address" else packet.dst) in network
    if name == "src-mac-address":
        return lambda packet, _: packet.mac in {value.lower(), _ANY}
    if name == "protocol" and value in {"tcp", "udp", "icmp", "icmpv6"}:
        return lambda packet, _: packet.protocol == value
    if name in {"src-port", "dst-port"}:
        low, _, high = value.partition("-")
        numbers = Words([low, high or low], where)
        bounds = range(numbers.number(), numbers.number() + 1)
        return lambda packet, _: packet.has_ports and (packet.sport if name == "src-port" else packet.dport) in bounds
    if name == "connection-state" and set(value.split(",")) <= _STATES:
        return lambda _, state: state in value.split(",")
    raise unknown(f"{name}={value}", where)


def _complete(table: _Table) -> None:
    """No jump may lead nowhere."""
    chains = {row.chain for row in table.rows}
    for row in table.rows:
        if row.target and row.target not in chains:
            raise unknown(row.target, "a jump")


READER: Final = Reader("routeros", read, remembers=False)
