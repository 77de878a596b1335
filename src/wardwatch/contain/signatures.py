"""In: what is watched. Out: packet signatures in order, of no language yet; Suricata and Snort write them down.

Every signature names addresses and ports itself, so it does not depend on what a sensor calls its home network.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from .planner import INSIDE
from .policy import Address, Network, Ports, Protocol
from .watched import ATTEMPTS, MARK, PROGRAMS, REACH, REPEAT_S, RPC_CALL, SUB_TYPES, WITHIN_S, Watched, rule

FIRST: Final = 1_250_130
"""The first number: within the range for local use (1000000 to 1999999), after the advisory ICSMA-25-030-01."""
_TELEMETRY: Final = f"\\x05F\\x00\\x00[\\x{SUB_TYPES[0]:x}-\\x{SUB_TYPES[1]:x}]\\x00"
_RECORD_MARK: Final = 4
"""Bytes in front of a call over TCP (RFC 5531, section 11)."""
_XID: Final = 4

Ends = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes and where they lie: from the payload's start, or (`after`) from the end of the bytes before."""

    data: bytes
    start: int | None = None
    within: int | None = None
    after: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """Told once in so many seconds; where `counted`, only from the so many-th time on."""

    count: int
    seconds: int
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """One line. `ends`: source address and port, arrow, destination address and port, as both languages write them."""

    number: int
    name: str
    detail: str
    protocol: str
    ends: Ends
    contents: tuple[Content, ...] = ()
    pattern: str = ""
    opens: bool = False
    rate: Rate = Rate(1, REPEAT_S)

    @property
    def message(self) -> str:
        """What an operator reads."""
        return f"wardwatch {rule(self.name).title}: {self.detail}"


def signatures(watched: Watched) -> tuple[Signature, ...]:
    """All of them, numbered in the order in which they stand."""
    parts = (*_known(watched), *_streams(watched), *_mounts(watched), *_calls_home(watched))
    return tuple(Signature(FIRST + number, *part) for number, part in enumerate(parts))


Part = tuple[str, str, str, Ends, tuple[Content, ...], str, bool, Rate]


def _part(  # noqa: PLR0913  # a line's parts
    name: str, detail: str, protocol: str, ends: Ends, *,
    contents: tuple[Content, ...] = (), pattern: str = "", rate: Rate | None = None,
) -> Part:  # fmt: skip
    return (name, detail, protocol, ends, contents, pattern, rate is not None, rate or Rate(1, REPEAT_S))


def _known(watched: Watched) -> Iterator[Part]:
    """Whatever goes to a blocked network or comes from it, but for the hospital's own use of an address in it."""
    name, devices = "traffic.known-address", _addresses(watched.devices)
    others = _addresses(watched.networks, watched.own)
    yield _part(name, "to or from a blocked network", "ip", ("any", "any", "<>", others, "any"))
    for own in watched.own:
        yield _part(name, f"somebody else to {own}", "ip", (f"!{devices}", "any", "->", str(own), "any"))
        yield _part(name, f"{own} to somebody else", "ip", (str(own), "any", "->", f"!{devices}", "any"))
        for protocol in Protocol:
            kept = watched.of(own, protocol)
            ends = (devices, _other_ports(kept.answers), "->", str(own), _other_ports(kept.calls))
            yield _part(name, f"a device to {own}, not as kept", str(protocol), ends)
        yield _part(name, f"a device to {own}, not as kept", "icmp", (devices, "any", "->", str(own), "any"))


def _streams(watched: Watched) -> Iterator[Part]:
    """Two telemetry blocks behind each other, to anything that is no station of the hospital's."""
    contents = (Content(MARK), Content(MARK, 2, REACH, after=True))
    pattern = f"/{_TELEMETRY}.{{0,{REACH}}}?{_TELEMETRY}/s"
    for where, port in _not_kept(watched, "any", ()):
        yield _part(
            "traffic.cms-stream",
            "by its form",
            "tcp",
            ("any", "any", "->", where, port),
            contents=contents,
            pattern=pattern,
        )


def _mounts(watched: Watched) -> Iterator[Part]:
    name, outside = "traffic.remote-mount", f"!{_addresses(INSIDE)}"
    for program, number in PROGRAMS.items():
        for protocol in Protocol:
            ends = ("any", "any", "->", outside, "any")
            yield _part(
                name, f"{program} call to the outside", str(protocol), ends, contents=(_call(number, protocol),)
            )
    path = watched.share.encode()
    share = Content(len(path).to_bytes(4, "big") + path + bytes(-len(path) % 4), 8, 512, after=True)
    for protocol in Protocol:
        contents = (_call(PROGRAMS["mount"], protocol), share)
        yield _part(
            name, f"mount of {watched.share}", str(protocol), ("any", "any", "->", "any", "any"), contents=contents
        )


def _call(program: int, protocol: Protocol) -> Content:
    start = _XID + (_RECORD_MARK if protocol is Protocol.TCP else 0)
    data = RPC_CALL + program.to_bytes(4, "big")
    return Content(data, start, len(data))


def _calls_home(watched: Watched) -> Iterator[Part]:
    devices = _addresses(watched.devices)
    for where, port in _not_kept(watched, f"!{_addresses(INSIDE)}", INSIDE):
        ends = (devices, "any", "->", where, port)
        rate = Rate(ATTEMPTS, WITHIN_S, counted=True)
        yield _part("traffic.phone-home", "a device calls the outside", "tcp", ends, rate=rate)


def _not_kept(watched: Watched, otherwise: str, without: tuple[Network, ...]) -> Iterator[tuple[str, str]]:
    """Destinations that no TCP path is kept to: other addresses first, then the kept ones' other ports."""
    groups = [group for group in watched.groups(Protocol.TCP) if group.calls]
    concerned = [peer for group in groups for peer in group.peers if not any(peer in network for network in without)]
    yield (f"!{_addresses([*without, *concerned])}" if concerned else otherwise), "any"
    for group in groups:
        peers = [peer for peer in group.peers if peer in concerned]
        if peers:
            yield _addresses(peers), _other_ports(group.calls)


def _addresses(found: Iterable[Address | Network], without: Iterable[Address] = ()) -> str:
    """A list both languages read, single hosts without their length."""
    return f"[{','.join([*map(str, found), *(f'!{each}' for each in without)])}]"


def _other_ports(kept: tuple[Ports, ...]) -> str:
    if not kept:
        return "any"
    return f"![{','.join(str(ports).replace('-', ':') for ports in kept)}]"
