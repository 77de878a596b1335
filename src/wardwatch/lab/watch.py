"""In: an image's files, a program in it, keys and a time. Out: what the program did, in the order in which it did it.

Runs inside a lab's child (`session.call`), as the first of its processes. The network is made first, and refused where
there is a way to a real one; then the program starts in it; at the end every process is killed.
"""

import os
import selectors
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Final

from wardwatch.errors import InstallationError

from . import jail, kernel
from .emulator import Emulator, emulator, registered
from .held import Answerer
from .namespaces import Namespaces
from .place import NETWORK, Alone, answer_everything, furnish
from .root import Entry, Root
from .seen import Run, Session
from .sink import Sink
from .surroundings import Surroundings

FIRST_KEY: Final = 1.0
NEXT_KEY: Final = 0.4
_BREATH: Final = 0.1
_OUTPUT: Final = 16384
_CHECKED: Final = 64 << 10
NOT_FOLLOWED: Final = (
    "this kernel has no table of its own of emulators for a user (Linux 6.7 has): programs that it "
    "starts are seen being started, and run only where the machine's own table knows their kind"
)


@dataclass(frozen=True, slots=True)
class Job:
    """`program` with `arguments`, and `keys` pressed one by one; `heads`: how its kinds of programs begin.

    `presses`: at which second which key, instead of `keys`. `until`: it goes on until that kind of thing was seen, for
    at most `patience` seconds.
    """

    program: str
    seconds: float
    keys: str = ""
    arguments: tuple[str, ...] = ()
    heads: tuple[bytes, ...] = ()
    share: Mapping[str, bytes] = field(default_factory=dict)
    presses: tuple[tuple[float, str], ...] = ()
    until: str = ""
    patience: float = 0.0

    @property
    def timetable(self) -> list[tuple[float, str]]:
        """When which key is pressed, in seconds since the start."""
        return [*self.presses] or [(FIRST_KEY + NEXT_KEY * number, key) for number, key in enumerate(self.keys)]


def watch(entries: Iterable[Entry], job: Job) -> Run:
    """InstallationError where the machine lacks something it needs."""
    kernel.keep_memory_private()
    found = [each for each in map(emulator, dict.fromkeys(job.heads)) if each]
    if not found:
        raise InstallationError("no emulator for it", where=job.program, cure="Install qemu-user-static.")
    with Namespaces(NETWORK) as lab:
        answer_everything(lab)
        root, offered, notes = furnish(entries, job.share)
        follows = registered(found)
        if not follows:
            notes.append(NOT_FOLLOWED)
        selector = selectors.DefaultSelector()
        sink = Sink(selector)
        run = Watcher(job, root, Alone(lab, sink, str(offered)), selector).run(None if follows else found[0])
        sink.close()
        return replace(run, sessions=sink.sessions(), notes=tuple(notes))


class Watcher:
    """One run of a program, laid out in `root`, in its surroundings."""

    def __init__(self, job: Job, root: Root, around: Surroundings, selector: selectors.DefaultSelector) -> None:
        self._job = job
        self._root = root
        self._around = around
        self._selector = selector
        self._output = b""
        self._ended: int | None = None

    def run(self, through: Emulator | None, over: Event | None = None) -> Run:
        """Start it, answer it until its time is over, or `over` is set, or nothing of it is left, and end it."""
        job = self._job
        entrance = os.open(through.path, os.O_RDONLY | os.O_CLOEXEC) if through else None
        allowed = max(job.seconds, job.patience)
        what = jail.Start(str(self._root.folder), (job.program, *job.arguments), allowed, entrance)
        with self._around.within():
            started = jail.start(what)
        begun = time.monotonic()
        answerer = Answerer(started, self._root, self._around, job.program)
        self._selector.register(started.listener, selectors.EVENT_READ, answerer.next)
        self._selector.register(started.output, selectors.EVENT_READ, lambda: self._read(started.output))
        self._follow(started, begun, answerer, over or Event())
        took = time.monotonic() - begun
        _end_all()
        self._read(started.output)
        taken = self._taken(answerer.written())
        sessions: tuple[Session, ...] = ()
        return Run(
            job.program, "".join(key for _, key in job.timetable), job.seconds, round(took, 3), answerer.seen(),
            sessions, taken, (), self._output.decode("utf-8", "backslashreplace"), self._ended, answerer.dropped,
        )  # fmt: skip

    def _follow(self, started: jail.Started, begun: float, answerer: Answerer, over: Event) -> None:
        keys = [(begun + at, key) for at, key in self._job.timetable]
        while self._goes_on((now := time.monotonic()) - begun, answerer) and self._lives(started.pid):
            if over.is_set():
                return
            while keys and keys[0][0] <= now:
                with suppress(OSError):
                    os.write(started.keys, keys.pop(0)[1].encode())
            for ready, _ in self._selector.select(_BREATH):
                ready.data()

    def _goes_on(self, passed: float, answerer: Answerer) -> bool:
        if passed < self._job.seconds:
            return True
        return passed < self._job.patience and not any(each.kind == self._job.until for each in answerer.seen())

    def _lives(self, first: int) -> bool:
        """Take note of processes that have ended; whether any is left."""
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == first:
                    self._ended = os.waitstatus_to_exitcode(ended[1])
        except ChildProcessError:
            return False
        return True

    def _read(self, output: int) -> None:
        try:
            while data := os.read(output, 65536):
                self._output += data[: max(0, _OUTPUT - len(self._output))]
        except BlockingIOError:
            return
        with suppress(KeyError):
            self._selector.unregister(output)

    def _taken(self, written: Iterable[str]) -> tuple[str, ...]:
        offered = set(self._job.share.values())
        return tuple(path for path in written if self._root.read(path, _CHECKED) in offered)


def _end_all() -> None:
    """Every process of this process namespace but this one, its first (kill(2))."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
