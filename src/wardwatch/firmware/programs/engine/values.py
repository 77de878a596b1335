"""In: arguments as the kernel wrote them down. Out: the words' values: texts, peers, data, numbers, holes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from wardwatch.firmware.words import Data, Hole, Peer, Place, Text, Value

from .events import Argument, Event, Held
from .origins import Kind, Origins

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
_INET_SIZE, _INET6_SIZE = 8, 24
TRANSPORTS: Final = {1: "tcp", 2: "udp", 3: "raw"}
_MIPS_TRANSPORTS: Final = {2: "tcp", 1: "udp", 3: "raw"}  # SOCK_STREAM is 2 on MIPS (asm/socket.h)
SIOCSIFFLAGS: Final = 0x8914
_INTERFACE: Final = 16
_UP: Final = 1
_LABEL: Final = 3
Bytes = list[tuple[int, int]]
"""Origin (0: known) and value of each byte."""


def spread(held: Held) -> Bytes:
    """Each byte of what is held."""
    return [
        (run.tag, run.data[number] if not run.tag and number < len(run.data) else 0)
        for run in held.runs
        for number in range(run.size)
    ]


@dataclass(frozen=True, slots=True)
class Reader:
    """What is needed to read arguments: origins, byte order, and the peers that descriptors were bound to, by event."""

    origins: Origins
    big: bool
    mips: bool
    peers: Mapping[int, Peer]
    """By the number of the event of connect() or socket()."""
    stored: Mapping[int, int]
    """Events that bound the descriptor kept in a variable, by the variable's address."""

    def number(self, data: Bytes) -> int | None:
        """A number in the program's byte order, if all of it is known."""
        if any(tag for tag, _ in data):
            return None
        return int.from_bytes(bytes(byte for _, byte in data), "big" if self.big else "little")

    def transport(self, kind: int) -> str:
        """Of a socket's type; flags above it (SOCK_CLOEXEC) do not count."""
        return (_MIPS_TRANSPORTS if self.mips else TRANSPORTS).get(kind & 15, "")

    def link(self, argument: Argument) -> int:
        """The event that bound a descriptor, here or where the variable it comes from was written."""
        if argument.link or not argument.tag:
            return argument.link
        if self.origins.kind(argument.tag) is Kind.GLOBAL:
            return self.stored.get(self.origins.number(argument.tag), 0)
        return 0

    def value(self, argument: Argument, transport: str = "") -> Value:
        """One argument as the words have it."""
        if argument.code == "a":
            return self.peer(argument, transport)
        if argument.code == "f":
            return self.descriptor(argument)
        if argument.code in {"s", "F"}:
            return self.text(argument)
        if argument.code in {"b", "w"}:
            return self.data(argument)
        if argument.code == "r" and argument.held:
            return self.interface(argument)
        return self.plain(argument)

    def plain(self, argument: Argument) -> Value:
        """A number or a hole."""
        return self.origins.hole(argument.tag) if argument.tag else argument.value

    def text(self, argument: Argument) -> Value:
        """A text; a small number where it is none."""
        text = self.origins.held(argument.held[0])
        if not text.parts and not argument.tag and argument.value < 0x10000:  # noqa: PLR2004  # no program lies there
            return Text() if not argument.value else argument.value
        return text

    def descriptor(self, argument: Argument) -> Value:
        """The peer that it is bound to, or where it comes from."""
        peer = self.peers.get(self.link(argument))
        return peer if peer is not None and peer.host.parts else self.plain(argument)

    def data(self, argument: Argument) -> Value:
        """A buffer, or several one after the other."""
        text = self.origins.text(run for held in argument.held for run in held.runs)
        sources = tuple(dict.fromkeys(source for hole in text.holes for source in hole.sources))
        labels = tuple(part for part in text.parts if isinstance(part, str) and len(part.strip()) >= _LABEL)
        return Data(text, sources, labels)

    def interface(self, argument: Argument) -> Value:
        """The name in a struct ifreq."""
        name: list[tuple[int, int]] = []
        for tag, byte in spread(argument.held[0])[:_INTERFACE]:
            if not tag and not byte:
                break
            name.append((tag, byte))
        if not name or (not name[0][0] and not chr(name[0][1]).isalnum()):
            return self.plain(argument) if argument.tag else Hole("not known")
        return self.written(name)

    def written(self, data: Bytes) -> Text:
        """Bytes as a text."""
        parts: list[str | Hole] = []
        for tag, byte in data:
            part: str | Hole = self.origins.hole(tag) if tag else chr(byte)
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            elif not parts or parts[-1] != part:
                parts.append(part)
        return Text(tuple(parts))

    def is_up(self, argument: Argument) -> bool | None:
        """Whether IFF_UP is set in a struct ifreq; None where that is not known."""
        data = spread(argument.held[0]) if argument.held else []
        place = _INTERFACE + (1 if self.big else 0)
        if len(data) <= place:
            return None
        tag, byte = data[place]
        for _ in range(8):
            if not tag:
                return bool(byte & _UP)
            if self.origins.kind(tag) is not Kind.MIXED or self.origins.how(tag) not in {1, 2}:
                return None
            is_or, mask = self.origins.how(tag) == 1, self.origins.number(tag)
            if is_or and mask & _UP:
                return True
            if not is_or and not mask & _UP:
                return False
            tag = self.origins.parent(tag)
        return None

    def peer(self, argument: Argument, transport: str = "") -> Value:
        """The far end in a socket address whose family is known and which is written as far as its address."""
        if self.origins.kind(self.origins.leaf(argument.tag)) is Kind.HOST and argument.tag:
            number = self.origins.number(self.origins.leaf(argument.tag))
            service = self.origins.kept(number >> 32).literal or ""
            port = int(service) if service.isdecimal() and len(service) <= 5 else None  # noqa: PLR2004  # 65535
            return self._named(number, port, transport)
        data = spread(argument.held[0]) if argument.held else []
        family = self.number(data[:2]) if len(data) > 1 else None
        if family == AF_INET and len(data) >= _INET_SIZE:
            return self._internet(data[2:4], data[4:8], transport)
        if family == AF_INET6 and len(data) >= _INET6_SIZE:
            return self._internet(data[2:4], data[8:24], transport)
        if family == AF_UNIX:
            return Text(("unix socket",))
        return self.plain(argument)

    def _named(self, number: int, port: int | None, transport: str) -> Value:
        """The peer whose name or address was looked up; a bare number names none."""
        host = self.origins.kept(number & 0xFFFFFFFF)
        if not host.parts or (host.literal or "x").isdecimal():
            return Hole("an address that was looked up", ("return:gethostbyname",))
        return Peer(host, port, transport)

    def _internet(self, port: Bytes, address: Bytes, transport: str) -> Value:
        number = None if any(tag for tag, _ in port) else port[0][1] << 8 | port[1][1]
        tags = {tag for tag, _ in address}
        if tags == {0}:
            raw = bytes(byte for _, byte in address)
            ip = IPv4Address(raw) if len(raw) == 4 else _plain(IPv6Address(raw))  # noqa: PLR2004  # of an IPv4 address
            if ip.is_unspecified or ip.is_loopback or raw == b"\xff" * len(raw):
                return Text((f"{ip}:{number}" if number is not None else str(ip),))
            return Peer(Text((str(ip),)), number, transport)
        tag = next(tag for tag in tags if tag)
        leaf = self.origins.leaf(tag)
        if len(tags) == 1 and self.origins.kind(leaf) is Kind.HOST:
            return self._named(self.origins.number(leaf), number, transport)
        hole = self.origins.hole(tag)
        return Peer(Text((hole,)), number, transport) if hole.sources != ("unknown",) else hole


def _plain(ip: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv4-mapped one stands for (RFC 4291, 2.5.5.2)."""
    return ip.ipv4_mapped or ip


def lists(argument: Argument, origins: Origins) -> Iterator[Value]:
    """The texts of an argument vector."""
    return (origins.held(held) for held in argument.held)


def bound(event: Event, reader: Reader, at: Place) -> Peer | None:
    """The peer that connect() binds, or what socket() says of its transport."""
    if len(event.arguments) == 3 and event.arguments[0].code == "i":  # noqa: PLR2004  # socket(domain, type, protocol)
        kind = event.arguments[1]
        return Peer(Text(), None, "" if kind.tag else reader.transport(kind.value))
    before = reader.peers.get(reader.link(event.arguments[0]))
    value = reader.peer(event.arguments[1], before.transport if before else "")
    return replace(value, connected_at=at) if isinstance(value, Peer) else None
