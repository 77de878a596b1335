"""In: where a station listens. Out: everybody who gives it a bad shift, and a record of what each sent and got.

Used by `station_soak.py`. A set or message is owed by the station from the moment it was on its way over a line that
held; what was sent just before the line was reset is not.
"""

import asyncio
import contextlib
import http.client
import random
import socket
import time
import urllib.parse
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from struct import Struct

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from wardwatch.protocols.hl7_messages import Header, acknowledgement, frame
from wardwatch.twin.live import Who, sets
from wardwatch.workflows.station_page import add_account

STREAMS, TALKERS, GARBAGE = 24, 4, 6
PASSWORD = "of this soak only"  # noqa: S105  # the account ends with the run
STAMP = Struct("<IHH")
"""The set's number, the monitor's number, MAGIC, at the beginning of its respiration wave."""
MAGIC = 0xC0DE
ECG_HEAD = b"\x05\x46\x00\x00\x14\x00"
RESP_AT = len(ECG_HEAD) + 3 * 256
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
BROKEN = (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError, WebSocketException, http.client.HTTPException)


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Sent:
    """What was sent whole, and when (monotonic); and what of it nobody owes."""

    at: dict[str, float] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)


@dataclass
class Ward:
    """Everything around one station, until `until` (monotonic)."""

    folder: Path
    stream: int = field(default_factory=free_port)
    hl7: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)
    engine: int = field(default_factory=free_port)
    until: float = 0.0
    streams: Sent = field(default_factory=Sent)
    talks: Sent = field(default_factory=Sent)
    memory: list[list[int]] = field(default_factory=list)
    """kB of each run of the station, one by one."""
    kept: int = 0
    status: int | None = None
    frames: list[int] = field(default_factory=lambda: [0, 0])
    taken: int = 0
    breaks: int = 0

    def configure(self, seconds: float) -> None:
        """The station's configuration and its account."""
        beds = "".join(f'[[bed]]\nname = "bed {n}"\naddress = "{address(n)}"\n' for n in range(STREAMS + TALKERS))
        (self.folder / "c.toml").write_text(
            f'[listen]\naddresses = ["127.0.0.1"]\nstream = [{self.stream}]\nhl7 = [{self.hl7}]\nwatch = []\n{beds}'
            f"[keeping]\nsegment-seconds = {max(10.0, seconds / 30)}\n[bounds]\nsilent = 20\n"
            f'[[forward]]\nname = "engine"\nkind = "hl7"\nto = "127.0.0.1:{self.engine}"\ntls = false\nevery = 5\n'
        )
        add_account(self.folder / "page", "nurse", "clinical", PASSWORD)

    def account(self) -> dict[str, object]:
        """What a judge needs."""
        return {
            "sent": len(self.streams.at),
            "owed": sorted(set(self.streams.at) - self.streams.excused),
            "acknowledged": len(self.talks.at),
            "owed_messages": sorted(set(self.talks.at) - self.talks.excused),
            "memory": self.memory,
            "frames": self.frames,
            "passed_on": self.taken,
            "breaks": self.breaks,
            "status": self.status,
        }


def address(number: int) -> str:
    """Each monitor has an address of its own."""
    return f"127.20.0.{number + 1}"


@contextlib.asynccontextmanager
async def line(to: int, source: str, buffer: int = 0) -> AsyncIterator[Line]:
    """A connection from `source`; with `buffer` its receiver takes no more, and it ends by a reset."""
    raw, writer = socket.socket(), None
    try:
        raw.setblocking(False)  # noqa: FBT003  # its only parameter
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        raw.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", to))
        reader, writer = await asyncio.open_connection(sock=raw)
        yield reader, writer
    finally:
        if writer is None:
            raw.close()
        else:
            writer.transport.abort() if buffer else writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def monitor(ward: Ward, number: int) -> None:
    """A stream, a set a second, that breaks off in every way a line can."""
    pattern = list(islice(sets(Who(number + 1, bed=number), 1_700_000_000 * 10**9), 20))
    dice, count = random.Random(number), 0
    while time.monotonic() < ward.until:
        with contextlib.suppress(*BROKEN):
            async with line(ward.stream, address(number)) as lines:
                fate = 1.0
                while time.monotonic() < ward.until and fate > 0.02:  # noqa: PLR2004  # two seconds in a hundred
                    raw = pattern[count % len(pattern)]
                    at = raw.index(ECG_HEAD) + RESP_AT
                    raw = raw[:at] + STAMP.pack(count, number, MAGIC) + raw[at + STAMP.size :]
                    count, fate = count + 1, dice.random()
                    await send(ward, lines, raw, f"{number}-{count - 1}", fate)
        await asyncio.sleep(dice.random() * 3)


async def send(ward: Ward, line: Line, raw: bytes, key: str, fate: float) -> None:
    """One set; by fate half of it, or all of it and a reset. Owed once its line has held for a second more."""
    reader, writer = line
    ward.breaks += fate <= 0.02  # noqa: PLR2004  # as above
    if fate <= 0.01:  # noqa: PLR2004  # as above
        writer.write(raw[: len(raw) // 2])
        return
    writer.write(raw)
    await writer.drain()
    sent = time.monotonic()
    await asyncio.sleep(1.0)
    if writer.is_closing() or reader.at_eof():
        raise ConnectionError("the station ended the line")
    ward.streams.at[key] = sent
    if fate <= 0.02:  # noqa: PLR2004  # as above
        ward.streams.excused.add(key)  # the reset takes what the station has not read yet
        writer.transport.abort()


async def talker(ward: Ward, number: int) -> None:
    """HL7, a message now and then, the next one after the acknowledgement of the last."""
    count = 0
    while time.monotonic() < ward.until:
        with contextlib.suppress(*BROKEN):
            async with line(ward.hl7, address(number)) as (reader, writer), asyncio.timeout_at(ward.until + 10):
                while time.monotonic() < ward.until:
                    count += 1
                    writer.write(message(f"S{number}-{count}", 60 + count % 40))
                    told = await reader.readuntil(b"\x1c\r")
                    if f"MSA|AA|S{number}-{count}\r".encode() in told:
                        ward.talks.at[f"S{number}-{count}"] = time.monotonic()
                    await asyncio.sleep(0.5)
        await asyncio.sleep(0.5)


def message(control: str, rate: int) -> bytes:
    """One observation of a heart rate."""
    now = datetime.now(UTC)
    head = f"MSH|^~\\&|MON|WARD|WARDWATCH||{now:%Y%m%d%H%M%S}||ORU^R01|{control}|P|2.5.1"
    return frame(f"{head}\rOBR|1\rOBX|1|NM|8867-4^Heart rate^LN||{rate}|/min|||||R\r".encode())


async def deaf_talker(ward: Ward) -> None:
    """HL7 as fast as it goes, and no acknowledgement is ever read."""
    while time.monotonic() < ward.until:
        with contextlib.suppress(*BROKEN):
            async with line(ward.hl7, "127.97.0.1", 4096) as (_, writer), asyncio.timeout(20):
                for count in range(100_000):
                    writer.write(message(f"D{count}", 70))
                    await writer.drain()
        await asyncio.sleep(2)


def rubbish(kind: str, size: int, dice: random.Random) -> bytes:
    """About `size` bytes of one kind."""
    if kind in {"junk", "flood"}:
        return dice.randbytes(size)
    return {"ends": b"\x02\x00\x05\x47", "frames": b"\x0bMSH|", "silence": b""}[kind] * (size // 4)


async def garbage(ward: Ward, number: int) -> None:
    """What is no stream, a flood, half a head again and again, or silence; at either port."""
    dice = random.Random(number)
    while time.monotonic() < ward.until:
        port, kind = dice.choice((ward.stream, ward.hl7)), dice.choice(("junk", "flood", "ends", "frames", "silence"))
        with contextlib.suppress(*BROKEN):
            async with line(port, f"127.99.0.{number + 1}", 4096) as (_, writer), asyncio.timeout(8):
                for _ in range(200):
                    writer.write(rubbish(kind, dice.randrange(1, 9000), dice))
                    await writer.drain()
                    await asyncio.sleep(0 if kind == "flood" else 0.05)
        await asyncio.sleep(0.3)


def signed_in(ward: Ward, source: str) -> str:
    """The session's cookie; '' where nobody was let in."""
    connection = http.client.HTTPConnection("127.0.0.1", ward.page, timeout=30, source_address=(source, 0))
    form = urllib.parse.urlencode({"name": "nurse", "password": PASSWORD})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{ward.page}"}
    try:
        connection.request("POST", "/login", form, headers)
        return (connection.getresponse().getheader("Set-Cookie") or "").partition(";")[0]
    finally:
        connection.close()


async def page(ward: Ward, number: int, pause: float) -> None:
    """A page that waits so long between two frames, which may be longer than the station has patience."""
    source = f"127.98.0.{number + 1}"
    while time.monotonic() < ward.until:
        with contextlib.suppress(*BROKEN):
            cookie = await asyncio.to_thread(signed_in, ward, source)
            headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{ward.page}"}
            async with (
                connect(
                    f"ws://127.0.0.1:{ward.page}/live", additional_headers=headers, local_addr=(source, 0),
                    max_queue=1, ping_interval=None, close_timeout=1, proxy=None,
                ) as open_page,
                asyncio.timeout(max(0.0, ward.until - time.monotonic()) + 5),
            ):  # fmt: skip
                await open_page.send('{"view": "overview"}' if number % 2 else '{"view": "bed", "bed": 0}')
                while time.monotonic() < ward.until:
                    ward.frames[len(ward.memory) - 1] += bool(await open_page.recv())
                    await asyncio.sleep(min(pause, max(0.0, ward.until - time.monotonic())))
        await asyncio.sleep(min(12.0, max(0.0, ward.until - time.monotonic())))  # signing in is slowed down


async def engine(ward: Ward) -> asyncio.Server:
    """The receiver of what is passed on: reads slowly, hangs up, and takes a message now and then."""
    dice = random.Random(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*BROKEN):
            while dice.random() > 0.05:  # noqa: PLR2004  # it hangs up after some twenty
                told = await reader.readuntil(b"\x1c\r")
                await asyncio.sleep(3 if dice.random() < 0.02 else 0)  # noqa: PLR2004  # one in fifty
                control = told.split(b"|")[9].decode()
                ward.taken += 1
                answer = Header("ENGINE", "", "WARDWATCH", "", datetime.now(UTC), control)
                writer.write(frame(acknowledgement(answer, control)))
                await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", ward.engine)
