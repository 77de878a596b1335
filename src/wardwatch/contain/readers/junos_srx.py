"""In: 'set' lines of a Juniper SRX. Out: a filter that answers as its global policies would.

Written from the user guides alone. Policies are asked in the order in which their names first appear; what none of them
matches is left to those that follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Network, Words, first, lines, unknown

_WILD: Final = {"any": (4, 6), "any-ipv4": (4,), "any-ipv6": (6,)}
_MATCHES: Final = ("from-zone", "to-zone", "source-address", "destination-address", "application")


@dataclass(slots=True)
class _Policy:
    matches: dict[str, list[str]] = field(default_factory=lambda: {word: [] for word in _MATCHES})
    action: str = ""


@dataclass(slots=True)
class _Box:
    """What the lines have set."""

    addresses: dict[str, Network] = field(default_factory=dict)
    protocols: dict[str, str] = field(default_factory=dict)
    ports: dict[str, tuple[int, int]] = field(default_factory=dict)
    policies: dict[str, _Policy] = field(default_factory=dict)
    rematches: bool = False

    def passes(self, packet: Packet) -> bool:
        opened = first(packet)
        for policy in self.policies.values():
            if self._hits(policy.matches, opened):
                return policy.action == "permit" or (packet.state is not State.NEW and not self.rematches)
        return True

    def _hits(self, matches: Mapping[str, list[str]], packet: Packet) -> bool:
        zones = (("from-zone", packet.enters), ("to-zone", packet.leaves))
        if any(zone not in matches[word] and "any" not in matches[word] for word, zone in zones):
            return False
        for word, address in (("source-address", packet.src), ("destination-address", packet.dst)):
            wild = any(address.version in _WILD.get(name, ()) for name in matches[word])
            if not wild and not any(name not in _WILD and address in self.addresses[name] for name in matches[word]):
                return False
        return any(self._is(name, packet) for name in matches["application"])

    def _is(self, name: str, packet: Packet) -> bool:
        if name == "any":
            return True
        low, high = self.ports[name]
        return packet.has_ports and packet.protocol == self.protocols[name] and low <= packet.dport <= high


def read(files: Mapping[str, str]) -> Filter:
    """Every line."""
    box = _Box()
    for where, found in lines(files):
        words = Words(found, where)
        if words.take() != "set":
            raise unknown(found[0], where)
        if found[1:5] == ["security", "policies", "global", "policy"]:
            _policy(box, Words(found[5:], where))
        elif found[1:5] == ["security", "address-book", "global", "address"] and len(found) == 7:  # noqa: PLR2004  # words
            box.addresses[found[5]] = words.network(found[6])
        elif found[1:3] == ["applications", "application"]:
            _application(box, Words(found[3:], where))
        elif found[1:] == ["security", "policies", "policy-rematch", "extensive"]:
            box.rematches = True
        else:
            raise unknown(" ".join(found[1:3]), where)
    _complete(box)
    return box.passes


def _policy(box: _Box, words: Words) -> None:
    policy = box.policies.setdefault(words.take(), _Policy())
    kind, word = words.take(), words.take()
    if kind == "then" and word in {"permit", "deny", "reject"}:
        policy.action = word
    elif kind == "match" and word in _MATCHES:
        policy.matches[word].append(words.take())
    else:
        raise unknown(f"{kind} {word}", words.where)
    words.end()


def _application(box: _Box, words: Words) -> None:
    name, kind, value = words.take(), words.take(), words.take()
    if kind == "protocol" and value in {"tcp", "udp"}:
        box.protocols[name] = value
    elif kind == "destination-port":
        low, _, high = value.partition("-")
        numbers = Words([low, high or low], words.where)
        box.ports[name] = (numbers.number(), numbers.number())
    else:
        raise unknown(f"{kind} {value}", words.where)
    words.end()


def _complete(box: _Box) -> None:
    """Every name that is spoken of is there, and every policy says what it does."""
    for name, policy in box.policies.items():
        ends = [*policy.matches["source-address"], *policy.matches["destination-address"]]
        missing = [end for end in ends if end not in _WILD and end not in box.addresses]
        served = set(box.protocols) & set(box.ports)
        missing += [each for each in policy.matches["application"] if each != "any" and each not in served]
        if missing or not policy.action:
            raise unknown(missing[0] if missing else "no action", f"policy {name}")


READER: Final = Reader("junos_srx", read)
