"""In: what formats yield. Out: one opened part of an image: its entries, its notes, and the parts inside it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import InputError, LimitError
from wardwatch.firmware.tree import NodeKind, Note

from .budget import Budget
from .format import Entry, Found, Hole, Inner, Pieces

_ROOT_MARKS: Final = frozenset(
    {
        (b"etc",),
        (b"bin",),
        (b"sbin",),
        (b"lib",),
        (b"usr",),
        (b"dev",),
        (b"proc",),
        (b"init",),
        (b"linuxrc",),
        (b"sbin", b"init"),
        (b"bin", b"sh"),
        (b"bin", b"busybox"),
        (b"etc", b"inittab"),
        (b"etc", b"init.d"),
        (b"etc", b"passwd"),
        (b"etc", b"fstab"),
    }
)
"""Names by which a root file system is known (Filesystem Hierarchy Standard 3.0, section 3)."""
ENOUGH_FOR_A_ROOT: Final = 3


@dataclass(slots=True)
class Volume:
    """One part. `inside` are the volumes it holds, each with the names of where it stands in this one."""

    format: str
    offset: int | None = None
    entries: list[Entry] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    inside: list[tuple[tuple[bytes, ...], "Volume"]] = field(default_factory=list)

    @property
    def likeness(self) -> int:
        """How many of the names that make a root file system it has."""
        return len(_ROOT_MARKS.intersection(entry.parts for entry in self.entries))

    def all(self) -> Iterator["Volume"]:
        """This one and all inside it, outermost first."""
        yield self
        for _, volume in self.inside:
            yield from volume.all()

    def way_to(self, volume: "Volume") -> tuple["Volume", ...]:
        """The volumes from this one down to `volume`; empty where it is not inside."""
        if volume is self:
            return (self,)
        for _, inner in self.inside:
            way = inner.way_to(volume)
            if way:
                return (self, *way)
        return ()


def root_volume(top: Volume) -> Volume:
    """The volume that is the device's root file system, or else what is most worth showing at the top."""
    best, most = None, ENOUGH_FOR_A_ROOT - 1
    for volume in _outer_roots(top):
        if volume.likeness > most:
            best, most = volume, volume.likeness
    if best:
        return best
    if top.entries or not top.inside:
        return top
    return max((volume for _, volume in top.inside), key=lambda volume: len(volume.entries))


def _outer_roots(top: Volume) -> Iterator[Volume]:
    """Volumes that look like a root file system and do not lie inside one that does."""
    yield top
    if top.likeness < ENOUGH_FOR_A_ROOT:
        for _, volume in top.inside:
            yield from _outer_roots(volume)


def gathered(found: Iterable[Found], volume: Volume, budget: Budget) -> list[Inner]:
    """Entries and notes into `volume` until damage or a bound ends it, with a note; the images inside it."""
    inner: list[Inner] = []
    try:
        for one in found:
            if isinstance(one, Entry):
                budget.spend("nodes")
                volume.entries.append(one)
            elif isinstance(one, Inner):
                budget.spend("parts")
                inner.append(one)
            elif len(volume.notes) < budget.limits.notes:
                volume.notes.append(one)
    except (InputError, LimitError) as error:
        volume.notes.append(Note("/", f"the {volume.format} part could not be read to its end", str(error)))
    return inner


def content(pieces: Pieces, limit: int) -> tuple[bytes, list[str]]:
    """At most `limit` bytes of a file; what could not be read is zeros, with the reasons."""
    data, why = bytearray(), list[str]()
    try:
        for piece in pieces():
            wanted = limit - len(data)
            if isinstance(piece, Hole):
                why.append(piece.why)
                data += bytes(min(piece.size, wanted))
            else:
                data += piece[:wanted]
            if len(data) >= limit:
                break
    except (InputError, LimitError) as error:
        why.append(str(error))
    return bytes(data), why


def is_worth_opening(entry: Entry) -> bool:
    """Whether a file may hold an image at all."""
    return entry.kind is NodeKind.FILE and entry.same_as is None and entry.size > 0
