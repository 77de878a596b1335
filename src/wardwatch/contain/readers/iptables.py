"""In: texts for iptables-restore and ip6tables-restore. Out: a filter that answers as the kernel would for FORWARD.

Written from iptables(8) and iptables-extensions(8) alone. A word that is not known here is an error.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.errors import InputError

Match = Callable[[Packet], bool]
_LARGEST: Final = 1 << 20
_DEEPEST: Final = 8
_SHORT: Final = {
    "--source": "-s", "--destination": "-d", "--in-interface": "-i", "--out-interface": "-o", "--protocol": "-p",
    "--jump": "-j", "--match": "-m", "--sport": "--source-port", "--dport": "--destination-port",
    "--state": "--ctstate",
    "--fragment": "-f",
}  # fmt: skip
_QUIET: Final = {"-m", "--comment"}
_BUILT_IN: Final = ("INPUT", "FORWARD", "OUTPUT")


@dataclass(slots=True)
class _Rule:
    matches: list[Match] = field(default_factory=list)
    target: str = ""


@dataclass(slots=True)
class _Table:
    """The filter table of one version of IP; a version no file speaks of lets everything pass."""

    chains: dict[str, list[_Rule]] = field(default_factory=lambda: {name: [] for name in _BUILT_IN})
    policies: dict[str, str] = field(default_factory=dict)

    def passes(self, packet: Packet) -> bool:
        verdict = self._walk("FORWARD", packet, 0) or self.policies.get("FORWARD", "ACCEPT")
        return verdict == "ACCEPT"

    def _walk(self, chain: str, packet: Packet, depth: int) -> str:
        """The verdict of a chain, '' where it returns."""
        if depth > _DEEPEST:
            raise InputError("chains that call each other", where=chain, cure="The kernel refuses them as well.")
        for rule in self.chains[chain]:
            if not all(match(packet) for match in rule.matches):
                continue
            if rule.target == "RETURN":
                return ""
            if rule.target in {"ACCEPT", "DROP", "REJECT"}:
                return rule.target
            if rule.target and (verdict := self._walk(rule.target, packet, depth + 1)):
                return verdict
        return ""


def read(files: Mapping[str, str]) -> Filter:
    """A file is for IPv6 where its name says so."""
    tables = {4: _Table(), 6: _Table()}
    for name, text in files.items():
        version = 6 if "6" in name else 4
        if len(text) > _LARGEST:
            raise InputError("too long for a rule set", where=name, cure="Give the file that was generated.")
        for number, line in enumerate(text.splitlines(), 1):
            _line(tables[version], line, f"{name} line {number}", version)
        _complete(tables[version], name)
    return lambda packet: tables[packet.version].passes(packet)


def _complete(table: _Table, name: str) -> None:
    for rules in table.chains.values():
        for rule in rules:
            if rule.target not in {"", "RETURN", "ACCEPT", "DROP", "REJECT", *table.chains}:
                raise InputError(f"no chain '{rule.target}'", where=name, cure="Give the whole rule set.")


def _line(table: _Table, line: str, where: str, version: int) -> None:
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise InputError("an open quote", where=where, cure="Give the file that was generated.") from error
    if not words or words[0] in {"*filter", "COMMIT"}:
        return
    if words[0].startswith(":"):
        name = words[0][1:]
        table.chains.setdefault(name, [])
        table.policies[name] = words[1] if len(words) > 1 and words[1] != "-" else "ACCEPT"
    elif words[0] in {"-A", "-I"} and len(words) > 1:
        _add(table, words, where, version)
    else:
        raise _unknown(words[0], where)


def _add(table: _Table, words: list[str], where: str, version: int) -> None:
    chain = table.chains.get(words[1])
    if chain is None:
        raise InputError(f"no chain '{words[1]}'", where=where, cure="Give the whole rule set.")
    rest, place = words[2:], len(chain)
    if words[0] == "-I":
        numbered = bool(rest) and rest[0].isdigit()
        place = int(rest[0]) - 1 if numbered else 0
        rest = rest[1:] if numbered else rest
    chain.insert(place, _rule(rest, where, version))


def _rule(words: list[str], where: str, version: int) -> _Rule:
    rule = _Rule()
    for negated, option, value in _options(words, where):
        if option == "-j":
            rule.target = value
        elif option not in _QUIET:
            try:
                match = _match(option, value, version)
            except ValueError as error:
                raise _unknown(value, where) from error
            if match is None:
                raise _unknown(option, where)
            rule.matches.append(_turned(match) if negated else match)
    return rule


def _turned(match: Match) -> Match:
    return lambda packet: not match(packet)


def _options(words: list[str], where: str) -> Iterator[tuple[bool, str, str]]:
    """(whether negated, option, its value)."""
    left, negated = list(words), False
    while left:
        word = _SHORT.get(left[0], left[0])
        left.pop(0)
        if word == "!":
            negated = True
            continue
        if word != "-f" and not left:
            raise _unknown(word, where)
        yield negated, word, "" if word == "-f" else left.pop(0)
        negated = False


def _match(option: str, value: str, version: int) -> Match | None:
    simple: Mapping[str, Match] = {
        "-i": lambda packet: _named(packet.enters, value),
        "-o": lambda packet: _named(packet.leaves, value),
        "-p": lambda packet: value in {"all", packet.protocol},
        "-f": lambda packet: packet.fragment,
        "--mac-source": lambda packet: packet.mac == value.lower(),
    }
    if option in {"-s", "-d"}:
        return _address(option, value, version)
    if option in {"--source-port", "--destination-port"}:
        return _ports(option, [value])
    if option in {"--sports", "--dports"}:
        return _ports("--source-port" if option == "--sports" else "--destination-port", value.split(","))
    return simple.get(option) or _tracked(option, value)


def _tracked(option: str, value: str) -> Match | None:
    if option == "--ctstate":
        states = set(value.upper().split(","))
        if states - {"NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"}:
            raise ValueError(value)
        return lambda packet: ("NEW" if packet.state is State.NEW else "ESTABLISHED") in states
    if option == "--ctdir" and value in {"ORIGINAL", "REPLY"}:
        return lambda packet: (packet.state is State.REPLY) is (value == "REPLY")
    return None


def _address(option: str, value: str, version: int) -> Match:
    networks = [ip_network(text) for text in value.split(",")]
    if any(network.version != version for network in networks):
        raise ValueError(value)
    return lambda packet: _within(packet, option, networks)


def _within(packet: Packet, option: str, networks: list[IPv4Network | IPv6Network]) -> bool:
    address = packet.src if option == "-s" else packet.dst
    return any(address in network for network in networks)


def _ports(option: str, texts: list[str]) -> Match:
    ranges = [(int(first or 0), int(last or 65535) if colon else int(first))
              for first, colon, last in (text.partition(":") for text in texts)]  # fmt: skip

    def match(packet: Packet) -> bool:
        port = packet.sport if option == "--source-port" else packet.dport
        return packet.has_ports and any(first <= port <= last for first, last in ranges)

    return match


def _named(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("+") else name == wanted


def _unknown(word: str, where: str) -> InputError:
    return InputError(
        f"'{word}' is not understood here", where=where, cure="Only what can be read whole can be answered for."
    )


READER: Final = Reader("iptables", read)
