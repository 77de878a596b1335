"""In: access lists of a Cisco ASA. Out: a filter that answers as the firewall would.

Written from the configuration guide and the command reference alone. The lists are asked for the first packet of a
connection; what belongs to one that stands passes, unless `clear conn all` has ended it.
"""

from collections.abc import Mapping
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Entry, Far, Words, cisco_end, cisco_ports, first, lines, unknown

_PROTOCOLS: Final = {"ip", "tcp", "udp", "icmp", "gre"}


def read(files: Mapping[str, str]) -> Filter:
    """Every line, and then the answer of both lists a packet meets."""
    lists: dict[str, list[Entry]] = {}
    applied: dict[tuple[str, str], list[Entry]] = {}
    cleared = False
    for where, found in lines(files):
        words = Words(found, where)
        kind = words.take()
        if kind == "access-list":
            lists.setdefault(words.take(), []).append(_entry(words))
        elif kind == "access-group":
            name, way = words.take(), words.take()
            if words.take() != "interface" or name not in lists:
                raise unknown(name, where)
            applied[words.take(), way] = lists[name]
        elif found == ["clear", "conn", "all"]:
            cleared = True
        else:
            raise unknown(kind, where)
    return lambda packet: _passes(packet, applied, cleared=cleared)


def _passes(packet: Packet, applied: Mapping[tuple[str, str], list[Entry]], *, cleared: bool) -> bool:
    if packet.state is not State.NEW and not cleared:
        return True
    opened = first(packet)
    return all(_permits(applied.get(place), opened) for place in ((opened.enters, "in"), (opened.leaves, "out")))


def _permits(entries: list[Entry] | None, packet: Packet) -> bool:
    """A list ends with a deny that nobody wrote; without a list everything passes."""
    if entries is None:
        return True
    return next((entry.action == "permit" for entry in entries if entry.matches(packet)), False)


def _entry(words: Words) -> Entry:
    if words.take() != "extended":
        raise unknown("extended", words.where)
    action, protocol = words.take(), words.take()
    if action not in {"permit", "deny"} or protocol not in _PROTOCOLS:
        raise unknown(f"{action} {protocol}", words.where)
    src, dst = cisco_end(words, wildcard=False), cisco_end(words, wildcard=False)
    ports = cisco_ports(words)
    words.end()
    return Entry(action, lambda packet: _matches(packet, protocol, (src, dst), ports))


def _matches(packet: Packet, protocol: str, ends: tuple[Far, Far], ports: tuple[int, int] | None) -> bool:
    if protocol not in {"ip", packet.protocol} or not (ends[0].holds(packet.src) and ends[1].holds(packet.dst)):
        return False
    return ports is None or (packet.has_ports and ports[0] <= packet.dport <= ports[1])


READER: Final = Reader("cisco_asa", read, everywhere=False)
