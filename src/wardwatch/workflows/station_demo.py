"""In: a port for the page. Out: a station with eight living beds of the twin, one of which lies, until it is left."""

import asyncio
import contextlib
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wardwatch.station.admission import BedRule
from wardwatch.station.settings import Listen, Settings
from wardwatch.station.station import Station
from wardwatch.station.words import Checker
from wardwatch.twin.live import Who, sets

from .station_checks import BedChecker
from .station_page import PageWanted, add_account, page

BEDS: Final = 8
LYING: Final = 3
"""The bed whose display shows a heart rate that its waves do not give."""
TOO_HIGH: Final = 24
NAME: Final = "demo"
_STAY: Final = 86_400.0
_APART: Final = 1.0 / BEDS


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the page is, and who may open it for as long as it runs."""

    address: str
    name: str
    password: str


@asynccontextmanager
async def demo(port: int, make_checker: Callable[[], Checker] | None = BedChecker) -> AsyncIterator[Demo]:
    """Everything on this machine only; nothing is kept once the block is left."""
    rules = tuple(BedRule(f"Bed {bed}", device_bed=bed) for bed in range(1, BEDS + 1))
    station = Station(Settings(listen=Listen(("127.0.0.1",), (0,), ()), beds=rules), make_checker=make_checker)
    password = secrets.token_urlsafe(9)
    with tempfile.TemporaryDirectory() as folder:
        add_account(Path(folder), NAME, "clinical", password)
        await station.start()
        monitors = [asyncio.create_task(_monitor(station.listening[0], bed)) for bed in range(1, BEDS + 1)]
        try:
            async with page(station, PageWanted(port=port, folder=Path(folder))) as address:
                yield Demo(address, NAME, password)
        finally:
            for monitor in monitors:
                monitor.cancel()
            await asyncio.gather(*monitors, return_exceptions=True)
            await station.stop()


async def _monitor(to: tuple[str, int], bed: int) -> None:
    """One monitor of the twin, a set a second, until it is cancelled."""
    await asyncio.sleep(bed * _APART)
    who = Who(seed=8000 + bed, bed=bed, too_high=TOO_HIGH if bed == LYING else 0, stay=_STAY)
    _, writer = await asyncio.open_connection(*to)
    begun = time.monotonic()
    try:
        for number, data in enumerate(sets(who, time.time_ns()), 1):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(max(0.0, begun + number - time.monotonic()))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
