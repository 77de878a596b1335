"""In: an interface of a node. Out: the frames it saw, with times, and as a pcap file."""

import errno
import select
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_EVERY_PROTOCOL: Final = 0x0003
_SNAP: Final = 65535
_MOST: Final = 200_000
_BUFFER: Final = 16 << 20
_LARGEST_FILE: Final = 1 << 30
_MAGIC_NANOSECONDS: Final = 0xA1B23C4D


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was on the wire, and when, in nanoseconds since 1970."""

    time: int
    data: bytes
    outgoing: bool


class Tap:
    """A packet socket on an interface of the node this thread is in; `read` takes what has come since the last time."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind((interface, 0))
        self._socket.settimeout(0.0)
        self.frames: list[Frame] = []
        self.lost = 0

    def read(self) -> None:
        """Without waiting."""
        while select.select([self._socket], [], [], 0)[0]:
            try:
                data, address = self._socket.recvfrom(_SNAP)
            except OSError as error:
                if error.errno != errno.ENETDOWN:
                    raise
                continue  # told once after the interface was down; what comes later is still seen
            if len(self.frames) < _MOST:
                self.frames.append(Frame(time.time_ns(), data, address[2] == socket.PACKET_OUTGOING))
            else:
                self.lost += 1

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    def close(self) -> None:
        """Take the rest, with the kernel's count of what it had no room for (packet(7), PACKET_STATISTICS)."""
        self.read()
        _, dropped = struct.unpack("=II", self._socket.getsockopt(263, 6, 8))
        self.lost += dropped
        self._socket.close()


class Recorder:
    """A tap whose frames go into a file as they come: what is there can be read whatever happens to the lab."""

    def __init__(self, interface: str, path: Path) -> None:
        self._tap = Tap(interface)
        self._file = path.open("wb", buffering=0)
        self._file.write(pcap(()))

    @property
    def lost(self) -> int:
        """Frames there was no room for; all of them once it is closed."""
        return self._tap.lost

    def fileno(self) -> int:
        """For a selector."""
        return self._tap.fileno()

    def read(self) -> None:
        """Without waiting."""
        self._tap.read()
        self._write()

    def close(self) -> None:
        """Take the rest."""
        self._tap.close()
        self._write()
        self._file.close()

    def _write(self) -> None:
        if self._file.tell() < _LARGEST_FILE:
            self._file.write(b"".join(map(_record, self._tap.frames)))
        else:
            self._tap.lost += len(self._tap.frames)
        self._tap.frames.clear()


def pcap(frames: Iterable[Frame]) -> bytes:
    """The frames as a file every tool reads, times in nanoseconds (draft-ietf-opsawg-pcap, section 4)."""
    head = struct.pack("<IHHiIII", _MAGIC_NANOSECONDS, 2, 4, 0, 0, _SNAP, 1)
    return b"".join((head, *map(_record, frames)))


def _record(frame: Frame) -> bytes:
    seconds, rest = divmod(frame.time, 1_000_000_000)
    return struct.pack("<IIII", seconds, rest, len(frame.data), len(frame.data)) + frame.data
