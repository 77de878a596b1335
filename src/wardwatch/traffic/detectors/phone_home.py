"""In: a scene. Out: repeated calls of one device to one outside address, with their period and what chance gives."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.traffic.beacons import Beacon, Repeats, Thresholds, find_all, regularity, repeated
from wardwatch.traffic.findings import count, found
from wardwatch.traffic.ledger import Flows, pair_keys, picked
from wardwatch.traffic.networks import Reach
from wardwatch.traffic.scene import Row, Scene
from wardwatch.traffic.table import ARP, TCP, UDP, FlowFlag
from wardwatch.vocabulary import Finding, Severity

RULE = "traffic.phone-home"
PERIODIC_BY_DESIGN: Final = (53, 67, 68, 137, 138, 853, 1900, 3702, 5353, 5355)
"""DNS, DHCP, NetBIOS, DNS over TLS, SSDP, WS-Discovery, mDNS, LLMNR."""
NTP_PORT: Final = 123
NTP_LONGEST: Final = 68.0
"""Payload bytes: 48, with an authenticator of at most 20 (RFC 5905, section 7.3)."""
HEARTBEAT_PACKETS: Final = 8
HEARTBEAT_SECONDS: Final = 1.0
HEARTBEAT_JITTER: Final = 0.25


class _Series(NamedTuple):
    """Flows of one device to one address, port and protocol, in order of time."""

    flows: Flows
    answered: NDArray[np.bool_]


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each device, address, port and protocol that is called again and again."""
    limits = Thresholds.of(thresholds("beacons"))
    lined = _lined_up(_outbound(scene.flows))
    several = _series(lined, lined.sizes >= limits.min_repeats)
    periodic = _periodic(several, limits, len(lined.starts))
    for index, each in enumerate(several):
        regular = periodic.get(index) or repeated(each.flows["first"], each.answered, limits)
        if regular:
            yield from _finding(scene, each, regular)
    for each in _series(lined, (lined.sizes < limits.min_repeats) & _talks_on(lined)):
        yield from _heartbeat(scene, each)


def _outbound(flows: Flows) -> Flows:
    """Calls from inside to outside by TCP and UDP, but for what is periodic by design."""
    away = (flows["flags"] & (FlowFlag.LOCAL_A | FlowFlag.LOCAL_B)) != FlowFlag.LOCAL_B
    away &= (flows["flags"] & FlowFlag.LOCAL_B) == 0
    away &= np.isin(flows["proto"], [TCP, UDP]) & (flows["ver"] != ARP)
    away &= ~np.isin(flows["bport"], PERIODIC_BY_DESIGN)
    away &= flows["packets"][:, 0] > 0  # else only an answer was seen, as a log may have it
    mean = flows["payload"][:, 0] / np.maximum(flows["packets"][:, 0], 1)
    time = (flows["bport"] == NTP_PORT) & (flows["proto"] == UDP) & (mean <= NTP_LONGEST)
    return picked(flows, away & ~time)


class _LinedUp(NamedTuple):
    """All flows, series after series, each in order of time; where each series starts, and how long it is."""

    flows: Flows
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]


def _lined_up(flows: Flows) -> _LinedUp:
    keys = pair_keys(flows)
    order = np.lexsort((flows["id"], flows["first"], keys))
    keys = keys[order]
    starts = np.flatnonzero(np.r_[len(keys) > 0, keys[1:] != keys[:-1]])
    return _LinedUp(picked(flows, order), starts, np.diff(np.r_[starts, len(keys)]))


def _talks_on(lined: _LinedUp) -> NDArray[np.bool_]:
    """Series whose first flow alone may be a heartbeat."""
    firsts = lined.starts
    talks: NDArray[np.bool_] = lined.flows["proto"][firsts] == UDP
    return talks & (lined.flows["packets"][:, 0][firsts] >= HEARTBEAT_PACKETS)


def _series(lined: _LinedUp, chosen: NDArray[np.bool_]) -> list[_Series]:
    """The series that a mask chooses, in the order in which each was first seen."""
    ids = lined.flows["id"][lined.starts]
    places = np.flatnonzero(chosen)
    groups = []
    for place in places[np.argsort(ids[places], kind="stable")]:
        flows = lined.flows[lined.starts[place] : lined.starts[place] + lined.sizes[place]]
        groups.append(_Series(flows, _answered(flows)))
    return groups


def _answered(flows: Flows) -> NDArray[np.bool_]:
    """As `Row.answered`, for all at once."""
    spoke = (flows["syns"][:, 1] > 0) | (flows["payload"][:, 1] > 0)
    spoke |= (flows["packets"][:, 1] > 0) & ((flows["proto"] != TCP) | (flows["tcpflags"][:, 1] & 4 == 0))
    answered: NDArray[np.bool_] = spoke
    return answered


def _periodic(several: list[_Series], limits: Thresholds, compared: int) -> dict[int, Beacon]:
    if not several:
        return {}
    lengths = np.array([len(each.flows) for each in several])
    starts = np.r_[0, np.cumsum(lengths)[:-1]].astype(np.int64)
    times = np.concatenate([each.flows["first"] for each in several]).astype(np.int64)
    answered = np.concatenate([each.answered for each in several])
    return find_all(times, starts, answered, limits, compared=compared)


def _finding(scene: Scene, each: _Series, regular: Beacon | Repeats) -> Iterator[Finding]:
    first, last = _row(scene, each, 0), _row(scene, each, -1)
    if scene.reach(first) is not Reach.OUTSIDE:
        return
    answered = int(each.answered.sum())
    silent = "nothing answered" if scene.replies_seen else "whether anything answered cannot be seen"
    replies = f"{answered:,} answered" if answered else silent
    yield found(
        RULE,
        scene.subject(first.address(0)),
        _severity(scene, first, periodic=isinstance(regular, Beacon), answered=bool(answered)),
        0.95 if isinstance(regular, Beacon) else 0.7,
        f"{count(len(each.flows), 'call')} to {_peer(first)}, {replies}: {regular.statement}.",
        (scene.first_packet(first), scene.evidence(first), scene.first_packet(last), scene.evidence(last)),
    )


def _heartbeat(scene: Scene, each: _Series) -> Iterator[Finding]:
    """Few flows, but one whose packets come as regularly as a clock; only UDP, since TCP has its own."""
    row = _row(scene, each, 0)
    span = (int(row.record["last_a"]) - int(row.record["first"])) / 1e9
    regular = regularity(row.packets(0), span, float(row.record["gap2"]))
    if regular is None or regular[0] < HEARTBEAT_SECONDS or regular[1] > HEARTBEAT_JITTER * regular[0]:
        return
    if scene.reach(row) is Reach.OUTSIDE:
        yield found(
            RULE,
            scene.subject(row.text(0)),
            _severity(scene, row, periodic=True, answered=row.answered),
            0.6,
            f"{count(row.packets(0), 'packet')} in one conversation with {_peer(row)}, one every {regular[0]:.1f} s "
            f"(± {regular[1]:.1f} s).",
            (scene.first_packet(row), scene.evidence(row)),
        )


def _row(scene: Scene, each: _Series, index: int) -> Row:
    record = each.flows[index]
    return Row(record, scene.contents.get(int(record["id"])))


def _peer(row: Row) -> str:
    return f"{row.address(1)} {row.proto.upper()} port {row.port(1)}"


def _severity(scene: Scene, row: Row, *, periodic: bool, answered: bool) -> Severity:
    device = scene.devices.get(row.text(0))
    if row.text(1) in scene.known or (device is not None and device.profile is not None):
        return Severity.HIGH
    return Severity.MEDIUM if periodic and not answered else Severity.INFO
