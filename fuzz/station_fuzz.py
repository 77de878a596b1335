"""In: scripts from libFuzzer. Out: nothing, unless a station breaks on what a monitor, an HL7 sender or a page says.

The first byte chooses: the stream, HL7, a page's WebSocket, or a request to its API. What was received is also kept,
told to a page, recalled and exported, since all of these read a monitor's bytes again.
Run: `python fuzz/station_fuzz.py -max_total_time=60`.
"""

import asyncio
import json
import sys
import tempfile
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["wardwatch.station", "wardwatch.protocols"]):
    from wardwatch.errors import WardwatchError
    from wardwatch.secrecy import Pseudonyms, reveal
    from wardwatch.station.admission import Admission, rules
    from wardwatch.station.bounds import Bounds
    from wardwatch.station.hub import Hub
    from wardwatch.station.keeping.archive import Kept
    from wardwatch.station.keeping.records import RAW, Kind, Record, decode, encode
    from wardwatch.station.live import Live
    from wardwatch.station.recall import recalled
    from wardwatch.station.receiving import Receiver
    from wardwatch.station.recording import recording
    from wardwatch.station.table import row
    from wardwatch.station.web.accounts import Role, make
    from wardwatch.station.web.app import application
    from wardwatch.station.web.audit import Audit
    from wardwatch.station.web.desk import Desk
    from wardwatch.station.web.people import AccountFile
    from wardwatch.station.web.shown import Reader
    from wardwatch.station.web.watch import BedNumbers, Watch

from wardwatch.twin.live import Who, sets

FOLDER = Path(tempfile.mkdtemp())
VEIL = Pseudonyms(bytes(32))
LOOP = asyncio.new_event_loop()
ORU = b"\x0bMSH|^~\\&|M||||20261125||ORU^R01|A1|P|2.4\rPID|1||N1\rPV1|1|I|^^2\rOBX|1|NM|8867-4^^LN||71\r\x1c\r"
SOME = list(islice(sets(Who(1), 0), 2))
ACCOUNT = make("fuzz", Role.ADMIN, "no secret at all")
AccountFile(FOLDER / "accounts.json")._write(AccountFile(FOLDER / "accounts.json").accounts().joined_by(ACCOUNT))  # noqa: SLF001  # without hashing it once more
PATHS = ("/api/admit", "/api/release", "/api/silence", "/login", "/logout", "/api/beds/0/trends", "/metrics")


class Line(asyncio.Transport):
    """A transport that leads nowhere."""

    closed = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Two ends."""
        del default
        return ("192.0.2.1", 1) if name == "peername" else ("192.0.2.2", 515)

    def write(self, data: object) -> None:
        """Takes an answer."""

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def is_closing(self) -> bool:
        """Whether it was aborted."""
        return self.closed

    def abort(self) -> None:
        """End it."""
        self.closed = True

    def pause_reading(self) -> None:
        """What comes is given by hand."""

    def resume_reading(self) -> None:
        """As above."""


class Book:
    """Keeps in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, record: Record) -> bool:
        """Through its bytes and back."""
        (again,) = decode(encode(record))
        if again != record:
            raise AssertionError("a record came back changed")
        self.records.append(record)
        return True


async def receive(script: bytes, *, hl7: bool) -> None:
    """One connection: pieces as the script cuts them, then its end; and what became of it."""
    book = Book()
    live = Live(Admission(rules([{"name": "bed", "address": "192.0.2.1"}])))
    receiver = Receiver(Hub(live, book, None), Bounds(rate=1e12))
    protocol: Any = receiver.hl7() if hl7 else receiver.stream()
    line = Line()
    protocol.connection_made(line)
    size = 1 + script[0] * 16 if script else 1
    for at in range(1, len(script), size):
        if not line.closed:
            protocol.data_received(script[at : at + size])
    protocol.connection_lost(None)
    for connection in list(receiver.connections):
        connection.end("over")
    if receiver.refusals.faults or receiver.connections:
        raise AssertionError("these bytes set off a fault")
    read_again(live, book)


def read_again(live: Live, book: Book) -> None:
    """Everything that looks at a monitor's bytes later."""
    for names in (True, False):
        json.dumps(
            Watch(live, BedNumbers(), Reader(names), may_admit=True).ask('{"view": "bed", "bed": 0}')[0].decode()
        )
    recalled(book.records, frozenset({"bed"}), 0)
    kept = [
        Kept(each.at, (1, each.session), each.payload, Kind(each.kind)) for each in book.records if each.kind in RAW
    ]
    for veil in (VEIL, reveal):
        with suppress(WardwatchError):
            for second in recording("bed", kept, veil).seconds():
                row(second)


def desk() -> Desk:
    """A page's desk with one bed whose monitor speaks."""
    live = Live(Admission(rules([{"name": "bed", "address": "192.0.2.1"}])))
    receiver = Receiver(Hub(live, None, None), Bounds())
    protocol: Any = receiver.stream()
    protocol.connection_made(Line())
    LOOP.run_until_complete(fed(protocol))
    made = Desk(live, AccountFile(FOLDER / "accounts.json"), Audit(FOLDER / "audit.jsonl"), VEIL)
    made.requests.rate = made.requests.burst = made.knocks.rate = 1e12
    made.numbers.of("bed")
    return made


async def fed(protocol: Any) -> None:  # noqa: ANN401  # a protocol of the station
    """One set."""
    protocol.data_received(SOME[0])


DESK = desk()
APP = application(DESK, ("127.0.0.1",))
TOKEN = DESK.sessions.begin(ACCOUNT, DESK.now())
SESSION = DESK.sessions.find(TOKEN, DESK.now())


def ask(script: bytes) -> None:
    """What a page says over its WebSocket."""
    with suppress(ValueError, KeyError, RecursionError):  # what `socket.py` takes for no request
        Watch(DESK.live, DESK.numbers, Reader(names=True)).ask(script.decode("utf-8", "replace"))


async def request(script: bytes) -> None:
    """One request with the right cookie and token, of any body; an answer must come, and no fault of the station."""
    if not script or SESSION is None:
        return
    path, get = PATHS[script[0] % len(PATHS)], script[0] % len(PATHS) > 4  # noqa: PLR2004  # the last two are read
    headers = [
        (b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1"), (b"cookie", b"session=" + TOKEN.encode()),
        (b"x-csrf-token", SESSION.csrf.encode()),
    ]  # fmt: skip
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET" if get else "POST", "path": path,
        "raw_path": path.encode(),
        "query_string": b"", "headers": headers, "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80),
        "scheme": "http", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    said = [{"type": "http.request", "body": script[1:], "more_body": False}]
    status: list[int] = []

    async def receive_body() -> dict[str, object]:
        return said.pop() if said else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    if path in ("/login", "/logout"):  # hashing is slow, and signing out ends the harness's own session
        return
    await APP(scope, receive_body, send)
    if not status or status[0] >= 500:  # noqa: PLR2004  # HTTP: a fault of the server
        raise AssertionError(f"{path} answered {status}")


def one(data: bytes) -> None:
    """One script."""
    if not data:
        return
    kind, script = data[0] % 4, data[1:]
    if kind == 0:
        LOOP.run_until_complete(receive(script, hl7=False))
    elif kind == 1:
        LOOP.run_until_complete(receive(script, hl7=True))
    elif kind == 2:  # noqa: PLR2004  # the third of four
        ask(script)
    else:
        LOOP.run_until_complete(request(script))


def seeds() -> None:
    """What libFuzzer begins with."""
    folder = FOLDER / "corpus"
    folder.mkdir()
    asked = (b'{"view": "bed", "bed": 0}', b'{"view": "overview", "first": 3}')
    bodies = (b'{"session": 1, "bed": "bed"}', b'{"session": 1}', b'{"bed": 0, "what": "pause"}')
    scripts = [b"\x00\xff" + b"".join(SOME), b"\x00\x05" + SOME[0], b"\x01\xff" + ORU * 2, b"\x01\x01" + ORU]
    scripts += [b"\x02" + each for each in asked] + [bytes((3, n)) + each for n, each in enumerate(bodies)]
    for number, script in enumerate(scripts):
        (folder / str(number)).write_bytes(script)


if __name__ == "__main__":
    seeds()
    atheris.Setup([*sys.argv, str(FOLDER / "corpus"), "-max_len=20000"], one)
    atheris.Fuzz()
