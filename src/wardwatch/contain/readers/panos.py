"""In: 'set' lines of PAN-OS, and what is said after the commit. Out: a filter that answers as the firewall would.

Written from the administrator's guide alone. Rules are asked in the order in which they stand after every `move`; what
none of them matches is left to those that follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Network, Words, first, lines, unknown

_PARTS: Final = ("from", "to", "source", "destination", "application", "service")
_RULE: Final = ["rulebase", "security", "rules"]


@dataclass(slots=True)
class _Rule:
    parts: dict[str, list[str]] = field(default_factory=lambda: {word: [] for word in _PARTS})
    action: str = ""


@dataclass(slots=True)
class _Firewall:
    """What the lines have set, and the rules in their order."""

    addresses: dict[str, Network] = field(default_factory=dict)
    services: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    rules: dict[str, _Rule] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    cleared: bool = False

    def passes(self, packet: Packet) -> bool:
        if packet.state is not State.NEW and not self.cleared:
            return True
        opened = first(packet)
        hit = next((name for name in self.order if self._hits(self.rules[name].parts, opened)), None)
        return hit is None or self.rules[hit].action == "allow"

    def _hits(self, parts: Mapping[str, list[str]], packet: Packet) -> bool:
        zones = (("from", packet.enters), ("to", packet.leaves))
        if any(zone not in parts[word] and "any" not in parts[word] for word, zone in zones):
            return False
        for word, address in (("source", packet.src), ("destination", packet.dst)):
            names = parts[word]
            if "any" not in names and not any(address in self.addresses[name] for name in names):
                return False
        return parts["application"] == ["any"] and any(self._serves(name, packet) for name in parts["service"])

    def _serves(self, name: str, packet: Packet) -> bool:
        if name == "any":
            return True
        protocol, low, high = self.services[name]
        return packet.has_ports and packet.protocol == protocol and low <= packet.dport <= high


def read(files: Mapping[str, str]) -> Filter:
    """Every line of the configuration and of what follows it."""
    wall = _Firewall()
    for where, found in lines(files):
        words = Words(found[1:], where)
        if found[0] == "set" and found[1:4] == _RULE:
            _rule(wall, Words(found[4:], where))
        elif found[:2] == ["set", "address"] and found[3:4] == ["ip-netmask"] and len(found) == 5:  # noqa: PLR2004  # words
            wall.addresses[found[2]] = words.network(found[4])
        elif found[:2] == ["set", "service"]:
            _service(wall, Words(found[2:], where))
        elif found[0] == "move" and found[1:4] == _RULE and found[5:] == ["top"] and found[4] in wall.rules:
            wall.order.remove(found[4])
            wall.order.insert(0, found[4])
        elif found == ["clear", "session", "all"]:
            wall.cleared = True
        else:
            raise unknown(" ".join(found[:3]), where)
    _complete(wall)
    return wall.passes


def _rule(wall: _Firewall, words: Words) -> None:
    name, part, value = words.take(), words.take(), words.take()
    words.end()
    if name not in wall.rules:
        wall.rules[name] = _Rule()
        wall.order.append(name)
    if part == "action" and value in {"allow", "drop", "deny"}:
        wall.rules[name].action = value
    elif part in _PARTS:
        wall.rules[name].parts[part].append(value)
    else:
        raise unknown(f"{part} {value}", words.where)


def _service(wall: _Firewall, words: Words) -> None:
    name, _, protocol, _, text = (words.take() for _ in range(5))
    words.end()
    low, _, high = text.partition("-")
    numbers = Words([low, high or low], words.where)
    wall.services[name] = (protocol, numbers.number(), numbers.number())


def _complete(wall: _Firewall) -> None:
    """Every name that is spoken of is there, and every rule is whole."""
    for name, rule in wall.rules.items():
        ends = [*rule.parts["source"], *rule.parts["destination"]]
        missing = [end for end in ends if end != "any" and end not in wall.addresses]
        missing += [each for each in rule.parts["service"] if each != "any" and each not in wall.services]
        if missing or not rule.action or not all(rule.parts.values()):
            raise unknown(missing[0] if missing else "a part that is missing", f"rule {name}")


READER: Final = Reader("panos", read)
