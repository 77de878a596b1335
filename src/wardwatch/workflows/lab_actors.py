"""In: a machine of a scenario that is no firmware. Out: what it does, by the twin, over real sockets of its node.

A monitor whose firmware cannot run here is played: the same stream, the same results, the same update function.
"""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from threading import Event, Thread
from typing import Any, Final

from wardwatch.errors import WardwatchError
from wardwatch.lab import hospital
from wardwatch.lab.namespaces import Namespaces
from wardwatch.lab.scenario import MONITOR, Machine
from wardwatch.twin import hl7, live, nfs_client, payloads
from wardwatch.twin.firmware.personalities import CENTRAL, PERSONALITIES, RESULTS
from wardwatch.twin.patients import invent

from .lab_services import HOME, NAMES, SHARE, settle

_PATIENCE: Final = 1.0
_KEY_EVERY: Final = 0.4
_RESULTS_AT: Final = 10
_REQUESTS_PORT: Final = 5150
_TRIES: Final = 3
Told = Callable[[str, str, Mapping[str, Any]], None]
"""Who, what, and more about it: an event."""


@dataclass(frozen=True, slots=True)
class Part:
    """One machine: where it stands, who the others are, whom it tells; `over`: when it is to stop."""

    machine: Machine
    number: int
    lab: Namespaces
    addresses: Mapping[str, str]
    seconds: float
    tell: Told
    over: Event


class Actor:
    """A machine in a thread of its own."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._failure: Exception | None = None
        self._thread = Thread(target=self._run, name=part.machine.name)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self) -> None:
        """Until it has done its part; what went wrong in it is raised here."""
        self._thread.join()
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        part = self._part
        try:
            with part.lab.within(part.machine.name):
                if part.machine.role == MONITOR:
                    _Monitor(part).run()
                else:
                    _duties(part)
        except Exception as error:  # noqa: BLE001  # raised again by `wait`
            self._failure = error


class _Monitor:
    """The behaviour of a personality of the twin, second by second."""

    def __init__(self, part: Part) -> None:
        self._part, self._is = part, PERSONALITIES[part.machine.firmware]
        self._central = hospital.STATION_ADDRESS if self._is.configured else CENTRAL
        self._keys = [(part.machine.at + _KEY_EVERY * place, key) for place, key in enumerate(part.machine.keys)]
        self._pressed = ""
        self._only_updates = part.machine.program.endswith("/update")
        self._station: socket.socket | None = None
        self._sets: Iterator[bytes] = iter(())

    def run(self) -> None:
        """Until its time is over."""
        part, begun, second = self._part, time.monotonic(), 0
        if self._is.eth0_down:
            self._interface("down")
        while not part.over.is_set() and ((passed := time.monotonic() - begun) < part.seconds or self._keys):
            self._press(passed)
            if passed >= second:
                self._second(second)
                second += 1
            part.over.wait(0.05)
        if self._station:
            self._station.close()

    def _press(self, passed: float) -> None:
        while self._keys and self._keys[0][0] <= passed:
            self._pressed += self._keys.pop(0)[1]
            if self._pressed.endswith("C" if self._only_updates else "m3") and self._is.commands:
                self._update()

    def _second(self, number: int) -> None:
        if not self._is.network or self._only_updates:
            return
        self._stream()
        if number % 60 == _RESULTS_AT and not self._is.configured:
            self._results()

    def _stream(self) -> None:
        """One set; each session begins with who lies there."""
        if self._station is None:
            self._sets = live.sets(live.Who(self._part.number), time.time_ns())
            self._part.tell(self._part.machine.name, "connect", {"to": f"{self._central}:515/tcp"})
            with suppress(OSError):
                self._station = socket.create_connection((self._central, 515), _PATIENCE)
        if self._station is None:
            return
        try:
            self._station.sendall(next(self._sets))
        except OSError:
            self._station.close()
            self._station = None

    def _results(self) -> None:
        patient = invent(Random(self._part.number), self._part.number, (2026, 3, 1))  # noqa: S311  # nobody's data
        message = hl7.observation(("CMS8000", "WARD"), "1", time.time_ns(), patient, {"heart_rate": 72.0})
        with suppress(OSError), socket.create_connection((RESULTS, 511), _PATIENCE) as receiver:
            receiver.sendall(message)
            receiver.recv(4096)

    def _update(self) -> None:
        self._interface("up")
        self._part.tell(self._part.machine.name, "mount", {"what": f"{CENTRAL}:{SHARE}"})
        with suppress(OSError), nfs_client.by_udp(CENTRAL) as ask:
            files = nfs_client.Client(ask).fetch(SHARE)
            self._part.tell(self._part.machine.name, "write", {"files": sorted(files)})
        self._part.tell(self._part.machine.name, "unmount", {"what": "/mnt"})

    def _interface(self, state: str) -> None:
        part = self._part
        part.lab.ip(part.machine.name, "link", "set", "eth0", state)
        part.tell(part.machine.name, "interface", {"what": "eth0", "to": state})
        if state == "up":
            settle(part.lab, part.machine.name, part.addresses[part.machine.name])


def _duties(part: Part) -> None:
    """One after another, as a person at a work place would."""
    duties: dict[str, Callable[[Part], None]] = {"print": _print, "nfs": _folder, "hl7": _observe, "udp": _knock}
    if part.over.wait(part.machine.at):
        return
    for duty in part.machine.does:
        part.tell(part.machine.name, duty, {})
        try:
            duties[duty](part)
        except OSError as error:
            part.tell(part.machine.name, "failed", {"what": duty, "why": error.strerror or str(error)})


def _print(part: Part) -> None:
    """Looks up the printer's name and prints a page (RFC 1179)."""
    name = next(iter(NAMES))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_PATIENCE)
        asking.sendto(payloads.dns_query(part.number, name), (hospital.ROUTER, 53))
        printer = socket.inet_ntoa(asking.recv(512)[-4:])
    with socket.create_connection((printer, 515), _PATIENCE) as call:
        call.settimeout(5 * _PATIENCE)
        for said in payloads.lpd_job(part.number, part.machine.name, b"%!PS-Adobe-3.0\nshowpage\n" * 40):
            call.sendall(said)
            if call.recv(1) != b"\0":
                raise OSError(5, "the printer refuses")


def _folder(part: Part) -> None:
    """Reads its home folder from the hospital's own server."""
    with nfs_client.by_udp(hospital.FOLDERS) as ask:
        nfs_client.Client(ask, part.machine.name).fetch(HOME)


def _observe(part: Part) -> None:
    """Sends a result to the interface engine and waits for its acknowledgement."""
    patient = invent(Random(part.number), part.number, (2026, 3, 1))  # noqa: S311  # nobody's data
    shown = {"temperature": 36.8}
    message = hl7.observation(("ANALYSER", "WARD EXAMPLE 1"), f"R{part.number}", time.time_ns(), patient, shown)
    with socket.create_connection((hospital.INTERFACE, 2575), _PATIENCE) as call:
        call.settimeout(5 * _PATIENCE)
        call.sendall(message)
        call.recv(4096)


def _knock(part: Part) -> None:
    """Datagrams to every monitor, longer than its room for them; nobody asked for them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knocking:
        for name, address in part.addresses.items():
            if name.startswith(MONITOR):
                for _ in range(_TRIES):
                    with suppress(WardwatchError, OSError):
                        knocking.sendto(bytes(90), (address, _REQUESTS_PORT))
