"""In: configuration of FortiOS. Out: a filter that answers as the firewall would, for what these policies speak of.

Written from the CLI reference alone. Policies are asked in the order in which they stand after every `move`; what none
of them matches is left to the policies that follow.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Network, Words, first, lines, unknown

_ADDRESSES: Final = {"firewall address": "subnet", "firewall address6": "ip6"}
_POLICY_WORDS: Final = {
    "name", "srcintf", "dstintf", "srcaddr", "dstaddr", "srcaddr6", "dstaddr6",
    "service", "action", "schedule", "comments",
}  # fmt: skip


@dataclass(slots=True)
class _Config:
    """What the text has set up."""

    addresses: dict[tuple[int, str], Network] = field(default_factory=dict)
    services: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    policies: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    rechecks: bool = False

    def passes(self, packet: Packet) -> bool:
        opened = first(packet)
        hit = next((each for each in self.order if self._matches(self.policies[each], opened)), None)
        if hit is None or self.policies[hit].get("action") == ["accept"]:
            return True
        return packet.state is not State.NEW and not self.rechecks

    def _matches(self, policy: Mapping[str, list[str]], packet: Packet) -> bool:
        sides = (("srcintf", packet.enters), ("dstintf", packet.leaves))
        if any(side not in policy.get(word, []) and "any" not in policy.get(word, []) for word, side in sides):
            return False
        six = "6" if packet.version == 6 else ""  # noqa: PLR2004  # IPv6
        ends = ((f"srcaddr{six}", packet.src), (f"dstaddr{six}", packet.dst))
        for word, address in ends:
            names = policy.get(word, [])
            if "all" not in names and not any(address in self.addresses[packet.version, name] for name in names):
                return False
        return any(self._serves(name, packet) for name in policy.get("service", []))

    def _serves(self, name: str, packet: Packet) -> bool:
        if name == "ALL":
            return True
        protocol, low, high = self.services[name]
        return packet.has_ports and packet.protocol == protocol and low <= packet.dport <= high


def read(files: Mapping[str, str]) -> Filter:
    """Every section, and the policies in their order."""
    config = _Config()
    section = entry = ""
    for where, found in lines(files):
        words = _split(found, where)
        if words[0] == "config":
            section, entry = " ".join(words[1:]), ""
        elif words == ["end"]:
            section = ""
        elif words[0] == "edit" and len(words) == 2:  # noqa: PLR2004  # a name
            entry = words[1]
            _begin(config, section, entry, where)
        elif words == ["next"]:
            entry = ""
        elif words[0] == "set":
            _set(config, (section, entry), words[1:], where)
        elif words[0] == "move" and section == "firewall policy":
            _move(config, words, where)
        else:
            raise unknown(words[0], where)
    _complete(config)
    return config.passes


def _split(found: list[str], where: str) -> list[str]:
    try:
        return shlex.split(" ".join(found))
    except ValueError as error:
        raise unknown(" ".join(found), where) from error


def _begin(config: _Config, section: str, entry: str, where: str) -> None:
    if section == "firewall policy":
        number = Words([entry], where).number()
        config.policies.setdefault(number, {})
        if number not in config.order:
            config.order.append(number)


def _set(config: _Config, place: tuple[str, str], words: list[str], where: str) -> None:
    section, entry = place
    if section in _ADDRESSES and words[:1] == [_ADDRESSES[section]]:
        network = Words([], where).network(words[-1])
        config.addresses[network.version, entry] = network
    elif section == "firewall service custom" and words[:1] in (["tcp-portrange"], ["udp-portrange"]):
        low, _, high = words[-1].partition("-")
        numbers = Words([low, high or low], where)
        config.services[entry] = (words[0][:3], numbers.number(), numbers.number())
    elif section == "firewall policy" and words[:1] and words[0] in _POLICY_WORDS and entry:
        config.policies[int(entry)][words[0]] = words[1:]
    elif section == "system settings" and words == ["firewall-session-dirty", "check-all"]:
        config.rechecks = True
    else:
        raise unknown(" ".join(words), where)


def _move(config: _Config, words: list[str], where: str) -> None:
    numbers = Words([words[1], words[-1]], where)
    moved, place = numbers.number(), numbers.number()
    if len(words) != 4 or words[2] not in {"before", "after"} or not {moved, place} <= set(config.order):  # noqa: PLR2004  # words
        raise unknown(" ".join(words), where)
    config.order.remove(moved)
    config.order.insert(config.order.index(place) + (words[2] == "after"), moved)


def _complete(config: _Config) -> None:
    """No policy may speak of an address or a service that is not there."""
    for name in _named(config):
        raise unknown(name, "policies")


def _named(config: _Config) -> Iterator[str]:
    for policy in config.policies.values():
        for word, version in (("srcaddr", 4), ("dstaddr", 4), ("srcaddr6", 6), ("dstaddr6", 6)):
            for name in policy.get(word, []):
                if name != "all" and (version, name) not in config.addresses:
                    yield name
        yield from (name for name in policy.get("service", []) if name != "ALL" and name not in config.services)


READER: Final = Reader("fortios", read)
