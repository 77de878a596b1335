"""Devices that knock where nothing is offered: counted, told, never answered."""

import asyncio
import socket
from itertools import count

from wardwatch.station.watching import Watcher
from wardwatch.station.words import SECOND

Told = list[tuple[str, str, int]]


def told_by(*knocks: tuple[float, str, int]) -> Told:
    """What is told when these knocks come: (second, address, port)."""
    told: Told = []
    now = [0.0]
    watcher = Watcher(lambda *each: told.append(each), lambda: int(now[0] * SECOND))
    for second, address, port in knocks:
        now[0] = second
        watcher.knock(address, port)
    return told


def test_the_first_try_is_told_with_what_it_means() -> None:
    ((address, sentence, at),) = told_by((5, "10.20.0.21", 111))
    assert (address, at) == ("10.20.0.21", 5 * SECOND)
    assert sentence.startswith("This device tried to reach port 111 (the port mapper) of the station 1 time, last at ")


def test_later_tries_are_told_now_and_then_with_their_number() -> None:
    told = told_by(*((second / 2, "10.20.0.21", 2049 if second % 2 else 111) for second in range(60)))
    assert [at // SECOND for _, _, at in told] == [0, 10, 20]
    assert "port 111 (the port mapper) and port 2049 (a network file system) of the station 41 times" in told[2][1]


def test_each_device_is_told_of_by_itself() -> None:
    told = told_by((1, "10.20.0.21", 111), (1, "10.20.0.22", 111))
    assert [address for address, _, _ in told] == ["10.20.0.21", "10.20.0.22"]


def test_a_flood_of_addresses_takes_bounded_memory() -> None:
    told: Told = []
    ticks = count()
    watcher = Watcher(lambda *each: told.append(each), lambda: next(ticks))
    for number in range(5000):
        watcher.knock(f"10.{number // 250}.{number % 250}.1", 111)
    assert len(told) == len(watcher._knocks) == 4096
    assert watcher.left_out == 904


def test_real_knocks_are_heard_and_get_no_answer() -> None:
    told: Told = []

    async def run() -> tuple[int, bytes, bool]:
        watcher = Watcher(lambda *each: told.append(each))
        with socket.socket() as asked:
            asked.bind(("127.0.0.1", 0))
            port = asked.getsockname()[1]
        await watcher.open(["127.0.0.1"], [port])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            answer = await asyncio.wait_for(reader.read(), 300)
        except ConnectionResetError:
            answer = b""
        writer.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knocking:
            knocking.connect(("127.0.0.1", port))
            knocking.send(b"hello?")
            for _ in range(30_000):
                await asyncio.sleep(0.01)
                if watcher._knocks["127.0.0.1"].total() == 2:
                    break
            knocking.settimeout(0)
            try:
                silent = not knocking.recv(10)
            except BlockingIOError:
                silent = True
        counted = watcher._knocks["127.0.0.1"][port]
        watcher.close()
        await asyncio.sleep(0)
        return counted, answer, silent

    counted, answer, silent = asyncio.run(run())
    assert (counted, answer) == (2, b"")
    assert silent
    assert len(told) == 1


def test_what_cannot_be_opened_is_not_watched() -> None:
    async def run() -> tuple[int, ...]:
        watcher = Watcher(lambda *_: None)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            await watcher.open(["127.0.0.1"], [taken.getsockname()[1]])
        watcher.close()
        return watcher.watched

    assert asyncio.run(run()) == ()
