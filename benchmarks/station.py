"""In: nothing. Out: what a station on this machine bears: monitors, delay from sending to a subscriber, memory, losses.

A station keeps every set on disk, encrypted, and serves one live reader; `station_load.py` sends from another process.
Run: `python benchmarks/station.py [--monitors 256] [--seconds 60] [--checks]`.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from station_load import MAGIC, STAMP, address_of
from wardwatch.station.admission import rules
from wardwatch.station.keeping.archive import Archive
from wardwatch.station.settings import Listen, Settings
from wardwatch.station.station import Station, Storage
from wardwatch.station.subscription import Subscription
from wardwatch.station.words import Signal
from wardwatch.workflows.station_checks import BedChecker

LOAD = Path(__file__).with_name("station_load.py")
KEY = bytes(range(32))


async def read(subscription: Subscription, delays: list[int]) -> None:
    """How old each set is when a reader of the live view gets it, in ns."""
    while not subscription.closed:
        for update in await subscription.next():
            wave = update.waves.get(Signal.RESP)
            if wave and update.view:
                sent, _, _, magic = STAMP.unpack_from(wave)
                if magic == MAGIC:
                    delays.append(time.monotonic_ns() - sent)


async def measure(monitors: int, seconds: float, folder: Path, *, checks: bool) -> dict[str, float]:
    """One run."""
    beds = rules([{"name": f"bed {number}", "address": address_of(number)} for number in range(monitors)])
    settings = Settings(Listen(("127.0.0.1",), (0,), (), ()), beds)
    station = Station(settings, Storage(folder / "data", KEY), BedChecker if checks else None)
    delays: list[int] = []
    await station.start()
    subscription = station.live.subscribe(100_000)
    reader = asyncio.create_task(read(subscription, delays))
    before = time.process_time()
    command = [sys.executable, str(LOAD), "--port", str(station.listening[0][1]), "--monitors", str(monitors)]
    sender = await asyncio.create_subprocess_exec(
        *command, "--seconds", str(seconds), "--sent", str(folder / "sent.json")
    )
    if await sender.wait():
        raise SystemExit("the load did not run")
    await asyncio.sleep(1.0)
    cpu = time.process_time() - before
    checked = station.checks.checked if station.checks else 0
    await station.stop()
    await reader
    status = station.writer.status if station.writer else None
    told = json.loads((folder / "sent.json").read_text())
    sent = sum(len(each) for each in told["sent"].values())
    delays.sort()
    return {
        "monitors": monitors,
        "seconds": seconds,
        "sent": sent,
        "received": station.hub.counts.sets,
        "on disk": kept(folder / "data"),
        "lost": sent - kept(folder / "data"),
        "checked": checked,
        "reader dropped": subscription.dropped,
        "p50 ms": quantile(delays, 0.5),
        "p99 ms": quantile(delays, 0.99),
        "longest ms": quantile(delays, 1.0),
        "sender late ms": round(told["overslept"] * 1000, 1),
        "memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "CPU share of one core": round(cpu / (seconds + 1), 3),
        "kB/s to disk": round(status.bytes / seconds / 1000, 1) if status else 0,
    }


def kept(folder: Path) -> int:
    """Sets in the folder, read back."""
    return sum(place.sets for place in Archive(folder, KEY).places())


def quantile(delays: list[int], share: float) -> float:
    """In ms."""
    return round(delays[min(int(share * len(delays)), len(delays) - 1)] / 1e6, 2) if delays else float("nan")


def table(rows: Iterable[dict[str, float]]) -> None:
    """One line a figure."""
    for row in rows:
        for name, value in row.items():
            print(f"{name:>24}  {value:,}")
        print()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monitors", type=int, nargs="*", default=[256, 1000])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--checks", action="store_true", help="with the check of every displayed number")
    arguments = parser.parse_args()
    rows = []
    for monitors in arguments.monitors:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(asyncio.run(measure(monitors, arguments.seconds, Path(folder), checks=arguments.checks)))
    table(rows)


if __name__ == "__main__":
    main()
