"""Real connections on the loopback: monitors, garbage, floods, silence; none disturbs another."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from wardwatch.errors import UsageError
from wardwatch.station import receiving
from wardwatch.station.admission import rules
from wardwatch.station.allowance import Allowance, Allowances
from wardwatch.station.bounds import Bounds
from wardwatch.station.connection import _TURN
from wardwatch.station.health import health
from wardwatch.station.journal import journal
from wardwatch.station.keeping.archive import Archive
from wardwatch.station.live import Settings as Patient
from wardwatch.station.metrics import render
from wardwatch.station.settings import Listen, Settings
from wardwatch.station.station import Station, Storage
from wardwatch.station.views import PlaceState
from wardwatch.station.words import Checker, Contents, Mark, Quantity, Received, Truth

KEY = bytes(32)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Ran = Callable[[Station], Awaitable[None]]


def run(
    act: Ran, folder: Path | None = None, bounds: Bounds | None = None, checker: type[Checker] | None = None
) -> Station:
    async def inside() -> Station:
        beds = rules([{"name": "ICU 1", "device-bed": 1}, {"name": "ICU 2", "device-bed": 2}])
        settings = Settings(Listen(("127.0.0.1",), (0,), (0,)), beds, bounds or Bounds(), live=Patient(late_after=3600))
        station = Station(settings, Storage(folder, KEY) if folder else None, checker)
        async with asyncio.timeout(300):
            await station.start()
            try:
                await act(station)
            finally:
                await station.stop()
        return station

    return asyncio.run(inside())


async def connect(station: Station, *, hl7: bool = False, address: str = "127.0.0.1") -> Streams:
    return await asyncio.open_connection(*station.listening[hl7], local_addr=(address, 0))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # what is waited for has no event
        await asyncio.sleep(0.005)


async def ended(streams: Streams) -> None:
    """Waits until the station has closed it."""
    with contextlib.suppress(ConnectionError):
        await streams[0].read()
    streams[1].close()


def test_a_monitor_is_seen_kept_and_told_of(tmp_path: Path, stream: Callable[[int], list[bytes]]) -> None:
    lines: list[str] = []

    async def act(station: Station) -> None:
        station.live.observers.append(journal(lines.append))
        reader = station.live.subscribe()
        _, writer = await connect(station)
        for data in stream(8):
            writer.write(data)
        await until(lambda: station.hub.counts.sets == 8)
        bed = station.live.place("ICU 1")
        assert bed.state is PlaceState.LIVE
        assert bed.patient
        assert len([update for update in reader.take() if update.waves]) == 8
        assert health(station).status == 200
        text = render(station).decode()
        assert "wardwatch_sets_total 8.0" in text
        assert 'wardwatch_places{kind="bed",state="live"} 1.0' in text
        name = bed.patient.name
        assert name
        assert name not in text
        assert name.upper() not in "".join(lines).upper()
        writer.close()

    station = run(act, tmp_path)
    assert b"".join(each.raw for each in Archive(tmp_path, KEY).kept("ICU 1", 0, 1 << 63)) == b"".join(stream(8))
    assert sum(station.delay.counts) == 8
    assert lines


def test_garbage_and_floods_take_nothing_from_a_monitor(stream: Callable[[int], list[bytes]]) -> None:
    async def act(station: Station) -> None:
        junk = await connect(station, address="127.0.0.2")
        flood = await connect(station, address="127.0.0.3")
        _, writer = await connect(station)
        for data in stream(6):
            junk[1].write(b"\x05\x46" * 400)
            flood[1].write(bytes(range(256)) * 400)
            writer.write(data)
            await asyncio.sleep(0.01)
        await until(lambda: station.hub.counts.sets == 6)
        await ended(flood)
        assert station.receiver.refusals.no_set == 1
        assert station.live.place("ICU 1").state is PlaceState.LIVE
        junk[1].close()
        writer.close()

    run(act, bounds=Bounds(rate=1e9, burst=1e9))


def test_a_stream_that_was_garbled_is_in_step_again(stream: Callable[[int], list[bytes]]) -> None:
    async def act(station: Station) -> None:
        data = stream(6)
        _, writer = await connect(station)
        writer.write(data[0] + data[1] + b"\xff" * 333 + data[2] + data[3] + data[4] + data[5])
        await until(lambda: station.hub.counts.sets == 6)
        assert station.hub.counts.skipped == 333
        assert station.live.sessions()[0].skipped == 333
        writer.close()

    run(act)


def test_one_address_may_open_so_many_connections_and_no_more() -> None:
    async def act(station: Station) -> None:
        held = [await connect(station) for _ in range(3)]
        await until(lambda: len(station.receiver.connections) == 3)
        await ended(await connect(station))
        other = await connect(station, address="127.0.0.2")
        await until(lambda: len(station.receiver.connections) == 4)
        held[0][1].close()
        await until(lambda: len(station.receiver.connections) == 3)
        again = await connect(station)
        await until(lambda: len(station.receiver.connections) == 4)
        assert station.receiver.refusals.address == 1
        for _, writer in (*held, other, again):
            writer.close()

    run(act, bounds=Bounds(each_address=3))


def test_all_together_may_open_so_many_and_a_trusted_gateway_more_than_others() -> None:
    async def act(station: Station) -> None:
        held = [await connect(station) for _ in range(4)]
        await until(lambda: len(station.receiver.connections) == 4)
        await ended(await connect(station, address="127.0.0.2"))
        assert station.receiver.refusals.total == 1
        for _, writer in held:
            writer.close()

    run(act, bounds=Bounds(each_address=1, all=4, trusted=("127.0.0.1",)))


def test_a_silent_connection_is_closed_and_one_that_speaks_is_not(stream: Callable[[int], list[bytes]]) -> None:
    async def act(station: Station) -> None:
        silent, speaking = await connect(station), await connect(station, address="127.0.0.2")
        await until(lambda: len(station.receiver.connections) == 2)
        for connection in station.receiver.connections:
            connection.heard -= 1001  # as if that much time had passed
        speaking[1].write(stream(1)[0])
        await until(lambda: station.hub.counts.sets == 1)
        await ended(silent)
        assert station.receiver.refusals.silent == 1
        assert len(station.receiver.connections) == 1
        speaking[1].close()

    run(act, bounds=Bounds(silent=1000))


def test_who_sends_too_fast_waits_and_loses_nothing(tmp_path: Path, stream: Callable[[int], list[bytes]]) -> None:
    """At a byte a second 29 kB take hours: the first turn is all that is taken, and the rest at the end."""

    async def act(station: Station) -> None:
        _, writer = await connect(station)
        writer.write(b"".join(stream(20)))
        await until(lambda: station.hub.counts.sets == _TURN)
        (connection,) = station.receiver.connections
        assert connection.transport
        assert not connection.transport.is_reading()
        other = await connect(station, address="127.0.0.2")
        other[1].write(stream(1)[0])
        await until(lambda: station.hub.counts.sets == _TURN + 1)
        writer.close()
        other[1].close()

    run(act, tmp_path, bounds=Bounds(rate=1, burst=10_000))
    places = {each.place: each.sets for each in Archive(tmp_path, KEY).places()}
    assert sum(places.values()) == 21


def test_who_comes_again_has_no_new_allowance_unless_a_gateway(stream: Callable[[int], list[bytes]]) -> None:
    async def act(station: Station) -> None:
        writers = []
        for address, taken in (("127.0.0.2", 20), ("127.0.0.2", 21), ("127.0.0.3", 41)):
            _, writer = await connect(station, address=address)
            writer.write(b"".join(stream(20)))
            await until(lambda taken=taken: station.hub.counts.sets >= taken)
            writers.append(writer)
        assert station.hub.counts.sets < 20 + 20 + 20
        for writer in writers:
            writer.close()

    run(act, bounds=Bounds(rate=1, burst=30_000, trusted=("127.0.0.3",)))


def test_many_tiny_messages_at_once_let_others_have_their_turn() -> None:
    """What costs most is many messages of a few bytes: others are served in between."""

    async def act(station: Station) -> None:
        _, flood = await connect(station, hl7=True, address="127.0.0.2")
        reader, writer = await connect(station, hl7=True)
        flood.write(b"\x0bMSH|" * 20_000)
        await until(lambda: station.hub.counts.messages > 0)
        writer.write(ORU % b"A1")
        assert b"MSA|AA|A1" in await reader.readuntil(b"\x1c\r")
        assert station.hub.counts.messages < 10_000
        flood.close()
        writer.close()

    run(act)


def test_a_fault_at_the_end_still_ends_the_session(
    monkeypatch: pytest.MonkeyPatch, stream: Callable[[int], list[bytes]]
) -> None:
    async def act(station: Station) -> None:
        _, writer = await connect(station)
        writer.write(stream(1)[0])
        await until(lambda: station.hub.counts.sets == 1)
        monkeypatch.setattr(receiving.Cutter, "finish", lambda _: 1 / 0)
        writer.close()
        await until(lambda: not station.receiver.connections)
        assert station.receiver.refusals.faults == 1
        assert station.live.sessions()[0].ended

    run(act)


def test_an_allowance_is_a_token_bucket() -> None:
    allowance = Allowance(10, 100)
    assert allowance.spend(100, 0) == 0
    assert allowance.spend(20, 0) == 2
    assert allowance.spend(0, 2) == 0
    assert allowance.spend(101, 1000) == pytest.approx(0.1)


def test_a_fault_in_reading_one_connection_ends_that_one(
    monkeypatch: pytest.MonkeyPatch, stream: Callable[[int], list[bytes]]
) -> None:
    real = receiving.Cutter.feed

    def feed(self: receiving.Cutter, data: bytes) -> object:
        if data.startswith(b"BREAK"):
            raise RuntimeError("a fault of ours")
        return real(self, data)

    monkeypatch.setattr(receiving.Cutter, "feed", feed)

    async def act(station: Station) -> None:
        bad, good = await connect(station, address="127.0.0.2"), await connect(station)
        bad[1].write(b"BREAK")
        await ended(bad)
        good[1].write(stream(1)[0])
        await until(lambda: station.hub.counts.sets == 1)
        assert station.receiver.refusals.faults == 1
        good[1].close()

    run(act)


ORU = b"\x0bMSH|^~\\&|M||||20261125||ORU^R01|%s|P|2.4\rPV1|1|I|^^2\rOBX|1|NM|8867-4^^LN||71\r\x1c\r"


def test_an_hl7_message_is_kept_shown_and_acknowledged(tmp_path: Path) -> None:
    async def act(station: Station) -> None:
        reader, writer = await connect(station, hl7=True)
        for number in (b"A1", b"A2"):
            writer.write(ORU % number)
            answer = await reader.readuntil(b"\x1c\r")
            assert b"MSA|AA|" + number in answer
        assert station.live.place("ICU 2").numbers[Quantity.HR].value == 71
        writer.write(b"\x0bMSH|^~\\&|M||||||ACK|9|P|2.4\rMSA|AA|1\r\x1c\r" + ORU % b"A3")
        assert b"MSA|AA|A3" in await reader.readuntil(b"\x1c\r")
        writer.close()

    run(act, tmp_path)
    assert len(list(Archive(tmp_path, KEY).kept("ICU 2", 0, 1 << 63))) == 4  # the acknowledgement as well


def test_a_port_that_is_taken_is_said() -> None:
    async def act(station: Station) -> None:
        taken = station.listening[0][1]
        with pytest.raises(UsageError, match=str(taken)):
            await Station(Settings(Listen(("127.0.0.1",), (taken,), ()))).start()

    run(act)


def test_a_port_that_may_not_be_opened_is_tried_higher(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> tuple[tuple[str, int], ...]:
        loop = asyncio.get_running_loop()
        real = loop.create_server

        async def create(make: object, address: str, port: int, **more: object) -> object:
            if port < 1024:
                raise PermissionError(13, "Permission denied")
            return await real(make, address, 0, **more)

        asked: list[int] = []
        monkeypatch.setattr(loop, "create_server", lambda m, a, p, **k: (asked.append(p), create(m, a, p, **k))[1])
        station = Station(Settings(Listen(("127.0.0.1",), (515,), (), ())))
        await station.start()
        await station.stop()
        assert asked == [515, 10515]
        return station.listening

    assert len(asyncio.run(act())) == 1


class Slow:
    """A check that says HR is true, and breaks on bed 2."""

    def feed(self, received: Received, contents: Contents, seconds: int) -> tuple[Mark, ...]:
        del received, seconds
        if contents.device_bed == 2:
            raise ValueError("a fault of the check")
        return (Mark(Quantity.HR, Truth.VERIFIED, "", 60.0),)


def test_checks_set_marks_and_one_that_breaks_is_not_verified(
    stream: Callable[[int], list[bytes]], blocks: object
) -> None:
    async def act(station: Station) -> None:
        _, good = await connect(station)
        _, bad = await connect(station, address="127.0.0.2")
        good.write(stream(1)[0])
        bad.write(blocks.bed(2) + blocks.ecg(80) + blocks.end)
        for bed, state in (("ICU 1", Truth.VERIFIED), ("ICU 2", Truth.CANNOT_VERIFY)):
            await until(lambda bed=bed: bool(station.live.place(bed).numbers))
            await until(lambda bed=bed: station.live.place(bed).numbers[Quantity.HR].mark is not None)
            mark = station.live.place(bed).numbers[Quantity.HR].mark
            assert mark
            assert mark.state is state
        assert station.checks
        assert station.checks.faults == 1
        assert health(station).status == 503
        good.close()
        bad.close()

    run(act, checker=Slow)


def test_what_is_admitted_by_hand_is_there_after_a_restart(
    tmp_path: Path, stream: Callable[[int], list[bytes]]
) -> None:
    async def first(station: Station) -> None:
        _, writer = await connect(station)
        writer.write(stream(1)[0])
        await until(lambda: station.hub.counts.sets == 1)
        station.admit(station.live.sessions()[0].number, "ICU 9")
        writer.close()

    async def second(station: Station) -> None:
        _, writer = await connect(station)
        writer.write(stream(1)[0])
        await until(lambda: station.live.place("ICU 9").state is PlaceState.LIVE)
        writer.close()

    run(first, tmp_path)
    run(second, tmp_path)


def test_a_disk_that_takes_nothing_leaves_the_live_view_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: Callable[[int], list[bytes]]
) -> None:
    async def act(station: Station) -> None:
        assert station.writer
        writer_status = station.writer
        from wardwatch.station.keeping import writer as module  # noqa: PLC0415  # only this test breaks the disk

        def fail(*_: object) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(module.os, "write", fail)
            _, writer = await connect(station)
            writer.write(b"".join(stream(5)))
            await until(lambda: station.hub.counts.sets == 5 and bool(writer_status.status.trouble))
            assert station.live.place("ICU 1").state is PlaceState.LIVE
            assert health(station).status == 503
            await until(lambda: any("nothing is kept" in event.text for event in station.live.events()))
            writer.close()
        await until(lambda: health(station).status == 200)

    run(act, tmp_path)
    assert len(list(Archive(tmp_path, KEY).kept("ICU 1", 0, 1 << 63))) == 5


def test_tiny_messages_cost_more_than_their_bytes() -> None:
    """2 kB of 20 messages, with 8 kB of allowance: two turns of eight, and no more."""

    async def act(station: Station) -> None:
        _, writer = await connect(station, hl7=True)
        writer.write(b"".join(ORU % str(number).encode() for number in range(20)))
        await until(lambda: station.hub.counts.messages == 16)
        _, other = await connect(station, hl7=True, address="127.0.0.2")
        other.write(ORU % b"A")
        await until(lambda: station.hub.counts.messages == 17)
        writer.close()
        other.close()

    run(act, bounds=Bounds(rate=1, burst=8000))


def test_a_message_that_cannot_be_kept_is_not_acknowledged_as_kept() -> None:
    class Full:
        def put(self, record: object) -> bool:
            del record
            return False

    async def act(station: Station) -> None:
        station.hub.join(Full(), None, station.delay)
        reader, writer = await connect(station, hl7=True)
        writer.write(ORU % b"A1")
        assert b"MSA|AE|A1" in await reader.readuntil(b"\x1c\r")
        writer.close()

    run(act)


def test_a_message_longer_than_any_is_cut_and_not_acknowledged() -> None:
    async def act(station: Station) -> None:
        reader, writer = await connect(station, hl7=True)
        writer.write((ORU % b"A1")[:-2] + b"NTE|1||" + b"x" * (1 << 20) + b"\r\x1c\r" + ORU % b"A2")
        assert b"MSA|AA|A2" in await reader.readuntil(b"\x1c\r")
        assert station.hub.counts.messages == 2
        writer.close()

    run(act, bounds=Bounds(rate=1e9, burst=1e9, without_set=1 << 30))


class Deaf(asyncio.Transport):
    """A peer that reads nothing, as the station sees it."""

    unread = 0
    aborted = False

    def write(self, data: bytes) -> None:
        self.unread += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        """What comes is given by hand."""

    def resume_reading(self) -> None:
        """As above."""


def test_who_does_not_read_its_answers_is_ended() -> None:
    async def act(station: Station) -> None:
        protocol, transport = station.receiver.hl7(), Deaf({"peername": ("192.0.2.1", 1), "sockname": ("192.0.2.2", 2)})
        protocol.connection_made(transport)
        while not transport.aborted:
            protocol.data_received(ORU % b"A1")
            assert transport.unread < 300_000
        assert transport.unread > 250_000
        protocol.connection_lost(None)

    run(act)


def test_what_is_not_taken_at_the_end_is_counted() -> None:
    async def act(station: Station) -> None:
        _, writer = await connect(station, hl7=True)
        writer.write(b"\x0bMSH|" * 20_000)
        await until(lambda: station.hub.counts.messages > 0)
        writer.close()

    station = run(act)
    assert station.hub.counts.messages < 5000
    assert station.hub.counts.skipped + 4 * station.hub.counts.messages >= 4 * 10_000


def test_the_allowance_asked_for_longest_ago_is_forgotten_first() -> None:
    held = Allowances(1, 10, 2)
    first, second = held.of("a"), held.of("b")
    assert held.of("a") is first
    third = held.of("c")
    assert (held.of("a"), held.of("c")) == (first, third)
    assert held.of("a") is first
    assert held.of("b") is not second


@pytest.mark.parametrize("junk", [b"\x05\x46", b"\x0b", b"\xff\xff\x05F", b"\x07\x00\x05\x45\x00\x00"])
@pytest.mark.parametrize("hl7", [False, True])
def test_junk_is_read_a_piece_at_a_time_and_others_have_their_turn(junk: bytes, hl7: bool) -> None:  # noqa: FBT001  # a case
    """However long the junk takes: of 200 kB no more than its allowance was read when others got their answer."""

    async def act(station: Station) -> None:
        _, flood = await connect(station, hl7=hl7, address="127.0.0.2")
        reader, writer = await connect(station, hl7=True)
        flood.write(junk * (200_000 // len(junk)))
        (bad,) = [each for each in station.receiver.connections if each._address == "127.0.0.2"]
        await until(lambda: bool(bad._unread))
        writer.write(ORU % b"A1")
        assert b"MSA|AA|A1" in await reader.readuntil(b"\x1c\r")
        assert len(bad._unread) > 10_000
        flood.close()
        writer.close()

    run(act, bounds=Bounds(rate=10, burst=5000))
