"""In: a plan and a monitor's number. Out: all frames this monitor causes, in order of time.

Start-up as published (CISA ICSMA-25-030-01, Claroty): an address of the documented network until DHCP gives another,
ARP for the documented hosts, then calls to them; HL7 to the second one. How often a call is repeated is not
published: an attempt is one SYN with the back-off of Linux 2.6 (3 s, doubling), given up after the second repetition
and begun anew on another port every `attempt_every` seconds, a few percent more or less. A monitor calls its central
station once a patient is attached.
"""

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from typing import Final

from . import dhcp, hl7
from .chance import chance
from .events import MICROSECOND, MILLISECOND, SECOND, Block, Event, Sent, Stream, look_again
from .packets import Host, arp, udp
from .places import (
    EVERYBODY,
    HL7_ADDRESS,
    HL7_PORT,
    STATION_ADDRESS,
    STATION_PORT,
    behind,
    beside,
    factory_address,
    monitor,
    on_ward,
    router,
)
from .plan import Central, Plan
from .stream import Bedside, Message
from .tcp import CLIENT, SERVER, Connection, Line
from .update import update
from .waves import Second

SYN_WAITS: Final = (0, 3, 9)
"""Seconds after the first SYN at which it is sent (Linux 2.6: 3 s, then doubled)."""
HL7_EVERY: Final = 60
FOREIGN_ARP_EVERY: Final = 120
_OUTSIDE_ROUTERS: Final = 17
_OUTSIDE_TRIP: Final = 190 * MILLISECOND


class MonitorTwin:
    """One monitor of the plan. `name` is what the truth calls it."""

    def __init__(self, plan: Plan, number: int) -> None:
        self.plan, self.number = plan, number
        self.host = monitor(number)
        self.name = f"monitor-{number + 1:04d}"
        self._source = chance(plan.seed, "monitor", number)
        self.host.identification = self._source.getrandbits(16)
        self._port = self._source.randrange(32_768, 50_000)
        boot = self._source.uniform(0.2, min(20.0, plan.seconds / 8))
        # Sets stand clear of whole seconds, so that neither end of a capture cuts through one.
        offset = -self._source.randrange(20, 90) if plan.start_missing else int(boot) + 7
        self._boot = plan.start + int(boot * SECOND) // MICROSECOND * MICROSECOND
        self._origin = plan.start + offset * SECOND + self._source.randrange(450, 700) * MILLISECOND
        self._bedside = Bedside(plan.seed, number, self._origin - SECOND, plan.stay)

    @property
    def sends_hl7(self) -> bool:
        """Every second monitor is set up for HL7."""
        return self.number % 2 == 0

    @property
    def stays_connected(self) -> bool:
        """Every third monitor keeps one session for as long as it runs; the others' sessions end and begin anew."""
        return self.number % 3 == 0

    def described(self) -> dict[str, object]:
        """What the truth says about the monitor itself."""
        return {
            "monitor": self.name,
            "address": self.host.address,
            "mac": self.host.mac.hex(":"),
            "dhcp_name": self.host.name,
            "factory_address": Host(b"", factory_address(self.number)).address,
        }

    def events(self) -> Iterator[Event]:
        """Everything, from before the capture's start where sessions run already."""
        parts = [self._start_up(), self._foreign_arp(), self._station()]
        if self.sends_hl7:
            parts.append(self._hl7())
        if self.number < self.plan.update:
            host, line = self._documented()
            parts.append(update(self.plan, self.number, (self.host, host), line.trip))
        return merge(*parts, key=itemgetter(0))

    def _documented(self) -> tuple[Host, Line]:
        """The documented address whatever the monitor is set up for: where the update function calls."""
        if self.plan.central is Central.STATION:
            return behind(STATION_ADDRESS, _OUTSIDE_ROUTERS), Line(self.number, _OUTSIDE_TRIP)
        return self.central()

    def central(self, address: str = STATION_ADDRESS) -> tuple[Host, Line]:
        """The host that answers at `address`, as the ward sees it, and the line to it."""
        size = 536 if self.number % 4 == 2 else 1460  # noqa: PLR2004  # one in four sends small segments
        if self.plan.central is Central.OWN:
            near = self.number % 2 == 0
            host = on_ward(address, 0x03_0000_0000 + int(address[-3:])) if near else beside(address)
            return host, Line(self.number, 300 * MICROSECOND, size)
        if self.plan.central is Central.STATION:
            address = {STATION_ADDRESS: "10.20.0.40", HL7_ADDRESS: "10.20.0.41"}[address]
            return on_ward(address, 0x03_0000_0000 + int(address[-2:])), Line(self.number, 300 * MICROSECOND, size)
        return behind(address, _OUTSIDE_ROUTERS), Line(self.number, _OUTSIDE_TRIP, size)

    def next_port(self) -> int:
        """A fresh port of its own."""
        self._port = self._port + 1 if self._port < 60_999 else 32_768  # noqa: PLR2004  # Linux's ephemeral range
        return self._port

    def _start_up(self) -> Iterator[Event]:
        """ARP under the factory address, then DHCP, then ARP for the router; nothing if it ran before the capture."""
        if self.plan.start_missing:
            return
        time, early = self._boot, Host(self.host.mac, factory_address(self.number))
        if self._at_factory_settings:
            yield self._frame(time, arp(early, early.ip))
            for address in (STATION_ADDRESS, HL7_ADDRESS)[: 1 + self.sends_hl7]:
                yield from self._resolve(time + 100 * MILLISECOND, early, self.central(address)[0])
                time += 300 * MILLISECOND
        time += SECOND
        yield from self._address(time)
        time += 2 * SECOND
        yield self._frame(time, arp(self.host, self.host.ip))
        for wanted in (router(), self.central()[0]):
            yield from self._resolve(time + MILLISECOND, self.host, wanted)
            time += 10 * MILLISECOND

    @property
    def _at_factory_settings(self) -> bool:
        """Whether it still looks for the documented hosts: somebody who has a station of their own address set that."""
        return self.plan.central is not Central.STATION

    def _resolve(self, time: int, asker: Host, wanted: Host) -> Iterator[Event]:
        """Who has it? Hosts on this network say so, and so does the router; a documented host elsewhere does not."""
        yield self._frame(time, arp(asker, wanted.ip))
        if not wanted.distance:
            yield self._frame(time + 300 * MICROSECOND, arp(wanted, wanted.ip, answer_to=asker))

    def _address(self, time: int) -> Iterator[Event]:
        """Discover, offer, request, acknowledge."""
        server, nobody = on_ward("10.20.0.2", 0x01_0000_0003), Host(self.host.mac, bytes(4))
        transaction = self._source.getrandbits(32)
        for kind in (dhcp.DISCOVER, dhcp.OFFER, dhcp.REQUEST, dhcp.ACKNOWLEDGE):
            body = dhcp.message(kind, self.host, server, transaction)
            if kind in (dhcp.DISCOVER, dhcp.REQUEST):
                yield self._frame(time, udp(nobody, dhcp.CLIENT_PORT, EVERYBODY, dhcp.SERVER_PORT, body))
            else:
                yield self._frame(time, udp(server, dhcp.SERVER_PORT, self.host, dhcp.CLIENT_PORT, body))
            time += 20 * MILLISECOND

    def _foreign_arp(self) -> Iterator[Event]:
        """The factory address stays in use beside the other: now and then it looks for its central station."""
        if not self._at_factory_settings:
            return
        early, source = Host(self.host.mac, factory_address(self.number)), chance(self.plan.seed, "arp", self.number)
        time = self._boot
        while True:
            time += int(FOREIGN_ARP_EVERY * source.uniform(0.9, 1.1)) * SECOND
            yield from self._resolve(time, early, self.central()[0])

    def _station(self) -> Iterator[Event]:
        host, line = self.central()
        if self.plan.central is Central.NONE:
            yield from self._attempts(host, STATION_PORT, "cms", line)
            return
        k, session = 0, 0
        while True:
            yield look_again(self._set_time(k) - 400 * MILLISECOND)
            if not self._bedside.occupied(k):
                k += 1
                continue
            session += 1
            stream = Stream(self.number, host.address, STATION_PORT, "cms", session)
            sets = 10**9 if self.stays_connected else self._source.randrange(45, 240)
            yield from self._session(k, sets, stream, (host, line))
            k += sets + self._source.randrange(4, 25)

    def _session(self, k: int, sets: int, stream: Stream, to: tuple[Host, Line]) -> Iterator[Event]:
        """Connect, say who lies there, send `sets` sets from second `k` on, close."""
        connection = Connection(
            (self.host, self.next_port()),
            (to[0], STATION_PORT),
            self._set_time(k) - 400 * MILLISECOND,
            self._source,
            to[1],
        )
        yield from connection.open(Sent(stream, 0, attempt=1))
        opening = self._bedside.opening(k)
        for second in range(k, k + sets):
            time = self._set_time(second)
            yield look_again(time)
            connection.time = time + self._source.randrange(2000) * MICROSECOND
            yield from self._write(connection, opening + self._bedside.second(second), stream)
            opening = []
        yield from connection.close()

    def _write(self, connection: Connection, messages: list[Message], stream: Stream) -> Iterator[Event]:
        """A set in one write, or, with one monitor in four, block by block."""
        if self.number % 4 == 1:
            each = [(data, Sent(stream, len(data), (block,))) for data, block in messages]
            yield from connection.send_each(CLIENT, list(each))
            return
        data = b"".join(data for data, _ in messages)
        yield from connection.send(CLIENT, data, Sent(stream, len(data), tuple(block for _, block in messages)))

    def _attempts(self, to: Host, port: int, protocol: str, line: Line) -> Iterator[Event]:
        """Calls that nobody answers."""
        source = chance(self.plan.seed, "attempts", self.number, port)
        time, session = self._origin, 0
        while True:
            session += 1
            stream = Stream(self.number, to.address, port, protocol, session)
            connection = Connection((self.host, self.next_port()), (to, port), time, source, line)
            for wait in (wait for wait in SYN_WAITS if wait < 0.9 * self.plan.attempt_every):
                connection.time = time + wait * SECOND
                yield connection.attempt(Sent(stream, 0, attempt=1 if wait == 0 else 2))
            time += int(self.plan.attempt_every * source.uniform(0.96, 1.04) * 1000) * MILLISECOND

    def _hl7(self) -> Iterator[Event]:
        """One connection, a message each minute with what is displayed; no message while nobody is attached."""
        host, line = self.central(HL7_ADDRESS)
        if self.plan.central is Central.NONE:
            yield from self._attempts(host, HL7_PORT, "hl7", line)
            return
        source = chance(self.plan.seed, "hl7", self.number)
        stream = Stream(self.number, host.address, HL7_PORT, "hl7", 1)
        time, count = self._origin + 2 * SECOND + 250 * MILLISECOND, 0
        connection = Connection((self.host, self.next_port()), (host, HL7_PORT), time, source, line)
        yield from connection.open(Sent(stream, 0, attempt=1))
        while True:
            time += HL7_EVERY * SECOND
            yield look_again(time)
            patient, wave = self._bedside.stay.patient, self._bedside.shown.last
            if patient is None or wave is None:
                continue
            count += 1
            connection.time = time
            control = f"{self.name}-{count}"
            values = self._displayed(wave)
            message = hl7.observation(("CMS8000", self._bedside.department), control, time, patient, values)
            block = Block(
                "observation", {**values, "number": patient.number}, patient.number, hl7.IDENTIFIERS, patient.number
            )
            yield from connection.send(CLIENT, message, Sent(stream, len(message), (block,)))
            yield from connection.send(SERVER, hl7.answer("R01", control, connection.time))

    def _displayed(self, wave: Second) -> dict[str, float | None]:
        shown = self._bedside.shown
        return {
            "heart_rate": wave.heart_rate,
            "breath_rate": wave.breath_rate,
            "spo2": wave.spo2,
            "systolic": shown.cuff[0] or None,
            "diastolic": shown.cuff[1] or None,
            "temperature": shown.temperature or None,
        }

    def _set_time(self, k: int) -> int:
        return self._origin + k * SECOND

    def _frame(self, time: int, frame: bytes) -> Event:
        return Event(time, self.number, frame)
