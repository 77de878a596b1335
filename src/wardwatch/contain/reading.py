"""In: lines of rules. Out: what readers of several dialects share: bounded lines, ends of a packet, sessions."""

import json
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from wardwatch.errors import InputError

from .packet import Packet, State

_LARGEST: Final = 1 << 20
_ALL_BITS: Final = 0xFFFFFFFF
Network = IPv4Network | IPv6Network


def lines(files: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """(place, words) of each line of each file that says something."""
    for name, text in files.items():
        if len(text) > _LARGEST:
            raise InputError("too long for a rule set", where=name, cure="Give the file that was generated.")
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if words and words[0][0] not in "!#":
                yield f"{name} line {number}", words


def tree(text: str, where: str) -> object:
    """The value of a JSON text; a key given twice, or depth without end, is an error."""
    if len(text) > _LARGEST:
        raise InputError("too long for a rule set", where=where, cure="Give the file that was generated.")
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InputError("no JSON", where=where, cure="Give the file that was generated.") from error


def node(
    value: object, where: str, known: AbstractSet[str], needed: AbstractSet[str] = frozenset()
) -> Mapping[str, Any]:
    """An object of JSON that has no other keys than these, and those that are needed."""
    if not isinstance(value, dict):
        raise unknown("no object", where)
    if wrong := (set(value) - known) | (needed - set(value)):
        raise unknown(min(wrong), where)
    return value


def listed(found: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    """A list of objects, empty where it is not there."""
    entries = found.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise unknown(key, where)
    return entries


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key given twice")
    return found


def unknown(word: str, where: str) -> InputError:
    """What a reader says of a word it does not know."""
    return InputError(
        f"'{word}' is not understood here", where=where, cure="Only what can be read whole can be answered for."
    )


def first(packet: Packet) -> Packet:
    """The packet that opened, or would have opened, the connection this one belongs to."""
    if packet.state is not State.REPLY:
        return packet
    return replace(
        packet, enters=packet.leaves, leaves=packet.enters, src=packet.dst, dst=packet.src,
        sport=packet.dport, dport=packet.sport, state=State.NEW,
    )  # fmt: skip


class Words:
    """The words of one line, taken one by one; InputError where one is missing or not understood."""

    def __init__(self, words: list[str], where: str) -> None:
        self._left, self.where = list(words), where

    def take(self) -> str:
        """The next word."""
        if not self._left:
            raise unknown("the end", self.where)
        return self._left.pop(0)

    def maybe(self, *wanted: str) -> str | None:
        """The next word if it is one of these."""
        return self._left.pop(0) if self._left and self._left[0] in wanted else None

    def end(self) -> None:
        """Nothing may be left."""
        if self._left:
            raise unknown(self._left[0], self.where)

    def number(self) -> int:
        """The next word as a number."""
        word = self.take()
        if not word.isdecimal() or len(word) > 5:  # noqa: PLR2004  # digits of a port
            raise unknown(word, self.where)
        return int(word)

    def network(self, text: str) -> Network:
        """A network in slash form."""
        try:
            return ip_network(text)
        except ValueError as error:
            raise unknown(text, self.where) from error

    def address(self, text: str) -> IPv4Address | IPv6Address:
        """An address."""
        try:
            return ip_address(text)
        except ValueError as error:
            raise unknown(text, self.where) from error


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list: what it says of what it matches."""

    action: str
    matches: Callable[[Packet], bool]


@dataclass(frozen=True, slots=True)
class Far:
    """One end of an entry: a network, or any address of a version, or any at all; with `bits`, those that count."""

    network: Network | None = None
    version: int | None = None
    base: int = 0
    bits: int | None = None

    def holds(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether the address is meant."""
        if self.network is not None:
            return address in self.network
        if self.bits is not None:
            return address.version == 4 and not (int(address) ^ self.base) & self.bits  # noqa: PLR2004  # IPv4
        return self.version in {None, address.version}


def cisco_end(words: Words, *, wildcard: bool) -> Far:
    """`any`, `any4`, `any6`, `host A`, `A MASK` or `NETWORK/LENGTH`.

    `wildcard`: masks have ones where bits may differ.
    """
    word = words.take()
    if word in {"any", "any4", "any6"}:
        return Far(version=int(word[3:]) if word[3:] else None)
    if word == "host":
        text = words.take()
        return Far(words.network(f"{words.address(text)}"))
    if "/" in word:
        return Far(words.network(word))
    base, mask = words.address(word), words.address(words.take())
    if base.version != 4 or mask.version != 4:  # noqa: PLR2004  # only IPv4 has masks
        raise unknown(word, words.where)
    return Far(base=int(base), bits=int(mask) ^ (_ALL_BITS if wildcard else 0))


def cisco_ports(words: Words) -> tuple[int, int] | None:
    """`eq N` or `range N M`."""
    kind = words.maybe("eq", "range")
    if kind is None:
        return None
    low = words.number()
    return low, words.number() if kind == "range" else low
