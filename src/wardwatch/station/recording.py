"""In: the kept sets of one place. Out: the same on a grid of seconds, as export formats want them, identities veiled.

Second k holds what was received k seconds after the first set. Sets come a little early or late: one that falls on a
second which has a set already goes to the next, as long as it is not further than a second away; else it is left out
and counted. Seconds without a set are gaps. HL7 messages are not part of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from wardwatch.errors import InputError
from wardwatch.protocols.cms import Patient as PatientBlock
from wardwatch.protocols.cms import Text, decode, encode
from wardwatch.secrecy import Veil, reveal

from . import reading
from .keeping.archive import Kept
from .keeping.records import SETS
from .sets import cut
from .words import SECOND, Contents

_MOST_SECONDS: Final = 7 * 86400
_AHEAD: Final = 2


class Second(NamedTuple):
    """One second that has a set."""

    number: int
    at: int
    blocks: tuple[bytes, ...]
    contents: Contents


@dataclass(slots=True)
class Recording:
    """One place from its first set in a time range on. Can be read once; the counts are complete then."""

    place: str
    start: int
    """When its first set was received (ns since 1970)."""
    veil: Veil
    revealed: bool
    _sets: Iterator[tuple[Kept, tuple[bytes, ...]]] = field(repr=False)
    surplus: int = 0
    """Sets left out, since too many came in one second."""
    seconds_held: int = 0

    def seconds(self) -> Iterator[Second]:
        """Every second that has a set, in order; InputError where it would be longer than a week."""
        last = -1
        for kept, blocks in self._sets:
            index = (kept.at - self.start + SECOND // 2) // SECOND
            index = max(index, last + 1) if index > last - _AHEAD else index
            if index <= last or 2 * index * SECOND > 2 * (kept.at - self.start) + 3 * SECOND:
                self.surplus += 1
                continue
            if index > _MOST_SECONDS:
                raise InputError("longer than a week", where=self.place, cure="Export it in parts: --from and --to.")
            last = index
            self.seconds_held += 1
            shown = blocks if self.revealed else tuple(veiled(block, self.veil) for block in blocks)
            yield Second(index, kept.at, shown, reading.contents(shown))


class Export(Protocol):
    """One format: writes a recording as files `stem` + its own endings, answers with their paths."""

    name: str
    title: str

    def write(self, recording: Recording, stem: Path) -> tuple[Path, ...]:
        """Write the recording; OSError as it comes."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format made of a function."""

    name: str
    title: str
    write: Callable[[Recording, Path], tuple[Path, ...]]


def recording(place: str, kept: Iterable[Kept], veil: Veil) -> Recording:
    """The recording of a place; InputError where nothing was kept of it."""
    sets = _sets(kept)
    first = next(sets, None)
    if first is None:
        cure = "See what there is: wardwatch station list --data FOLDER."
        raise InputError("nothing was received then", where=place, cure=cure)
    return Recording(place, first[0].at, veil, veil is reveal, _with(first, sets))


def veiled(block: bytes, veil: Veil) -> bytes:
    """The block without what identifies anybody: names and numbers as pseudonyms, dates as zeros."""
    read = decode(block)
    if not isinstance(read, PatientBlock):
        return block
    clean = replace(
        read,
        name=_pseudonym(read.name, "patient name", veil),
        number=_pseudonym(read.number, "patient number", veil),
        department=_pseudonym(read.department, "department", veil),
        doctor=_pseudonym(read.doctor, "doctor name", veil),
        admission_year=Text(bytes(5)), admission_month=Text(bytes(3)), admission_day=Text(bytes(3)),
        birth_year=Text(bytes(5)), birth_month=Text(bytes(3)), birth_day=Text(bytes(3)),
        unknown_20=bytes(2), unknown_6e=bytes(6), unknown_78=bytes(4), unknown_87=bytes(4),
        rest=bytes(len(read.rest)),
    )  # fmt: skip
    return encode(clean)


def _pseudonym(text: Text, kind: str, veil: Veil) -> Text:
    """As long as the field was; what stood behind its first NUL goes as well."""
    shown = veil(kind, text.text).encode("ascii", "replace") if text.text else b""
    return Text(shown[: len(text.raw) - 1].ljust(len(text.raw), b"\0"))


def _sets(kept: Iterable[Kept]) -> Iterator[tuple[Kept, tuple[bytes, ...]]]:
    for each in kept:
        if each.kind in SETS:
            for found in cut(each.raw):
                yield each, found.blocks


def _with(
    first: tuple[Kept, tuple[bytes, ...]], rest: Iterator[tuple[Kept, tuple[bytes, ...]]]
) -> Iterator[tuple[Kept, tuple[bytes, ...]]]:
    yield first
    yield from rest
