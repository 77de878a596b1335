"""In: an image's files and what a share offers. Out: where a watched program runs: its files, its network, its peers.

All of it lies in a file system in memory that is mounted for the lab's child alone, over a folder that nothing in
there needs, and is gone with that child.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from . import kernel
from .namespaces import Namespaces
from .network import Network, Port, Route
from .root import Entry, Root, lay
from .sink import Sink

DEVICE, WORLD = "device", "world"
NETWORK: Final = Network(
    (
        Port(DEVICE, "eth0", "cable", ("192.0.2.10/24",)),
        Port(DEVICE, "wlan0", "air"),
        Port(WORLD, "w0", "cable", ("192.0.2.254/24",)),
        Port(WORLD, "w1", "air"),
    ),
    (Route(DEVICE, "0.0.0.0/0", "eth0"), Route(WORLD, "0.0.0.0/0", "w0")),
)
_OVER: Final = Path("/sys")
_ROOM: Final = f"size={384 << 20},nr_inodes=40000,mode=755"
_DEVICES: Final = ("null", "zero", "random", "urandom")


def furnish(entries: Iterable[Entry], share: Mapping[str, bytes]) -> tuple[Root, Path, list[str]]:
    """The program's root, the folder that stands for every remote share, and what could not be laid out."""
    kernel.mount("wardwatch", str(_OVER), "tmpfs", kernel.NOSUID | kernel.NODEV, _ROOM)
    kernel.mount("", str(_OVER), "", kernel.SHARED)
    folder, offered = _OVER / "root", _OVER / "share"
    folder.mkdir()
    notes = lay(entries, folder)
    offered.mkdir()
    lay(
        (Entry(f"/{name}", 0o755, size=len(text), content=partial(bytes, text)) for name, text in share.items()),
        offered,
    )
    kernel.mount(str(folder), str(folder), "", kernel.BIND)
    _devices(folder / "dev")
    return Root(folder), offered, notes


class Alone:
    """A device by itself, in a world where a sink answers every call and one folder stands for every share."""

    def __init__(self, lab: Namespaces, sink: Sink, offered: str) -> None:
        self._lab, self._sink, self._offered = lab, sink, offered

    def within(self) -> AbstractContextManager[None]:
        """The device's node."""
        return self._lab.within(DEVICE)

    def called(self, transport: str, port: int) -> None:
        """Answered from now on."""
        if not self._sink.knows(transport, port):
            with self._lab.within(WORLD), suppress(OSError):
                self._sink.expect(transport, port)

    def restore(self) -> None:
        """Everything is reached by the cable."""
        self._lab.ip(DEVICE, "route", "replace", "default", "dev", "eth0")

    def shared(self, source: str) -> str:
        """The one folder."""
        del source
        return self._offered


def _devices(folder: Path) -> None:
    """The harmless ones of this machine; the image's own are not made."""
    if folder.is_symlink():
        return
    folder.mkdir(exist_ok=True)
    for name in _DEVICES:
        place = folder / name
        if not os.path.lexists(place):
            place.touch()
            kernel.mount(f"/dev/{name}", str(place), "", kernel.BIND)


def answer_everything(lab: Namespaces) -> None:
    """The world takes every address for its own that comes by the cable or the air; what it sends goes out again."""
    lab.ip(WORLD, "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "local")
    for interface in ("w0", "w1"):
        lab.ip(WORLD, "rule", "add", "pref", "5", "iif", interface, "lookup", "local")
    lab.ip(WORLD, "rule", "add", "pref", "6", "lookup", "main")
    lab.ip(WORLD, "rule", "del", "pref", "0")
