"""In: records, from the event loop, without ever waiting. Out: segments on disk, written by one thread of their own.

Every `every` seconds what came is sealed into a chunk and written, and once a second forced to the disk: a killed
process loses at most `every` seconds, a power cut about one second more. A full disk stops neither the caller nor the
thread: it keeps what it can, counts what it cannot, tries again with each chunk, and says so in `status`.
"""

import fcntl
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from wardwatch.errors import InputError, UsageError

from . import records
from .chunks import Sealer
from .records import Record
from .retention import Retention, name_of
from .standing import Standing
from .waiting import Waiting

_SYNC_EVERY: Final = 1.0
_PIECE: Final = 4 << 20
"""Plain bytes of one chunk, about."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How segments are written. Bytes and seconds."""

    every: float = 0.25
    segment_bytes: int = 64 << 20
    segment_seconds: float = 3600.0
    waiting_bytes: int = 32 << 20
    """Records that may wait in memory, and as many again that wait for a disk that takes nothing."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the writing goes; a new value at each change, so it may be read from any thread."""

    records: int = 0
    sets: int = 0
    bytes: int = 0
    """On disk, by this run."""
    plain: int = 0
    lost_sets: int = 0
    """Sets that could not be kept, since memory and disk were full."""
    failures: int = 0
    trouble: str = ""
    """Why nothing can be written right now; '' while all is well."""
    segments: int = 0
    removed: int = 0
    """Segments that retention took away."""


@dataclass(slots=True)
class _Open:
    """The segment that is being written."""

    descriptor: int
    path: Path
    sealer: Sealer
    begun: float
    size: int


class Writer:
    """The station's memory. `put` from the event loop; `close` once."""

    def __init__(self, folder: Path, key: bytes | None, policy: Policy, retention: Retention, run: int) -> None:
        self.folder, self._status = folder, Status()
        self._refused_sets = 0
        self._key, self._policy, self._retention, self._run = key, policy, retention, run
        self._lock_file = _lock(folder)
        self._mutex, self._wake, self._ending = threading.Lock(), threading.Event(), False
        self._waiting, self._stuck = Waiting(), deque[tuple[bytes, int]]()
        self._stuck_bytes, self._synced, self._numbers = 0, 0.0, 0
        self._standing = Standing()
        self._open: _Open | None = None
        self._thread = threading.Thread(target=self._run_thread, name="keeping", daemon=True)
        self._thread.start()

    @property
    def status(self) -> Status:
        """How it goes now; may be asked from any thread."""
        return replace(self._status, lost_sets=self._status.lost_sets + self._refused_sets)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def put(self, record: Record) -> bool:
        """Take one record; False: there is no room, it is lost and counted."""
        data = records.encode(record)
        is_set = record.kind in records.RAW
        with self._mutex:
            waiting = self._waiting
            if waiting.size + len(data) > self._policy.waiting_bytes:
                self._refused_sets += is_set
                return False
            waiting.add(data, is_set=is_set)
            self._standing.note(record)
        return True

    def flush(self) -> None:
        """Have what waits written soon; does not wait for it."""
        self._wake.set()

    def close(self, patience: float = 10.0) -> None:
        """Write what waits, end the segment in order, let go of the folder."""
        self._ending = True
        self._wake.set()
        self._thread.join(patience)
        self._lock_file()

    # -- in the thread ----------------------------------------------------------------------------------------------

    def _run_thread(self) -> None:
        while not self._ending:
            self._wake.wait(self._policy.every)
            self._wake.clear()
            self._turn()
        self._turn()
        self._end()

    def _turn(self) -> None:
        """Seal what waits, write what is sealed; whatever the disk says, the thread lives on."""
        try:
            self._seal()
            while self._stuck:
                self._write(*self._stuck[0])
                self._stuck_bytes -= len(self._stuck.popleft()[0])
            self._sync(force=False)
            if self._status.trouble:
                self._status = replace(self._status, trouble="")
        except OSError as error:
            self._fail(error)

    def _seal(self) -> None:
        """What waits becomes chunks, a piece at a time; where no segment can be begun, the rest goes on waiting."""
        while True:
            with self._mutex:
                piece = self._waiting.take(_PIECE)
            if not piece.data:
                return
            try:
                segment = self._segment()
            except OSError:
                self._put_back(piece)
                raise
            done = self._status
            self._status = replace(done, records=done.records + len(piece.data), plain=done.plain + piece.size)
            chunk = segment.sealer.seal(b"".join(data for data, _ in piece.data))
            self._stuck.append((chunk, piece.sets))
            self._stuck_bytes += len(chunk)
            self._make_room()

    def _put_back(self, piece: Waiting) -> None:
        """No segment could be begun: what was taken waits again, as far as there is room."""
        with self._mutex:
            if piece.size + self._waiting.size > self._policy.waiting_bytes:
                self._refused_sets += piece.sets
            else:
                self._waiting.put_back(piece)

    def _make_room(self) -> None:
        """Chunks that wait for the disk are bounded; the oldest go, and a reader sees their numbers missing."""
        while self._stuck_bytes > self._policy.waiting_bytes and len(self._stuck) > 1:
            chunk, sets = self._stuck.popleft()
            self._stuck_bytes -= len(chunk)
            self._status = replace(self._status, lost_sets=self._status.lost_sets + sets)

    def _write(self, chunk: bytes, sets: int) -> None:
        """One chunk, whole or not at all."""
        segment = self._open
        assert segment is not None  # noqa: S101  # a chunk is sealed for the segment that is open
        try:
            _write_all(segment.descriptor, chunk)
        except OSError:
            os.ftruncate(segment.descriptor, segment.size)
            os.lseek(segment.descriptor, segment.size, os.SEEK_SET)
            raise
        segment.size += len(chunk)
        self._status = replace(self._status, bytes=self._status.bytes + len(chunk), sets=self._status.sets + sets)

    def _segment(self) -> _Open:
        """The segment to seal for, a new one where it is time and no chunk of the old one waits for the disk."""
        held = self._open
        policy = self._policy
        if held and (held.size < policy.segment_bytes and time.monotonic() - held.begun < policy.segment_seconds):
            return held
        if held and self._stuck:
            return held
        self._end()
        self._open = self._begin()
        return self._open

    def _begin(self) -> _Open:
        removed = self._retention.apply(self.folder)
        self._numbers += 1
        begun = time.time_ns()
        sealer = Sealer.begin(self._key, self._run, self._numbers, begun, secrets.token_bytes(16))
        path = self.folder / name_of(begun, self._numbers)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            first = sealer.header.pack()
            with self._mutex:
                standing = self._standing.records(begun)
            if standing:
                first += sealer.seal(b"".join(standing))
            _write_all(descriptor, first)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self._status = replace(
            self._status, segments=self._status.segments + 1, removed=self._status.removed + removed,
            bytes=self._status.bytes + len(first),
        )  # fmt: skip
        return _Open(descriptor, path, sealer, time.monotonic(), len(first))

    def _end(self) -> None:
        """The last chunk of a segment says what it holds."""
        segment, self._open = self._open, None
        if segment is None:
            return
        with self._mutex:
            summary = self._standing.summary(time.time_ns())
        try:
            _write_all(segment.descriptor, segment.sealer.seal(records.encode(summary)))
            os.fsync(segment.descriptor)
        except OSError as error:
            self._fail(error)
        finally:
            os.close(segment.descriptor)

    def _sync(self, *, force: bool) -> None:
        now = time.monotonic()
        if self._open and (force or now - self._synced >= _SYNC_EVERY):
            self._synced = now
            os.fdatasync(self._open.descriptor)

    def _fail(self, error: OSError) -> None:
        why = error.strerror or "the disk does not answer"
        self._status = replace(self._status, failures=self._status.failures + 1, trouble=why)
        self._retention.press(self.folder, self._open.path if self._open else None)


def _write_all(descriptor: int, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written:])


def _lock(folder: Path) -> Callable[[], None]:
    """The folder is ours alone; what to call to let go of it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(f"cannot be used: {error.strerror}", where=str(folder), cure="Name another --data.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        cure = "Stop it, or name another --data."
        raise UsageError("another station writes here", where=str(folder), cure=cure) from error
    return lambda: os.close(descriptor)
