"""In: the text of a rule set for nftables. Out: a filter that answers as the kernel would for forwarded packets.

Written from nft(8) alone. A word that is not known here is an error: a rule set is answered for whole or not at all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from re import Pattern
from re import compile as pattern
from typing import Any, Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.errors import InputError

Match = Callable[[Packet], bool]
_TOKEN: Final[Pattern[str]] = pattern(r'#[^\n]*|"[^"\n]*"|[{};,\n]|!=|==|&|[^\s{};,"!=&#]+')
_LARGEST: Final = 1 << 20
_LAYER: Final = {"tcp", "udp"}
_BREAKS: Final = {"\n", ";"}


@dataclass(slots=True)
class _Rule:
    """All its matches, then its verdict; without a verdict it does nothing."""

    matches: list[Match] = field(default_factory=list)
    verdict: str = ""


@dataclass(slots=True)
class _Chain:
    """`is_forward`: whether forwarded packets come by; a chain without a hook is never reached, for no rule jumps."""

    family: str
    policy: str = "accept"
    is_forward: bool = False
    priority: int = 0
    rules: list[_Rule] = field(default_factory=list)

    def drops(self, packet: Packet) -> bool:
        """Whether this chain ends the packet's way."""
        if (self.family, packet.version) in {("ip", 6), ("ip6", 4)}:
            return False
        for rule in self.rules:
            if rule.verdict and all(match(packet) for match in rule.matches):
                return rule.verdict in {"drop", "reject"}
        return self.policy == "drop"


def read(files: Mapping[str, str]) -> Filter:
    """Every file after the other, as `nft -f` would load them."""
    chains: dict[tuple[str, str], _Chain] = {}
    for name, text in files.items():
        if len(text) > _LARGEST:
            raise InputError("too long for a rule set", where=name, cure="Give the file that was generated.")
        _Parser(name, text, chains).run()
    hooked = [chain for chain in chains.values() if chain.is_forward]
    return lambda packet: not any(chain.drops(packet) for chain in hooked)


class _Parser:
    def __init__(self, name: str, text: str, chains: dict[tuple[str, str], _Chain]) -> None:
        self._name, self._line, self._chains = name, 1, chains
        self._tokens = [token for token in _TOKEN.findall(text) if not token.startswith("#")]
        self._at = 0

    def run(self) -> None:
        while (word := self._next(skip=True)) is not None:
            if word == "table":
                self._table()
            elif word == "delete" and self._next() == "table":
                gone = f"{self._next()} {self._next()}"
                for key in [key for key in self._chains if key[0] == gone]:
                    del self._chains[key]
            else:
                raise self._unknown(word)

    def _table(self) -> None:
        family, name = self._word(), self._word()
        if family not in {"ip", "ip6", "inet"}:
            raise self._unknown(family)
        if self._peek() != "{":
            return
        self._expect("{")
        while (word := self._word(skip=True)) != "}":
            if word != "chain":
                raise self._unknown(word)
            chain = self._chains.setdefault((f"{family} {name}", self._word()), _Chain(family))
            self._expect("{")
            self._chain(chain)

    def _chain(self, chain: _Chain) -> None:
        while (word := self._word(skip=True)) != "}":
            if word == "type":
                self._hook(chain)
            elif word == "policy":
                chain.policy = self._word()
            elif word != ";":
                self._at -= 1
                chain.rules.append(self._rule())

    def _hook(self, chain: _Chain) -> None:
        kind, _, hook, _ = self._word(), self._expect("hook"), self._word(), self._expect("priority")
        while (word := self._word()) not in {";", "\n"}:
            if not word.lstrip("-").isalnum():
                raise self._unknown(word)
        chain.is_forward = kind == "filter" and hook == "forward"

    def _rule(self) -> _Rule:
        rule = _Rule()
        while (word := self._word()) not in {"\n", ";", "}"}:
            if word in {"accept", "drop", "reject", "return"}:
                rule.verdict = rule.verdict or word
            elif word == "comment":
                self._word()
            elif word == "counter":
                self._counter()
            else:
                rule.matches.append(self._match(word))
        if word == "}":
            self._at -= 1
        return rule

    def _counter(self) -> None:
        if self._peek() == "packets":
            for _ in range(4):
                self._word()

    def _match(self, word: str) -> Match:
        if word in {"iifname", "oifname"}:
            return self._compared(_side if word == "iifname" else _far_side, str)
        if word in {"ip", "ip6"}:
            return self._header(word)
        if word in {*_LAYER, "th"}:
            end = self._word()
            if end not in {"sport", "dport"}:
                raise self._unknown(f"{word} {end}")
            inner = self._compared(partial(_port, end), _range)
            return lambda packet: packet.has_ports and word in {"th", packet.protocol} and inner(packet)
        if word in {"ether", "ct", "meta", "exthdr"}:
            return self._other(f"{word} {self._word()}")
        raise self._unknown(word)

    def _header(self, family: str) -> Match:
        what, version = self._word(), 4 if family == "ip" else 6
        if what in {"saddr", "daddr"}:
            inner = self._compared(partial(_end, what), _addresses)
        elif what in {"protocol", "nexthdr"}:
            inner = self._compared(_protocol, str)
        elif what == "frag-off":
            for wanted in ("&", "0x1fff", "!=", "0"):
                self._expect(wanted)
            inner = _fragment
        else:
            raise self._unknown(f"{family} {what}")
        return lambda packet: packet.version == version and inner(packet)

    def _other(self, words: str) -> Match:
        if words == "ether saddr":
            return self._compared(lambda packet: packet.mac, str.lower)
        if words == "ct state":
            return self._compared(_state, str)
        if words == "ct direction":
            return self._compared(_direction, str)
        if words == "meta l4proto":
            return self._compared(_protocol, str)
        if words == "meta nfproto":
            return self._compared(lambda packet: "ipv4" if packet.version == 4 else "ipv6", str)  # noqa: PLR2004  # IPv4
        if words == "exthdr frag":
            self._expect("exists")
            return lambda packet: packet.version == 6 and packet.fragment  # noqa: PLR2004  # IPv6
        raise self._unknown(words)

    def _compared(self, get: Callable[[Packet], object], make: Callable[[str], object]) -> Match:
        """`[!=] value`, `[!=] { value, ... }` or `value,value`, over what `get` takes from a packet."""
        negated = self._peek() in {"!=", "=="} and self._word() == "!="
        values = [self._made(make, text) for text in self._values()]
        return lambda packet: any(_fits(get(packet), value) for value in values) is not negated

    def _values(self) -> Iterator[str]:
        if self._peek() == "{":
            self._expect("{")
            while (word := self._word(skip=True)) != "}":
                if word != ",":
                    yield word
            return
        yield self._word()
        while self._peek() == ",":
            self._expect(",")
            yield self._word()

    def _made(self, make: Callable[[str], object], text: str) -> object:
        try:
            return make(text.strip('"'))
        except ValueError:
            raise self._unknown(text) from None

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self, *, skip: bool = False) -> str | None:
        while (word := self._peek()) is not None:
            self._at += 1
            self._line += word == "\n"
            if not (skip and word in _BREAKS):
                return word
        return None

    def _word(self, *, skip: bool = False) -> str:
        word = self._next(skip=skip)
        if word is None:
            raise self._unknown("the end")
        return word

    def _expect(self, wanted: str) -> str:
        word = self._word()
        if word != wanted:
            raise self._unknown(word)
        return word

    def _unknown(self, word: str) -> InputError:
        return InputError(
            f"'{word.strip() or 'end of line'}' is not understood here",
            where=f"{self._name} line {self._line}", cure="Only what can be read whole can be answered for.",
        )  # fmt: skip


def _fits(value: object, wanted: object) -> bool:
    if isinstance(wanted, tuple):
        return isinstance(value, IPv4Address | IPv6Address | int) and _between(value, *wanted)
    if isinstance(wanted, str) and wanted.endswith("*"):
        return isinstance(value, str) and value.startswith(wanted[:-1])
    return value == wanted


def _between(value: Any, first: Any, last: Any) -> bool:  # noqa: ANN401  # addresses of one version, or numbers
    return type(value) is type(first) and bool(first <= value <= last)


def _addresses(text: str) -> object:
    if "-" in text:
        first, last = map(ip_address, text.split("-"))
        return first, last
    network = ip_network(text)
    return network.network_address, network.broadcast_address


def _range(text: str) -> object:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def _side(packet: Packet) -> object:
    return packet.enters


def _far_side(packet: Packet) -> object:
    return packet.leaves


def _end(what: str, packet: Packet) -> object:
    return packet.src if what == "saddr" else packet.dst


def _port(end: str, packet: Packet) -> object:
    return packet.sport if end == "sport" else packet.dport


def _protocol(packet: Packet) -> object:
    return packet.protocol


def _fragment(packet: Packet) -> bool:
    return packet.fragment


def _state(packet: Packet) -> object:
    return "new" if packet.state is State.NEW else "established"


def _direction(packet: Packet) -> object:
    return "reply" if packet.state is State.REPLY else "original"


READER: Final = Reader("nftables", read)
