"""In: a script of New-NetFirewallRule. Out: a filter that answers as the firewalls of the machines it names would.

Written from Microsoft's reference alone. A rule that blocks wins over all; what none blocks is left to other rules. A
connection is asked for when it opens, and again when rules change, so what stands is judged by its first packet.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet
from wardwatch.contain.reading import Words, first, lines, unknown
from wardwatch.contain.sight import of_peer

_IGNORED: Final = {"-Name", "-DisplayName", "-Group"}
_NUMBERS: Final = {"tcp": "6", "udp": "17", "gre": "47"}
_NAMES: Final = {"TCP": "6", "UDP": "17", "ICMPv4": "1", "ICMPv6": "58"}

Address = IPv4Address | IPv6Address
Holds = Callable[[Address], bool]


@dataclass(frozen=True, slots=True)
class _Rule:
    inbound: bool
    local: Holds
    remote: Holds
    protocol: str | None
    local_ports: tuple[tuple[int, int], ...]
    remote_ports: tuple[tuple[int, int], ...]

    def blocks(self, packet: Packet) -> bool:
        """Whether it concerns this packet, at the machine that sends it or at the one that gets it."""
        here, there = (packet.dst, packet.src) if self.inbound else (packet.src, packet.dst)
        if not (self.local(here) and self.remote(there)) or self.protocol not in {None, _number(packet)}:
            return False
        ports = (packet.dport, packet.sport) if self.inbound else (packet.sport, packet.dport)
        return _in(self.local_ports, ports[0]) and _in(self.remote_ports, ports[1])


def read(files: Mapping[str, str]) -> Filter:
    """Every line is one rule."""
    found = [_rule(" ".join(words), where) for where, words in lines(files)]
    return lambda packet: not any(rule.blocks(first(packet)) for rule in found)


def _rule(line: str, where: str) -> _Rule:
    try:
        command, *words = shlex.split(line)
    except ValueError as error:
        raise unknown(line, where) from error
    if command != "New-NetFirewallRule" or len(words) % 2:
        raise unknown(command, where)
    values = dict(zip(words[::2], words[1::2], strict=True))
    if len(values) != len(words) // 2:
        raise unknown("an option given twice", where)
    if values.pop("-Profile", "") != "Any" or values.pop("-Action", "") != "Block":
        raise unknown("another profile or action", where)
    way = values.pop("-Direction", "")
    if way not in {"Inbound", "Outbound"}:
        raise unknown(way, where)
    rule = _Rule(
        way == "Inbound", _addresses(values.pop("-LocalAddress", "Any"), where),
        _addresses(values.pop("-RemoteAddress", "Any"), where), _protocol(values.pop("-Protocol", "Any"), where),
        _ports(values.pop("-LocalPort", "Any"), where), _ports(values.pop("-RemotePort", "Any"), where),
    )  # fmt: skip
    if left := set(values) - _IGNORED:
        raise unknown(min(left), where)
    if (rule.local_ports or rule.remote_ports) and rule.protocol not in {"6", "17"}:
        raise unknown("ports of a protocol that has none", where)
    return rule


def _number(packet: Packet) -> str:
    if packet.protocol == "icmp":
        return "1" if packet.version == 4 else "58"  # noqa: PLR2004  # IPv4
    return _NUMBERS[packet.protocol]


def _protocol(text: str, where: str) -> str | None:
    if text == "Any":
        return None
    number = _NAMES.get(text, text)
    if not number.isdecimal() or int(number) > 255:  # noqa: PLR2004  # a byte
        raise unknown(text, where)
    return number


def _addresses(text: str, where: str) -> Holds:
    if text == "Any":
        return lambda _address: True
    parts = [_part(each, Words([], where)) for each in text.split(",")]
    return lambda address: any(part(address) for part in parts)


def _part(text: str, words: Words) -> Holds:
    low, dash, high = text.partition("-")
    if not dash:
        network = words.network(text)
        return lambda address: address in network
    start, end = words.address(low), words.address(high)
    if start.version != end.version or int(start) > int(end):
        raise unknown(text, words.where)
    return lambda address: address.version == start.version and int(start) <= int(address) <= int(end)


def _ports(text: str, where: str) -> tuple[tuple[int, int], ...]:
    """Empty: any."""
    if text == "Any":
        return ()
    found = []
    for each in text.split(","):
        low, _, high = each.partition("-")
        numbers = Words([low, high or low], where)
        found.append((numbers.number(), numbers.number()))
    return tuple(found)


def _in(ranges: tuple[tuple[int, int], ...], port: int) -> bool:
    return not ranges or any(low <= port <= high for low, high in ranges)


READER: Final = Reader("windows", read, sees=of_peer)
