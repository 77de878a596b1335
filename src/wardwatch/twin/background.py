"""In: a plan. Out: what else happens on a ward's network: printing, interfaces, home folders, clocks, the web.

Benign twins of all that is looked for: LPD on the port of the central-station stream, HL7 and network folders inside
the hospital, clocks and update checks that call outside at fixed periods, discovery broadcasts, DHCP renewals.
`background` counts work places in sixes; the rates below are for one work place.
"""

from collections.abc import Callable, Iterator
from heapq import merge
from operator import itemgetter
from random import Random
from typing import Final

from wardwatch.protocols.sunrpc_messages import Caller, record

from . import dhcp, folders, hl7, payloads
from .chance import chance
from .events import MILLISECOND, SECOND, Event
from .packets import BROADCAST, Host, ip, udp
from .patients import invent
from .places import behind, group, on_ward
from .plan import Plan
from .tcp import CLIENT, SERVER, Connection, Line

PER_LEVEL: Final = 6
_FIRST_ACTOR: Final = 1_000_000
_INSIDE, _OUTSIDE = 1, 12  # routers in between
_SITES: Final = tuple(
    (f"{name}.example", f"{network}.{number}")
    for network in ("192.0.2", "198.51.100", "203.0.113")
    for number, name in enumerate(("news", "mail", "cloud", "guide", "video", "shop", "maps", "wiki"), 20)
)
_CLOCKS: Final = ("203.0.113.10", "198.51.100.10", "192.0.2.10", "203.0.113.11")
_NIBBLE: Final = b"%!PS-Adobe-3.0\n/Courier findfont 10 scalefont setfont\n"

Turn = tuple[int, bytes]


class Workplace:
    """One computer on the ward."""

    def __init__(self, plan: Plan, number: int) -> None:
        self.plan = plan
        self.actor = _FIRST_ACTOR + number
        address = f"10.20.{8 + number // 250}.{1 + number % 250}"
        self.host = on_ward(address, 0x04_0000_0000 + number, f"WS-{number + 1:04d}", ttl=128)
        self.number = number
        self._port = 49_152 + 37 * number % 10_000

    def events(self) -> Iterator[Event]:
        """Everything it does."""
        habits: list[tuple[float, Callable[[int, Random], Iterator[Event]]]] = [
            (64, self._clock),
            (18, self._browse),
            (3600, self._look_for_updates),
            (240, self._discover),
            (1800, self._renew),
            (110, self._print),
            (45, self._long_session),
            (150, self._home_folder),
        ]
        return merge(*(self._now_and_then(every, habit) for every, habit in habits), key=itemgetter(0))

    def _now_and_then(self, every: float, habit: Callable[[int, Random], Iterator[Event]]) -> Iterator[Event]:
        """The habit again and again, `every` seconds on average; the clock keeps its period, people do not."""
        source = chance(self.plan.seed, "habit", self.number, habit.__name__)
        time = self.plan.start + int(source.uniform(0, every) * SECOND)
        steady = habit.__name__ in ("_clock", "_look_for_updates", "_renew")
        while True:
            last = time
            for event in habit(time, source):
                last = event.time
                yield event
            wait = every if steady else source.expovariate(1 / every)
            time = max(time + int(wait * SECOND), last + MILLISECOND)

    def talk(self, start: int, source: Random, to: tuple[Host, int], turns: list[Turn]) -> Iterator[Event]:
        """One connection, turn by turn, closed at the end."""
        self._port = self._port + 1 if self._port < 65_000 else 49_152  # noqa: PLR2004  # Windows' ephemeral range
        trip = (20 if to[0].distance > _INSIDE else 1) * MILLISECOND
        connection = Connection((self.host, self._port), to, start, source, Line(self.actor, trip))
        yield from connection.open()
        for side, data in turns:
            connection.time += source.randrange(MILLISECOND, 20 * MILLISECOND)
            yield from connection.send(side, data)
        yield from connection.close()

    def _ask(self, time: int, to: tuple[Host, int], question: bytes, answer: bytes, port: int) -> Iterator[Event]:
        """One datagram there, one back."""
        yield Event(time, self.actor, udp(self.host, port, to[0], to[1], question))
        yield Event(time + 12 * MILLISECOND, self.actor, udp(to[0], to[1], self.host, port, answer))

    def _clock(self, time: int, _: Random) -> Iterator[Event]:
        server = behind(_CLOCKS[self.number % len(_CLOCKS)], _OUTSIDE)
        question = payloads.ntp(time)
        answer = payloads.ntp(time + 6 * MILLISECOND, answering=time)
        yield from self._ask(time, (server, 123), question, answer, 123)

    def _look_up(self, time: int, source: Random, site: tuple[str, str]) -> Iterator[Event]:
        identifier, port = source.getrandbits(16), source.randrange(49_152, 65_000)
        question = payloads.dns_query(identifier, site[0])
        answer = payloads.dns_answer(identifier, *site)
        yield from self._ask(time, (behind("10.10.0.53", _INSIDE), 53), question, answer, port)

    def _browse(self, time: int, source: Random) -> Iterator[Event]:
        site = source.choice(_SITES)
        yield from self._look_up(time, source, site)
        turns = [
            (CLIENT, payloads.client_hello(site[0], source)),
            (SERVER, payloads.server_hello(source)),
            (CLIENT, payloads.tls_record(23, source.randbytes(74))),
        ]
        for _ in range(source.randrange(1, 5)):
            turns.append((CLIENT, payloads.tls_record(23, source.randbytes(source.randrange(90, 700)))))
            turns.append((SERVER, payloads.tls_record(23, source.randbytes(source.randrange(200, 14_000)))))
        yield from self.talk(time + 40 * MILLISECOND, source, (behind(site[1], _OUTSIDE), 443), turns)

    def _look_for_updates(self, time: int, source: Random) -> Iterator[Event]:
        site = ("updates.example", "192.0.2.80")
        yield from self._look_up(time, source, site)
        turns = [
            (CLIENT, payloads.http_get(site[0], "/v1/check?version=4.2.0")),
            (SERVER, payloads.http_answer(b'{"update":null}')),
        ]
        yield from self.talk(time + 40 * MILLISECOND, source, (behind(site[1], _OUTSIDE), 80), turns)

    def _discover(self, time: int, source: Random) -> Iterator[Event]:
        everybody = Host(BROADCAST, ip("10.20.255.255"))
        printers = payloads.mdns_query("_ipp._tcp.local")
        name = payloads.netbios_query(source.getrandbits(16), "PRINTSRV")
        yield Event(time, self.actor, udp(self.host, 5353, group("224.0.0.251"), 5353, printers))
        for again in range(3):
            at = time + (again + 1) * 300 * MILLISECOND
            yield Event(at, self.actor, udp(self.host, 50_001, group("239.255.255.250"), 1900, payloads.ssdp_search()))
        yield Event(time + SECOND, self.actor, udp(self.host, 137, everybody, 137, name))

    def _renew(self, time: int, source: Random) -> Iterator[Event]:
        server, transaction = on_ward("10.20.0.2", 0x01_0000_0003), source.getrandbits(32)
        wanted, given = (
            dhcp.message(kind, self.host, server, transaction, renewing=True)
            for kind in (dhcp.REQUEST, dhcp.ACKNOWLEDGE)
        )
        yield from self._ask(time, (server, dhcp.SERVER_PORT), wanted, given, dhcp.CLIENT_PORT)

    def _print(self, time: int, source: Random) -> Iterator[Event]:
        document = _NIBBLE + b"".join(b"72 %d moveto (Bed %d) show\n" % (y, y % 30) for y in range(700, 60, -12))
        job = payloads.lpd_job(source.randrange(1000), self.host.name, document * source.randrange(1, 20))
        turns = [turn for said in job for turn in ((CLIENT, said), (SERVER, b"\0"))]
        yield from self.talk(time, source, (behind("10.10.0.20", _INSIDE), 515), turns)

    def _home_folder(self, time: int, source: Random) -> Iterator[Event]:
        """The home folder is mounted over UDP, read over TCP, and let go."""
        server, caller = behind("10.10.0.50", _INSIDE), Caller(self.host.name, 1000, 1000)
        port = source.randrange(600, 1000)  # mount uses a reserved port
        folder = folders.Folder(f"/home/{self.host.name.lower()}", ((".profile", 800), ("handover.txt", 5000)))
        for call in (folders.find_port(source, folders.MOUNT, 3), folders.mount(folder, caller, source)):
            yield from self._ask(time, (server, call.port), call.question, call.answer, port)
            time += 20 * MILLISECOND
        turns = [
            (side, record(data))
            for call in folders.read_all(folder, caller, source)
            for side, data in ((CLIENT, call.question), (SERVER, call.answer))
        ]
        for event in self.talk(time, source, (server, folders.NFS_PORT), turns):
            time = event.time
            yield event
        call = folders.unmount(folder, caller, source)
        yield from self._ask(time + SECOND, (server, call.port), call.question, call.answer, port)

    def _long_session(self, time: int, source: Random) -> Iterator[Event]:
        """A session that stays open for minutes and says a little now and then."""
        site = _SITES[self.number % len(_SITES)]
        turns = [(CLIENT, payloads.client_hello(site[0], source)), (SERVER, payloads.server_hello(source))]
        self._port += 1
        to = (behind(site[1], _OUTSIDE), 443)
        connection = Connection((self.host, self._port), to, time, source, Line(self.actor, 20 * MILLISECOND))
        yield from connection.open()
        for side, data in turns:
            yield from connection.send(side, data)
        for _ in range(source.randrange(5, 40)):
            connection.time += int(source.uniform(25, 35) * SECOND)
            yield from connection.send(CLIENT, payloads.tls_record(23, source.randbytes(40)))
            yield from connection.send(SERVER, payloads.tls_record(23, source.randbytes(60)))
        yield from connection.close()


class Interfaces:
    """The machines that talk to machines: patient administration, an analyser, an imaging device."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._analyser = self._machine("10.20.9.200", 0x05_0000_0001, 1)
        self._imaging = self._machine("10.20.9.210", 0x05_0000_0002, 2)

    def events(self) -> Iterator[Event]:
        """Everything they do."""
        return merge(self._results(), self._admissions(), self._images(), key=itemgetter(0))

    def _machine(self, address: str, mac: int, number: int) -> Workplace:
        machine = Workplace(self.plan, -number)
        machine.host = on_ward(address, mac)
        return machine

    def _results(self) -> Iterator[Event]:
        """Results of the analyser go to the interface engine, a connection each."""
        source = chance(self.plan.seed, "results")
        engine, time, number = (behind("10.10.0.30", _INSIDE), 2575), self.plan.start, 0
        while True:
            time, number = time + int(source.expovariate(1 / 70) * SECOND) + SECOND, number + 1
            patient = invent(source, 9_000_000 + number % 40, (2026, 3, 1))
            shown = {"temperature": round(source.uniform(36, 39), 1), "spo2": float(source.randrange(88, 100))}
            message = hl7.observation(("ANALYSER", "WARD EXAMPLE 1"), f"R{number}", time, patient, shown)
            turns = [(CLIENT, message), (SERVER, hl7.answer("R01", f"R{number}", time))]
            yield from self._analyser.talk(time, source, engine, turns)

    def _admissions(self) -> Iterator[Event]:
        """The interface engine tells the ward's station who comes, on one connection that stays."""
        source = chance(self.plan.seed, "admissions")
        station = on_ward("10.20.9.220", 0x05_0000_0003)
        time = self.plan.start + 5 * SECOND
        line = Line(_FIRST_ACTOR - 3, MILLISECOND)
        connection = Connection((behind("10.10.0.30", _INSIDE), 41_000), (station, 2575), time, source, line)
        yield from connection.open()
        number = 0
        while True:
            number += 1
            connection.time += int(source.expovariate(1 / 50) * SECOND) + SECOND
            patient = invent(source, 9_100_000 + number, (2026, 3, 1))
            message = hl7.admission(("ADMISSION", "SAMPLE HOSPITAL"), f"A{number}", connection.time, patient)
            yield from connection.send(CLIENT, message)
            yield from connection.send(SERVER, hl7.answer("A01", f"A{number}", connection.time))

    def _images(self) -> Iterator[Event]:
        """The imaging device asks its archive whether it is there."""
        source = chance(self.plan.seed, "images")
        archive, time, number = (behind("10.10.0.60", _INSIDE), 11_112), self.plan.start + 9 * SECOND, 0
        while True:
            number += 1
            turns = [
                (CLIENT, payloads.associate("ULTRASOUND", "ARCHIVE")),
                (SERVER, payloads.associate("ULTRASOUND", "ARCHIVE", accept=True)),
                (CLIENT, payloads.echo(number % 65_536)),
                (SERVER, payloads.echo(number % 65_536, answer=True)),
                (CLIENT, payloads.release()),
                (SERVER, payloads.release(answer=True)),
            ]
            yield from self._imaging.talk(time, source, archive, turns)
            time += int(source.uniform(60, 140) * SECOND)


def actors(plan: Plan) -> Iterator[Iterator[Event]]:
    """One sequence of events for each, in order of time; none at level 0."""
    if plan.background:
        yield Interfaces(plan).events()
    for number in range(PER_LEVEL * plan.background):
        yield Workplace(plan, number).events()
