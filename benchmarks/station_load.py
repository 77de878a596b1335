"""In: a station's address and port, how many monitors. Out: that many streams, a set a second each, and what was sent.

Each set bears when it was sent and its number in the first bytes of its respiration wave, so that whoever gets it can
tell how old it is and whether one is missing. Monitors come from addresses of their own on the loopback network.
Run: `python benchmarks/station_load.py --port 5150 --monitors 256 --seconds 60 --sent sent.json`.
"""

import argparse
import asyncio
import contextlib
import json
import random
import time
from itertools import islice
from pathlib import Path
from struct import Struct

from wardwatch.twin.live import Who, sets

STAMP = Struct("<QIHH")
"""Monotonic clock of the machine in ns, the set's number, the monitor's number, 0xC0DE."""
MAGIC = 0xC0DE
_RESP_AT = 4 + 4 + 3 * 256  # head, 0 0 sub-type 0, three leads
_ECG_HEAD = b"\x05\x46\x00\x00\x14\x00"
_PATTERNS, _LONG = 8, 30


def stamped(data: bytes, number: int, monitor: int) -> bytes:
    """`data` with the stamp in its respiration wave."""
    at = data.index(_ECG_HEAD) - 2 + _RESP_AT
    return data[:at] + STAMP.pack(time.monotonic_ns(), number, monitor, MAGIC) + data[at + STAMP.size :]


def address_of(monitor: int) -> str:
    """An address of the loopback network for each monitor."""
    return f"127.{20 + monitor // 62500}.{monitor % 62500 // 250}.{monitor % 250 + 1}"


class Monitor:
    """One monitor, which comes again when its connection ends."""

    def __init__(self, number: int, patterns: list[list[bytes]], to: tuple[str, int]) -> None:
        self.number, self.to = number, to
        self.sent: list[tuple[int, int]] = []
        """Number of each set handed to the network, and when."""
        self.breaks = 0
        self.overslept = 0.0
        self._pattern = patterns[number % len(patterns)]

    async def run(self, until: float, chaos: float) -> None:
        """Send until `until` (monotonic); with `chaos` close the connection with that chance each second."""
        await asyncio.sleep(random.random())
        writer, due = None, time.monotonic()
        while time.monotonic() < until:
            if writer is None:
                writer = await self._connect()
            if writer is not None:
                writer = await self._send(writer)
            if writer is not None and chaos and random.random() < chaos:
                writer.transport.abort() if random.randrange(2) else writer.close()
                writer, self.breaks = None, self.breaks + 1
            due += 1.0
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.overslept = max(self.overslept, time.monotonic() - due)
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _connect(self) -> asyncio.StreamWriter | None:
        try:
            _, writer = await asyncio.open_connection(*self.to, local_addr=(address_of(self.number), 0))
        except OSError:
            return None
        return writer

    async def _send(self, writer: asyncio.StreamWriter) -> asyncio.StreamWriter | None:
        number = len(self.sent)
        try:
            writer.write(stamped(self._pattern[number % len(self._pattern)], number, self.number))
            await writer.drain()
        except OSError:
            self.breaks += 1
            return None
        if writer.is_closing():
            return None
        self.sent.append((number, time.monotonic_ns()))
        return writer


async def garbage(to: tuple[str, int], until: float, number: int) -> None:
    """A client that sends what is no stream, floods, or says nothing at all."""
    source = random.Random(number)
    while time.monotonic() < until:
        with contextlib.suppress(OSError, TimeoutError):
            _, writer = await asyncio.open_connection(*to, local_addr=(f"127.99.0.{number % 250 + 1}", 0))
            kind = source.choice(("junk", "flood", "ends", "silence"))
            async with asyncio.timeout(5):
                for _ in range(200):
                    size = source.randrange(1, 20_000)
                    junk = source.randbytes(size) if kind in {"junk", "flood"} else b"\x02\x00\x05\x47" * (size // 4)
                    writer.write(junk if kind != "silence" else b"")
                    await writer.drain()
                    await asyncio.sleep(0 if kind == "flood" else 0.05)
            writer.transport.abort()
        await asyncio.sleep(0.2)


async def load(arguments: argparse.Namespace) -> str:
    """All monitors and all others at once; then the account of what was sent."""
    patterns = [list(islice(sets(Who(seed), 1_700_000_000 * 10**9), _LONG)) for seed in range(1, _PATTERNS + 1)]
    to, until = (arguments.host, arguments.port), time.monotonic() + arguments.seconds
    monitors = [Monitor(number, patterns, to) for number in range(arguments.monitors)]
    others = [garbage(to, until, number) for number in range(arguments.garbage)]
    await asyncio.gather(*(monitor.run(until, arguments.chaos) for monitor in monitors), *others)
    told = {
        "sent": {str(monitor.number): monitor.sent for monitor in monitors},
        "breaks": sum(monitor.breaks for monitor in monitors),
        "overslept": max(monitor.overslept for monitor in monitors),
    }
    return json.dumps(told)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--monitors", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--garbage", type=int, default=0, help="clients that send what is no stream")
    parser.add_argument("--chaos", type=float, default=0.0, help="chance each second that a monitor's connection ends")
    parser.add_argument("--sent", required=True, help="where to write what was sent")
    arguments = parser.parse_args()
    Path(arguments.sent).write_text(asyncio.run(load(arguments)), encoding="ascii")


if __name__ == "__main__":
    main()
