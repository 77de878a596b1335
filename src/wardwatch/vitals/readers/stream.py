"""In: the path of a `.cms` file and its side file. Out: the recording's seconds, one a set.

The side file says when the first set was sent and where seconds are missing; the stream itself carries no time.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from wardwatch.errors import InputError
from wardwatch.vitals.words import Second

from .recording import Unread
from .sets import Set, Sets, second_of

_AT_ONCE: Final = 1 << 16
_LARGEST_SIDE: Final = 1 << 20
_MOST_GAPS: Final = 100_000
_LONGEST_GAP: Final = 10**9


@dataclass(slots=True)
class StreamRecording:
    """A stored stream."""

    name: str
    kind: str
    files: tuple[Path, ...]
    start: datetime | None
    gaps: dict[int, int]
    unread: list[Unread] = field(default_factory=list)

    def seconds(self) -> Iterator[Second]:
        """Every set, at the second it was sent."""
        sets, late, number = Sets(), 0, 0
        for number, found in enumerate(self._sets(sets)):
            late += self.gaps.get(number, 0)
            yield second_of(found, number + late)
        if sets.skipped:
            what = f"{sets.skipped} bytes of {self.files[0].name}"
            self.unread.append(Unread(what, "they belong to no block; seconds may be missing where they lie"))

    def _sets(self, sets: Sets) -> Iterator[Set]:
        try:
            with self.files[0].open("rb") as stream:
                while data := stream.read(_AT_ONCE):
                    yield from sets.feed(data)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(self.files[0])) from error
        yield from sets.finish()


def open_stream(path: Path) -> StreamRecording:
    """The stream at `path`; InputError where its side file is there and cannot be read."""
    side = path.with_name(path.name + ".json")
    recording = StreamRecording(path.stem, "central-station stream", (path,), None, {})
    if side.is_file():
        told = _side(side)
        recording.files = (path, side)
        recording.start, recording.gaps = _start(told, side), _gaps(told, side)
    else:
        recording.unread.append(Unread("the time of the recording", f"there is no {side.name} beside it", remark=True))
    return recording


def _side(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            told = json.loads(stream.read(_LARGEST_SIDE))
    except (OSError, ValueError, RecursionError) as error:
        raise _unlike(path) from error
    if not isinstance(told, dict):
        raise _unlike(path)
    return told


def _start(told: dict[str, Any], path: Path) -> datetime | None:
    text = told.get("start")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise _unlike(path) from error


def _gaps(told: dict[str, Any], path: Path) -> dict[int, int]:
    gaps = told.get("gaps", [])
    if not isinstance(gaps, list) or len(gaps) > _MOST_GAPS:
        raise _unlike(path)
    for gap in gaps:
        if not (isinstance(gap, list) and [type(part) for part in gap] == [int, int]):
            raise _unlike(path)
        if gap[0] < 0 or not 0 < gap[1] <= _LONGEST_GAP:
            raise _unlike(path)
    return {gap[0]: gap[1] for gap in gaps}


def _unlike(path: Path) -> InputError:
    cure = 'It is one line like {"start": "2026-03-01T10:00:00Z", "gaps": [[20, 5]]}.'
    return InputError("not the side file of a stream", where=str(path), cure=cure)
