"""In: nothing. Out: how smoothly and how soon the page shows 64 beds, in Chromium without a graphics processor.

Frames a second are those the page drew. The delay is from the moment a set is written to the station's socket to the
frame in which its last sample stands on the canvas: one bed's lead II is flat but for a spike in the last samples of
every eighth set, and the page's own pixels are read at every frame until it is there.
Run: `python benchmarks/station_page.py [--beds 64] [--seconds 60]`.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from playwright.async_api import Page, async_playwright

from wardwatch.protocols.cms import Bed, Ecg, EndOfSet, Pleth, encode
from wardwatch.secrecy import Pseudonyms
from wardwatch.station.admission import BedRule
from wardwatch.station.settings import Listen, Settings
from wardwatch.station.station import Station
from wardwatch.station.web.accounts import Role
from wardwatch.station.web.audit import Audit
from wardwatch.station.web.desk import Desk
from wardwatch.station.web.people import AccountFile
from wardwatch.station.web.server import Door, serve
from wardwatch.twin.live import Who, sets

PASSWORD: Final = "for this run only"  # noqa: S105  # of a station that ends with the run
PORT: Final = 18515
EVERY: Final = 8
FLAT: Final = bytes([128]) * 256
SPIKE: Final = bytes([128]) * 246 + bytes([255]) * 10
WATCH: Final = """() => {
  const canvas = view.tiles.get(0).canvas;
  const pen = canvas.getContext("2d");
  window.seen = [];
  let there = false;
  const look = () => {
    const pixels = pen.getImageData(0, 0, canvas.width, Math.round(canvas.height * 0.1)).data;
    let lit = false;
    for (let at = 1; at < pixels.length && !lit; at += 4) lit = pixels[at] > 120;
    if (lit && !there) window.seen.push(performance.timeOrigin + performance.now());
    there = lit;
    requestAnimationFrame(look);
  };
  look();
}"""


def flat_set(wave: bytes) -> bytes:
    """A set of bed 1 whose lead II is `wave`."""
    ecg = Ecg(
        FLAT,
        wave,
        FLAT,
        bytes(128),
        60,
        0,
        15,
        0,
        bytes(12),
        bytes(15),
        130,
        45,
        1,
        30,
        8,
        1,
        bytes(30),
        10,
        0,
        0,
        bytes(45),
    )
    pleth = Pleth(FLAT, 97, 0, 60, 0, 90, 100, 1, 45, 130, 1, bytes(12))
    return encode(Bed(bed=1)) + encode(ecg) + encode(pleth) + encode(EndOfSet())


async def spikes(port: int, sent: list[float]) -> None:
    """The bed that is watched."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(1_000_000):
        marked = number % EVERY == EVERY - 1
        writer.write(flat_set(SPIKE if marked else FLAT))
        await writer.drain()
        if marked:
            sent.append(time.time() * 1000)
        await asyncio.sleep(1)


async def monitor(port: int, bed: int) -> None:
    """One of the others."""
    await asyncio.sleep(bed / 70)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    for data in sets(Who(bed, bed), time.time_ns()):
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(1)


async def page_of(door: Door, seconds: float) -> tuple[float, list[float]]:
    """Frames a second, and when each spike was seen (ms since 1970)."""
    async with async_playwright() as playwright:
        options = {"executable_path": shutil.which("chromium"), "args": ["--no-sandbox", "--disable-gpu"]}
        browser = await playwright.chromium.launch(**options)
        page: Page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        await page.goto(door.address)
        await page.fill("#name", "bench")
        await page.fill("#password", PASSWORD)
        await page.click("button")
        await page.wait_for_selector(".tile[data-state=live]")
        await page.wait_for_timeout(5000)
        before, begun = await page.evaluate("framesDrawn()"), time.monotonic()
        await page.wait_for_timeout(seconds * 500)
        rate = (await page.evaluate("framesDrawn()") - before) / (time.monotonic() - begun)
        await page.evaluate(WATCH)
        await page.wait_for_timeout(seconds * 500)
        seen = await page.evaluate("window.seen")
        await browser.close()
    return rate, seen


async def measure(beds: int, seconds: float, folder: Path) -> tuple[float, list[float]]:
    """Frames a second, and the delays in ms."""
    rules = tuple(BedRule(f"Bed {each}", device_bed=each) for each in range(1, beds + 1))
    station = Station(Settings(listen=Listen(("127.0.0.1",), (0,), ()), beds=rules))
    people = AccountFile(folder / "accounts.json")
    people.add("bench", Role.VIEW, PASSWORD)
    door = Door(port=PORT)
    await station.start()
    desk = Desk(station.live, people, Audit(folder / "audit.jsonl"), Pseudonyms(bytes(32)))
    sent: list[float] = []
    port = station.listening[0][1]
    tasks = [
        asyncio.create_task(each)
        for each in (serve(desk, door), spikes(port, sent), *(monitor(port, bed) for bed in range(2, beds + 1)))
    ]
    try:
        rate, seen = await page_of(door, seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await station.stop()
    delays = [
        min(here - there for there in sent if there < here) for here in seen if any(there < here for there in sent)
    ]
    return rate, delays


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beds", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args()
    if shutil.which("chromium") is None:
        raise SystemExit("station_page: left out, chromium is not installed")
    with tempfile.TemporaryDirectory() as folder:
        rate, delays = asyncio.run(measure(asked.beds, asked.seconds, Path(folder)))
    print(f"page with {asked.beds} beds, without a graphics processor: {rate:.1f} frames a second")
    print(f"from socket to pixel: {min(delays) / 1000:.2f} to {max(delays) / 1000:.2f} s, {len(delays)} spikes")


if __name__ == "__main__":
    main()
