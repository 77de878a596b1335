"""In: a monitor of a scenario whose firmware runs here. Out: that program, watched, in its node of the lab.

A process of its own, with process and mount namespaces of its own, forked from the lab's first before that has threads.
What the watched program mounts is fetched for it over its own network, by the protocol, from whoever answers there.
"""

import json
import os
import selectors
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Final

from wardwatch.errors import WardwatchError
from wardwatch.firmware.image import open_image
from wardwatch.lab import kernel
from wardwatch.lab.emulator import Emulator
from wardwatch.lab.place import furnish
from wardwatch.lab.root import Entry, lay
from wardwatch.lab.watch import Job, Watcher
from wardwatch.twin import firmware, nfs_client

from .firmware_inside import entries_of
from .lab_actors import Part
from .lab_services import settle

_KEY_EVERY: Final = 0.4
_PATIENCE: Final = 60.0
_GO, _STOP = b"g", b"s"
_FAILED: Final = 1


class Placed:
    """What is around a monitor in the lab: its own node, and shares that are really fetched."""

    def __init__(self, part: Part, folder: Path) -> None:
        self._part, self._folder = part, folder
        self._fetched = 0

    def within(self) -> AbstractContextManager[None]:
        """The monitor's node."""
        return self._part.lab.within(self._part.machine.name)

    def called(self, transport: str, port: int) -> None:
        """Whoever is there answers, or nobody."""

    def restore(self) -> None:
        """Address and way out, as far as the interface is up."""
        settle(self._part.lab, self._part.machine.name, self._part.addresses[self._part.machine.name])

    def shared(self, source: str) -> str:
        """The files of a share, fetched over the network."""
        host, _, path = source.partition(":")
        with self.within(), nfs_client.by_udp(host) as ask:
            files = nfs_client.Client(ask).fetch(path)
        self._fetched += 1
        folder = self._folder / f"share-{self._fetched}"
        folder.mkdir()
        lay((Entry(f"/{name}", 0o755, size=len(data), content=partial(bytes, data)) for name, data in files.items()),
            folder)  # fmt: skip
        return str(folder)


class Monitor:
    """The process. Made at once, it begins when it is told to."""

    def __init__(self, part: Part, follows: bool, emulator: Emulator) -> None:  # noqa: FBT001  # said by the caller
        self._part = part
        self._told, tell = os.pipe()
        wait, self._go = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._told)
            os.close(self._go)
            _outer(part, None if follows else emulator, wait, tell)
        os.close(tell)
        os.close(wait)

    def start(self) -> None:
        """Begin."""
        os.write(self._go, _GO)

    def stop(self) -> None:
        """Do not go on until the scenario's end."""
        with suppress(BrokenPipeError):
            os.write(self._go, _STOP)

    def wait(self) -> dict[str, Any]:
        """What was seen, once it is over; a WardwatchError where it could not run."""
        with os.fdopen(self._told, "rb") as stream:
            said = stream.read()
        os.waitpid(self._pid, 0)
        os.close(self._go)
        answer: dict[str, Any] = json.loads(said or b'{"failure": "it ended without a word"}')
        if "failure" in answer:
            raise WardwatchError(str(answer["failure"]), where=self._part.machine.name, cure="Run it again.")
        return answer


def _outer(part: Part, through: Emulator | None, wait: int, tell: int) -> None:
    """Between the lab and the monitor: the first process of a namespace is a child of the one that made it."""
    status = _FAILED
    try:
        kernel.die_with_parent()
        kernel.unshare(kernel.NEW_PROCESSES | kernel.NEW_MOUNTS)
        pid = os.fork()
        if pid == 0:
            _inner(part, through, wait, tell)
        os.close(tell)
        os.close(wait)
        _, status = os.waitpid(pid, 0)
    finally:
        os._exit(int(status != 0))


def _inner(part: Part, through: Emulator | None, wait: int, tell: int) -> None:
    """The first process of the monitor's own namespace."""
    status = _FAILED
    try:
        kernel.die_with_parent()
        kernel.mount("proc", "/proc", "proc", kernel.NOSUID | kernel.NODEV | kernel.NOEXEC)
        answer = _watched(part, through, wait)
        status = 0
    except Exception as error:  # noqa: BLE001  # told to the lab, which says it
        answer = {"failure": f"{type(error).__name__}: {error}"}
    finally:
        with os.fdopen(tell, "wb") as stream:
            stream.write(json.dumps(answer).encode())
        os._exit(status)


def _watched(part: Part, through: Emulator | None, wait: int) -> dict[str, Any]:
    machine = part.machine
    root, offered, notes = furnish(entries_of(open_image(firmware.image(machine.firmware)).nodes), {})
    over = Event()
    selector = selectors.DefaultSelector()
    presses = tuple((machine.at + _KEY_EVERY * place, key) for place, key in enumerate(machine.keys))
    job = Job(machine.program, part.seconds, presses=presses, until=machine.until, patience=_patience(part))
    if os.read(wait, 1) != _GO:
        over.set()
    kernel.keep_memory_private()
    os.set_blocking(wait, False)
    selector.register(wait, selectors.EVENT_READ, lambda: _listen(wait, over, selector))
    run = Watcher(job, root, Placed(part, offered.parent), selector).run(through, over)
    return {**run.to_json(), "notes": notes, "output": ""}


def _patience(part: Part) -> float:
    return part.seconds + _PATIENCE if part.machine.until else 0.0


def _listen(wait: int, over: Event, selector: selectors.BaseSelector) -> None:
    os.read(wait, 1)
    over.set()
    selector.unregister(wait)
