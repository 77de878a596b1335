"""In: nothing. Out: the words for what code does: behaviours, the far end they speak to, and how they are reached."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from wardwatch.firmware.words import Call, Place, Text, Trigger
from wardwatch.printable import printable

NOTHING: Final = Text()
MACHINE_CODE: Final = "machine code"
"""The language of programs, as their facts name it; every other one is a script's."""


class Kind(StrEnum):
    """What a piece of code does, as documents call it."""

    INTERFACE_UP = "interface-up"
    INTERFACE_DOWN = "interface-down"
    ADDRESS_SET = "address-set"
    ROUTE_SET = "route-set"
    BLOCK = "block"
    REMOTE_MOUNT = "remote-mount"
    LOCAL_MOUNT = "local-mount"
    REMOUNT_WRITABLE = "remount-writable"
    UNMOUNT = "unmount"
    REMOTE_FETCH = "remote-fetch"
    RECEIVE = "receive"
    COPY = "copy"
    READ = "read-file"
    WRITE = "write-file"
    RUN = "run-file"
    MAKE_EXECUTABLE = "make-executable"
    CONNECT = "connect"
    SEND = "send-data"
    READ_SENSOR = "read-sensor"
    VERIFY_SIGNATURE = "verify-signature"
    VERIFY_HASH = "verify-hash"
    COMPARE_VERSION = "compare-version"
    WRITE_VERSION = "write-version-record"
    WRITE_LOG = "write-log"
    READ_KEY = "read-key"
    REBOOT = "reboot"


class Known(StrEnum):
    """Where a peer's name comes from: out of the code, the device's settings, the network, or nobody could tell."""

    HARD_CODED = "hard-coded"
    CONFIGURED = "configured"
    REMOTE = "remote-controlled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class End:
    """The far end of a behaviour. `host` is an address or a name, '' where it is not in the code; `origin` in words."""

    host: str
    known: Known
    port: int | None = None
    origin: str = ""
    transport: str = ""

    @property
    def name(self) -> str:
        """`ADDRESS` or `ADDRESS:PORT`, as evidence names a peer."""
        if not self.host:
            return ""
        shown = f"[{self.host}]" if ":" in self.host and self.port else self.host
        return f"{shown}:{self.port}" if self.port else self.host

    def __str__(self) -> str:
        """For sentences."""
        return printable(self.name or f"a peer that is not fixed ({self.origin or 'it could not be recovered'})")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that code does. `place` is the call, `owner` the function in whose sequence it happens.

    `detail` is the command or call as recovered; `subject` an interface or the like; `source` and `target` are paths
    with holes. `encrypted`: data leaves through a TLS or SSH library. `sure` is False where an argument that decides
    about the kind was not wholly recovered. `by_shell`: a command, not a call of the C library.
    """

    kind: Kind
    place: Place
    owner: Place
    detail: str
    order: int = 0
    end: End | None = None
    subject: str = ""
    source: Text = NOTHING
    target: Text = NOTHING
    encrypted: bool = False
    labels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    sure: bool = True
    by_shell: bool = False
    call: Call | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """`remote-mount of 198.51.100.7 at /opt/bin/monitor: do_update`, for people and for tests."""
        return f"{self.kind.value} ({self.detail}) in {self.place}"


@dataclass(frozen=True, slots=True)
class Hop:
    """One place on the way to a behaviour, and how control comes there ('at start-up', 'call', 'menu "Update"')."""

    at: Place
    how: str = ""
    sure: bool = True
    site: Place | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The shortest way from outside to a behaviour. Without hops no way was found.

    `open_ends`: what on that question could not be seen, so that 'no way found' does not mean 'none there'.
    """

    trigger: Trigger
    hops: tuple[Hop, ...] = ()
    label: str = ""
    open_ends: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is a way."""
        return bool(self.hops)

    @property
    def sure(self) -> bool:
        """Whether every step of the way is proven by code."""
        return self.found and all(hop.sure for hop in self.hops)
