"""The thread of the checks: in order, each session by itself, and what could not be checked is never called true."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from wardwatch.station.checks import CheckThread
from wardwatch.station.health import health
from wardwatch.station.keeping.writer import Status
from wardwatch.station.metrics import render
from wardwatch.station.settings import Forward, Listen, Settings
from wardwatch.station.station import Station, Storage
from wardwatch.station.words import SECOND, Contents, Mark, Quantity, Received, Signal, Truth

Told = list[tuple[int, tuple[Mark, ...]]]
SHOWN = Contents({Quantity.HR: 60.0, Quantity.SPO2: 97.0}, waves={Signal.II: b""})


def received(number: int, session: int = 1, at: int = 0) -> Received:
    return Received(session, number, at * SECOND, b"")


class Checked:
    """Runs a thread of checks to the end of what it was given."""

    def __init__(self, make: Callable[[], object], waiting: int = 100) -> None:
        self.told: Told = []
        self.thread = CheckThread(make, lambda session, marks: self.told.append((session, marks)), waiting)

    def until(self, condition: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(30_000):
            if condition():
                return
            pause.wait(0.01)
        raise AssertionError("it never came about")


class Counting:
    """Marks each second with its number."""

    def feed(self, told: Received, contents: Contents, seconds: int) -> tuple[Mark, ...]:
        del contents
        return (Mark(Quantity.HR, Truth.VERIFIED, f"{told.number}", float(seconds)),)


class Breaking:
    """Breaks on its second set."""

    fed = 0

    def feed(self, told: Received, contents: Contents, seconds: int) -> tuple[Mark, ...]:
        del contents, seconds
        type(self).fed += 1
        if told.number == 2:
            raise ZeroDivisionError
        return ()


def test_seconds_count_from_a_sessions_first_set() -> None:
    run = Checked(Counting)
    for number, session, at in ((1, 1, 100), (1, 2, 105), (2, 1, 103), (2, 2, 106)):
        run.thread.submit(received(number, session, at), SHOWN)
    run.until(lambda: len(run.told) == 4)
    assert [(session, marks[0].derived) for session, marks in run.told] == [(1, 0), (2, 0), (1, 3), (2, 1)]
    run.thread.forget(1)
    run.thread.submit(received(3, 1, 110), SHOWN)
    run.until(lambda: len(run.told) == 5)
    assert run.told[-1][1][0].derived == 0
    run.thread.close()


def test_a_check_that_broke_is_not_asked_again_and_says_so() -> None:
    Breaking.fed = 0
    run = Checked(Breaking)
    for number in (1, 2, 3):
        run.thread.submit(received(number), SHOWN)
    run.until(lambda: bool(run.told) and not run.thread._queue)
    run.thread.close()
    assert (Breaking.fed, run.thread.faults) == (2, 1)
    ((session, marks),) = run.told
    assert (session, [(each.quantity, each.state) for each in marks]) == (1, [(Quantity.HR, Truth.CANNOT_VERIFY)])


def test_what_the_thread_is_too_slow_for_is_not_called_true() -> None:
    run = Checked(Counting, waiting=0)
    run.thread.submit(received(1), SHOWN)
    run.thread.close()
    assert run.thread.left_out == 1
    assert [marks[0].state for _, marks in run.told] == [Truth.CANNOT_VERIFY]
    assert "too busy" in run.told[0][1][0].why


def test_a_station_passes_on_keeps_and_says_what_does_not_work(
    tmp_path: Path, clean_loop: Callable[[object], object]
) -> None:
    async def run() -> None:
        to = (
            Forward("engine", "hl7", "127.0.0.1:9", tls=False),
            Forward("ehr", "fhir", "http://127.0.0.1:9/r4", tls=False),
        )
        station = Station(Settings(Listen(("127.0.0.1",), (0,), (), ()), forward=to), Storage(tmp_path, bytes(32)))
        await station.start()
        assert [each.alive for each in station.forwarders] == [True, True]
        station.forwarders[0].spool.add([b"MSH|^~\\&|"])
        while health(station).status == 200:  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.01)
        assert health(station).reasons[0].startswith("engine does not take messages")
        await station.stop()
        assert {each.split(" ")[0] for each in health(station).reasons} == {"engine", "ehr", "nothing"}

    clean_loop(run())


def test_a_writing_thread_that_ended_is_said() -> None:
    station = Station(Settings())
    station.listening = (("127.0.0.1", 515),)
    assert health(station).status == 200
    station.writer = SimpleNamespace(status=Status(), alive=False)
    assert health(station).reasons == ("nothing is kept on disk: the writing thread has ended",)
    station.writer = SimpleNamespace(status=Status(lost_sets=7, sets=3, failures=2, trouble="full"), alive=True)
    told = render(station).decode().splitlines()
    for line in ("lost_sets_total 7.0", "kept_sets_total 3.0", "keeping_failures_total 2.0", "keeping_works 0.0"):
        assert f"wardwatch_{line}" in told
