"""In: a scenario and a folder, in a lab's child. Out: the scenario played; its captures, events and truth in there."""

import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

from wardwatch.contain.policy import Attachment, Block, Contained, Policy
from wardwatch.errors import WardwatchError
from wardwatch.firmware.image import open_image
from wardwatch.knowledge.catalogue import indicators
from wardwatch.lab import hospital, kernel
from wardwatch.lab.capture import Recorder
from wardwatch.lab.emulator import HEAD, Emulator, emulator, is_known, registered
from wardwatch.lab.line import Line
from wardwatch.lab.loop import Loop
from wardwatch.lab.namespaces import Namespaces, refuse_real_network
from wardwatch.lab.receivers import Count, Receivers
from wardwatch.lab.scenario import CAPTURES, MONITOR, STRANGER, Machine, Scenario, read
from wardwatch.twin import firmware
from wardwatch.twin.firmware.personalities import PERSONALITIES
from wardwatch.vocabulary import rfc3339

from . import lab_truth
from .contain import dialect_named
from .firmware_run import stand_ins
from .lab_actors import Actor, Part
from .lab_monitor import Monitor
from .lab_services import HOME, HOME_FILES, SHARE, Services, leased, services, settle

READY: Final = "ready.json"
EVENTS: Final = "events.jsonl"
_SCRATCH: Final = Path("/sys")
_ROOM: Final = f"size={64 << 20},mode=755"
_SETTLE: Final = 0.4
_BREATH: Final = 0.1
_PATIENCE: Final = 20.0
_OFFERED: Final = ("monitor", "update")
_PROGRAM: Final = "/opt/bin/monitor"
_KINDS: Final = {MONITOR: "CMS8000", STRANGER: "HOST"}


class Events:
    """What happens, by whom, in order of time; from several threads."""

    def __init__(self) -> None:
        self._lines: list[tuple[float, str, str, Mapping[str, Any]]] = []
        self._lock = Lock()

    def tell(self, who: str, what: str, more: Mapping[str, Any]) -> None:
        """Now."""
        self.at(time.time(), who, what, more)

    def at(self, moment: float, who: str, what: str, more: Mapping[str, Any]) -> None:
        """At another moment, in seconds since 1970."""
        with self._lock:
            self._lines.append((moment, who, what, more))

    def lines(self) -> str:
        """One JSON object a line."""
        return "".join(
            json.dumps({"time": rfc3339(datetime.fromtimestamp(moment, UTC)), "who": who, "event": what, **more}) + "\n"
            for moment, who, what, more in sorted(self._lines, key=lambda line: line[0])
        )


def answer(payload: bytes) -> bytes:
    """Play it; the truth comes back, and lies in the folder with all else."""
    refuse_real_network()
    asked = json.loads(payload)
    scenario = read(asked["text"], asked["name"])
    scenario = replace(scenario, seconds=asked.get("seconds") or scenario.seconds)
    stop = Path(asked["stop"]) if asked.get("stop") else None
    truth = _Play(scenario, Path(asked["folder"]), stop, real=not asked["stand_ins"]).run()
    return json.dumps(truth).encode()


class _Play:
    """One scenario, once."""

    def __init__(self, scenario: Scenario, folder: Path, stop: Path | None, *, real: bool) -> None:  # as asked
        self._scenario, self._folder, self._stop = scenario, folder, stop
        self._documented = tuple(entry.value for entry in indicators() if entry.kind == "address")
        self._addresses = dict(hospital.addresses(scenario, self._documented))
        self._events, self._over = Events(), Event()
        self._real, self._emulator = real, _usable() if real else None
        self._parts: dict[str, str] = {}

    def run(self) -> dict[str, Any]:
        """The truth."""
        with Namespaces(hospital.network(self._scenario, self._documented)) as lab:
            kernel.mount("wardwatch", str(_SCRATCH), "tmpfs", kernel.NOSUID | kernel.NODEV, _ROOM)
            hospital.prepare(lab)
            loop = Loop()
            actors = [self._actor(lab, number, each) for number, each in enumerate(self._scenario.machines, 1)]
            with ExitStack() as stack:
                receivers = Receivers(loop)
                taps = list(self._record(lab, loop, stack))
                served = stack.enter_context(services(lab, loop, _SCRATCH, real=self._real))
                stack.enter_context(_running(loop))
                self._furnish(lab, loop, served, receivers)
                began = time.time()
                self._play(lab, actors)
                _settle(receivers)
                self._parts |= served.parts
            receivers.close()
        truth = lab_truth.told(
            self._scenario, self._addresses, receivers.counts, self._parts, (began, time.time()),
            {name: tap.lost for name, tap in zip(CAPTURES, taps, strict=True)},
        )  # fmt: skip
        (self._folder / EVENTS).write_text(self._events.lines(), encoding="utf-8")
        lab_truth.write(truth, self._folder)
        return truth

    def _actor(self, lab: Namespaces, number: int, machine: Machine) -> Actor | Monitor:
        seconds = self._scenario.seconds if self._stop is None else 10**7
        part = Part(machine, number, lab, self._addresses, seconds, self._events.tell, self._over)
        if machine.role != MONITOR or self._emulator is None:
            if machine.role == MONITOR:
                self._parts["monitors"] = "played by the twin"
            return Actor(part)
        self._parts["monitors"] = f"firmware, by {Path(self._emulator[0].path).name}"
        return Monitor(part, follows=self._emulator[1], emulator=self._emulator[0])

    def _record(self, lab: Namespaces, loop: Loop, stack: ExitStack) -> Iterator[Recorder]:
        """At the gateway, to which the ward's switch shows everything, and outside."""
        places = ((hospital.GATEWAY, hospital.WARD_SIDE), (hospital.OUTSIDE, "eth0"))
        for capture, (node, interface) in zip(CAPTURES, places, strict=True):
            with lab.within(node):
                tap = stack.enter_context(closing(Recorder(interface, self._folder / f"{capture}.pcap")))
            loop.watch(tap, tap.read)
            yield tap

    def _furnish(self, lab: Namespaces, loop: Loop, served: Services, receivers: Receivers) -> None:
        scenario, outside = self._scenario, self._scenario.outside
        with lab.within(hospital.LINE):
            line = Line(loop, (hospital.NEAR, hospital.FAR), outside.loss, outside.delay)
        line.cut = outside.cut
        receivers.told = self._came
        served.receive(receivers, scenario)
        served.give_addresses({place.mac: place.address for place in hospital.places(scenario)})
        if outside.answers and scenario.hospital.station != "documented" and _calls_a_share(scenario):
            files = {name: text.encode() for name, text in stand_ins(_OFFERED).items()}
            served.share(hospital.OUTSIDE, self._documented[:1], SHARE, files)
        if any("nfs" in machine.does for machine in scenario.machines):
            served.share(hospital.SERVERS, (hospital.FOLDERS,), HOME, HOME_FILES)
        if scenario.hospital.contained:
            self._contain(lab)

    def _play(self, lab: Namespaces, actors: Sequence[Actor | Monitor]) -> None:
        for place, machine in zip(hospital.places(self._scenario), self._scenario.machines, strict=True):
            self._plug_in(lab, place, machine)
        self._ready(lab)
        begun = time.time()
        for actor in actors:
            actor.start()
        while self._stop and not self._stop.exists():
            time.sleep(_BREATH)
        if self._stop:
            self._end(actors)
        elif not actors:
            time.sleep(self._scenario.seconds)
        for actor, machine in zip(actors, self._scenario.machines, strict=True):
            self._seen(machine, begun, actor.wait())

    def _end(self, actors: Sequence[Actor | Monitor]) -> None:
        self._over.set()
        for actor in actors:
            if isinstance(actor, Monitor):
                actor.stop()

    def _plug_in(self, lab: Namespaces, place: hospital.Place, machine: Machine) -> None:
        """By DHCP; a stranger takes an address, and a monitor without networking has none."""
        if machine.role == MONITOR and not PERSONALITIES[machine.firmware].network:
            lab.ip(place.name, "link", "set", "eth0", "down")
            return
        if machine.role == STRANGER:
            settle(lab, place.name, place.address)
            return
        name = f"{_KINDS.get(machine.role, 'WS')}-{int(place.mac[-2:], 16):04d}"
        address = leased(lab, place.name, place.mac, name)
        self._events.tell(place.name, "address", {"address": address, "mac": place.mac, "dhcp_name": name})
        if address != place.address:
            raise WardwatchError(f"was given {address}", where=place.name, cure="Please report this.")

    def _ready(self, lab: Namespaces) -> None:
        told = {"nodes": lab.descriptors(), "addresses": self._addresses, "parts": self._parts}
        fresh = self._folder / f"{READY}.new"
        fresh.write_text(json.dumps(told), encoding="utf-8")
        fresh.replace(self._folder / READY)
        self._events.tell("lab", "ready", {"parts": self._parts})

    def _contain(self, lab: Namespaces) -> None:
        """The rules wardwatch would give the hospital, in the gateway."""
        devices = tuple(
            Contained(place.name, (ip_address(place.address),), (Attachment(hospital.WARD_SIDE, place.mac),))
            for place, machine in zip(hospital.places(self._scenario), self._scenario.machines, strict=True)
            if machine.role == MONITOR
        )
        networks = tuple(ip_network(entry.value) for entry in indicators() if entry.kind in {"address", "network"})
        policy = Policy("lab", date.today() + timedelta(days=1), devices, blocks=(Block("published", networks),))  # noqa: DTZ011  # gone with the lab
        for text in dialect_named("nftables").texts(policy).files.values():
            lab.run(hospital.GATEWAY, ["nft", "-f", "-"], text)
        self._events.tell("gateway", "contained", {"devices": [device.name for device in devices]})

    def _came(self, what: str, key: tuple[str, str, int], count: Count) -> None:
        client, server, port = key
        more = {"from": client, "to": server, "port": port, "protocol": count.protocol}
        self._events.tell("services", what, more | {"bytes": count.received} if what == "end" else more)

    def _seen(self, machine: Machine, begun: float, run: Mapping[str, Any] | None) -> None:
        for each in run["seen"] if run else ():
            more = {key: value for key, value in each.items() if value and key not in {"kind", "seconds"}}
            self._events.at(begun + each["seconds"], machine.name, each["kind"], more)


def _settle(receivers: Receivers) -> None:
    """Let arrive what is on its way: what a poor line lost is sent again, and every call is told its end."""
    until = time.monotonic() + _PATIENCE
    while receivers.calls and time.monotonic() < until:
        time.sleep(_BREATH)
    time.sleep(_SETTLE)


@contextmanager
def _running(loop: Loop) -> Iterator[None]:
    loop.start()
    try:
        yield
    finally:
        loop.stop()


def _usable() -> tuple[Emulator, bool] | None:
    """The emulator of the twin's firmware, and whether the kernel was told of it; None where it could start nothing."""
    head = open_image(firmware.image(firmware.VERSIONS[0])).index[_PROGRAM].read(HEAD)
    found = emulator(head)
    if found is None or platform.machine() not in {"x86_64", "aarch64"}:
        return None
    follows = registered([found])
    return (found, follows) if follows or is_known(head) else None


def _calls_a_share(scenario: Scenario) -> bool:
    return any(machine.role == MONITOR and machine.keys for machine in scenario.machines)
