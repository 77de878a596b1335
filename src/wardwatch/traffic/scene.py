"""In: flow records and what the kept ones held. Out: one examination as the detectors see it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.secrecy import Veil
from wardwatch.vocabulary import Device, Evidence, EvidenceKind, Flow, Where, rfc3339

from .content import Content
from .ledger import Flows, picked
from .networks import Address, Reach, Site, address_of, hops, parse_address, same_network, text_of
from .reassembly import Mark
from .table import ARP, TCP, UDP, FlowFlag

PATH_HOPS_INSIDE: Final = 3
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PROTOCOLS: Final = {1: "icmp", TCP: "tcp", UDP: "udp", 47: "gre", 58: "icmpv6", 132: "sctp"}
_MULTICAST_BIT: Final = 1
_UNSEEN_HOPS: Final = 99
_WORKED_OUT: Final = ("with_content", "gateways", "near")
_FEW: Final = 16
"""Addresses looked for one by one, which for so few is quicker than sorting."""
_HOPS: Final = np.array([_UNSEEN_HOPS if (far := hops(ttl)) is None else far for ttl in range(256)])
"""Routers passed by TTL; far more than any path where no packet was seen."""


def time_of(nanoseconds: int) -> datetime:
    """The moment of a capture's or a log's clock, to the microsecond; far-off times end at the calendar's ends."""
    try:
        return EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if nanoseconds > 0 else datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the flow table as Python values, read when needed."""

    record: np.void
    content: Content | None

    @property
    def id(self) -> int:
        """The record's number in this examination."""
        return int(self.record["id"])

    def address(self, side: int) -> Address:
        """The address of side 0 or 1."""
        return address_of(int(self.record["ver"]), self.record["b" if side else "a"].tobytes())

    def text(self, side: int) -> str:
        """The address of side 0 or 1 as text."""
        return text_of(int(self.record["ver"]), self.record["b" if side else "a"].tobytes())

    def port(self, side: int) -> int:
        """The port of side 0 or 1."""
        return int(self.record["bport" if side else "aport"])

    def packets(self, side: int) -> int:
        """How many packets that side sent."""
        return int(self.record["packets"][side])

    def ttl(self, side: int) -> int:
        """TTL of that side's first packet, 0 where it was not seen."""
        return int(self.record["ttl"][side])

    def mac(self, side: int) -> bytes:
        """The link-layer address that side's packets came from, zeros where it was not seen."""
        return bytes(self.record["mac"][side])

    def has(self, flag: FlowFlag) -> bool:
        """Whether the flag is set."""
        return bool(int(self.record["flags"]) & flag.value)

    @property
    def proto(self) -> str:
        """The protocol above IP in small letters, as its number where it has no name here."""
        if self.record["ver"] == ARP:
            return "arp"
        number = int(self.record["proto"])
        return _PROTOCOLS.get(number, str(number))

    @property
    def answered(self) -> bool:
        """Whether the other side accepted: sent data, a SYN+ACK, or, without ports, anything at all."""
        if self.record["proto"] != TCP:
            return self.packets(1) > 0
        return bool(self.record["syns"][1] or self.record["payload"][1]) or (
            self.packets(1) > 0 and not self.record["tcpflags"][1] & 0x04
        )

    @property
    def flow(self) -> Flow:
        """The same as the word every document knows."""
        return Flow(
            self.text(0), self.port(0), self.text(1), self.port(1), self.proto,
            time_of(int(self.record["first"])), time_of(int(self.record["last"])),
            self.packets(0) + self.packets(1), int(self.record["payload"].sum()),
        )  # fmt: skip


def distinct(rows: NDArray[np.uint8]) -> set[bytes]:
    """The different rows of a matrix of bytes; a set of strings is many times faster than sorting rows."""
    width = rows.shape[1]
    texts = set(np.ascontiguousarray(rows).view(f"S{width}")[:, 0].tolist())
    return {text.ljust(width, b"\0") for text in texts}  # NumPy's strings end before their last zeros


@dataclass(frozen=True)
class Scene:
    """Everything one examination saw. `lines`: the input is a log, so a record's number is a line."""

    flows: Flows
    contents: Mapping[int, Content]
    site: Site
    files: tuple[str, ...]
    veil: Veil
    lines: bool = False
    replies_seen: bool = True
    """Whether the input shows what the other side sent; without that nothing is said about answers."""
    known: frozenset[str] = frozenset()
    """Addresses that advisories name, as text; their networks set the KNOWN flags as well."""
    codecs: tuple[str, ...] = ()
    """Names of the codecs, in the order of the table's `codec` less one."""
    devices: Mapping[str, Device] = field(default_factory=dict)
    """By address; filled once the devices have been told apart."""
    _columns: dict[str, NDArray[Any]] = field(default_factory=dict, compare=False, repr=False)

    def with_devices(self, devices: Mapping[str, Device]) -> "Scene":
        """The same scene, with the devices told apart; what was worked out already goes along."""
        told = replace(self, devices=devices)
        told.__dict__.update({name: self.__dict__[name] for name in _WORKED_OUT if name in self.__dict__})
        return told

    def rows(self, mask: NDArray[np.bool_]) -> Iterator[Row]:
        """The records selected by `mask`, in order of time."""
        for record in picked(self.flows, mask):
            yield Row(record, self.contents.get(int(record["id"])))

    def from_any(self, side: int, addresses: Iterable[str]) -> NDArray[np.bool_]:
        """A mask of the records whose side `side` has one of these addresses."""
        wanted = [parsed.packed for text in addresses if (parsed := parse_address(text))]
        column = self.column("b" if side else "a")
        if len(wanted) > _FEW:
            return np.isin(column.view("S16")[:, 0], np.array(wanted, "S16"))
        found = np.zeros(len(column), bool)
        halves, first = column.view("<u8"), self._first_halves(side)
        for address in wanted:
            one, other = np.frombuffer(address.ljust(16, b"\0"), "<u8")
            places = np.flatnonzero(first == one)
            found[places[halves[places, 1] == other]] = True
        return found

    def _first_halves(self, side: int) -> NDArray[np.uint64]:
        """The first eight bytes of that side's addresses: of IPv4 all there is."""
        key = f"first half of {side}"
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = np.ascontiguousarray(self.column("b" if side else "a").view("<u8")[:, 0])
        return found

    @cached_property
    def with_content(self) -> Sequence[Row]:
        """The records of which something was read."""
        ids = np.fromiter(self.contents, np.uint32, len(self.contents))
        return tuple(self.rows(np.isin(self.column("id"), ids)))

    def column(self, name: str) -> NDArray[Any]:
        """A field of all records, for itself: among the records each look at it costs as much as at the whole."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = np.ascontiguousarray(self.flows[name])
        return found

    @cached_property
    def gateways(self) -> frozenset[bytes]:
        """Link-layer addresses behind which more than one public network was seen."""
        pairs = []
        for side, flag in ((0, FlowFlag.LOCAL_A), (1, FlowFlag.LOCAL_B)):
            away = ((self.column("flags") & flag) == 0) & (self.column("ver") != ARP)
            networks = self.flows["b" if side else "a"][:, :3][away]
            pairs.append(np.concatenate([self.column("mac")[:, side][away], networks], axis=1))
        behind = Counter(pair[:6] for pair in distinct(np.concatenate(pairs)))
        return frozenset(mac for mac, networks in behind.items() if networks > 1)

    @cached_property
    def near(self) -> frozenset[str]:
        """Public addresses that answer from a few hops away, by a link-layer address that is no way out of the house.

        What never answered, or answered from far away as well, is not among them.
        """
        near: set[str] = set()
        far: set[str] = set()
        for side, flag in ((0, FlowFlag.LOCAL_A), (1, FlowFlag.LOCAL_B)):
            spoke = (self.column("packets")[:, side] > 0) & (self.column("ver") != ARP)
            there = np.flatnonzero(spoke & ((self.column("flags") & flag) == 0))
            close = _HOPS[self.column("ttl")[there]].sum(axis=1) <= PATH_HOPS_INSIDE
            far |= self._texts(there[~close], side)
            there = there[close]
            near |= self._texts(there[self._is_direct(self.column("mac")[:, side][there])], side)
        return frozenset(near - far)

    def _texts(self, places: NDArray[np.intp], side: int) -> set[str]:
        """The addresses of that side of the records at `places`."""
        addresses = self.column("b" if side else "a")[places]
        pairs = np.concatenate([self.column("ver")[places][:, None], addresses], axis=1)
        return {text_of(pair[0], pair[1:]) for pair in distinct(pairs)}

    def _is_direct(self, macs: NDArray[np.uint8]) -> NDArray[np.bool_]:
        known = [mac.tobytes() not in self.gateways and mac.any() and not mac[0] & _MULTICAST_BIT for mac in macs]
        return np.array(known, bool)

    def reach(self, row: Row, sender: int = 0) -> Reach:
        """How far what side `sender` of the flow sends goes."""
        receiver = 1 - sender
        if row.has(FlowFlag.LOCAL_B if receiver else FlowFlag.LOCAL_A):
            return Reach.INSIDE
        source, target = row.address(sender), row.address(receiver)
        if self.site.is_local(target):  # as an IPv4 address within an IPv6 one
            return Reach.INSIDE
        if not self.site.is_local(source) and same_network(source, target):
            return Reach.NEIGHBOUR
        return Reach.ROUTED_INSIDE if row.text(receiver) in self.near else Reach.OUTSIDE

    def protocol(self, row: Row) -> str:
        """What the conversation speaks, as its content or at least its first bytes tell; empty where neither does."""
        if row.content and row.content.protocol:
            return row.content.protocol
        codec = int(row.record["codec"])
        return self.codecs[codec - 1] if 0 < codec <= len(self.codecs) else ""

    def subject(self, address: Address | str) -> str:
        """The id of the device that has this address: its first address."""
        text = str(address)
        device = self.devices.get(text)
        return device.id if device else text

    def evidence(self, row: Row, excerpt: str = "") -> Evidence:
        """The whole flow as evidence: of kind `flow`, or `line` where the input is a log."""
        if self.lines:
            where: Where = {"file": self.files[int(row.record["file"])], "line": int(row.record["number"])}
            return Evidence(EvidenceKind.LINE, where, excerpt)
        return row.flow.evidence(excerpt or self.protocol(row))

    def first_packet(self, row: Row, excerpt: str = "") -> Evidence:
        """The flow's first packet as evidence."""
        if self.lines:
            return self.evidence(row, excerpt)
        record = row.record
        return self.packet(Mark(int(record["file"]), int(record["number"]), int(record["first"])), excerpt)

    def packet(self, mark: Mark, excerpt: str = "") -> Evidence:
        """One packet as evidence."""
        where: Where = {"file": self.files[mark.file], "number": mark.number, "time": rfc3339(time_of(mark.time))}
        return Evidence(EvidenceKind.PACKET, where, excerpt)
