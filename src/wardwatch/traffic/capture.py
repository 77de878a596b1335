"""In: capture files, compressed or not, or standard input. Out: one flow table, kept payload, and what was not read.

The I/O skin around the kernel: one reused buffer is filled, handed to the kernel, its unused end moved to the front.
"""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from wardwatch.errors import InputError

from .kernel import Counter, Kernel, Settings, Sink, Walked
from .mistakes import not_a_capture
from .opening import HEAD, Content, Source, head_of, name_of, opened

BUFFER: Final = 512 * 1024
"""More than the kernel's RECORD_LIMIT, so that every record it accepts fits."""

_HANDED: Final = 16_384
"""Flow records handed on at a time at the end."""

_MAGIC: Final = {
    bytes.fromhex(magic): kind
    for kind, magics in {
        "pcap": ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1"),
        "pcapng": ("0a0d0d0a",),
    }.items()
    for magic in magics
}

_MAGIC_LENGTH: Final = 4

__all__ = ["CaptureResult", "FileStats", "Note", "examine", "head_of", "not_a_capture", "sniff"]


class Note(NamedTuple):
    """Something of a file that was not read, and why."""

    what: str
    why: str
    bytes: int = 0
    packets: int = 0


@dataclass(frozen=True, slots=True)
class FileStats:
    """One file as it was read. Times are nanoseconds since 1970, UTC."""

    path: str
    kind: str
    """'pcap', 'pcapng', with '.gz' or '.zst' behind it where compressed."""
    bytes: int
    """Of the file itself, as far as it was read."""
    sha256: str | None
    packets: int
    packets_decoded: int
    """Packets that reached a flow, or wait as fragments of one."""
    first: int | None
    last: int | None
    linktypes: Mapping[int, int]
    """Packets by link type."""
    truncated: int
    """Packets of which the capture holds only the beginning."""
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """All files together. `evicted`: flows that left a full table before their end was seen."""

    files: tuple[FileStats, ...]
    counters: tuple[Counter, ...]
    evicted: int
    flows: int
    segments: int


def sniff(head: bytes) -> str | None:
    """'pcap' or 'pcapng' where the (decompressed) content begins like one."""
    return _MAGIC.get(head[:4])


def examine(
    paths: Sequence[Source],
    settings: Settings,
    sink: Sink,
    progress: Callable[[int], None] | None = None,
    digest: bool = False,  # noqa: FBT001, FBT002  # the agreed signature
) -> CaptureResult:
    """Read `paths` in order into one flow table; `sink` gets payload and flows that left, then the other flows.

    `progress` gets the number of raw bytes read since its last call. InputError where a path is no capture; nothing
    was handed on then, unless it came over standard input.
    """
    for path in paths:
        if path != "-" and not sniff(head := head_of(path)):
            raise not_a_capture(path, head)
    with Kernel(settings, sink) as kernel:
        files = tuple(_read(kernel, index, path, progress, digest=digest) for index, path in enumerate(paths))
        kernel.finish()
        order = kernel.order()
        for start in range(0, len(order), _HANDED):
            sink.retired(kernel.take(order[start : start + _HANDED]))
        return CaptureResult(files, kernel.counters(), kernel.evicted, kernel.flows_seen, kernel.segments_total)


def _read(
    kernel: Kernel, index: int, path: Source, progress: Callable[[int], None] | None, *, digest: bool
) -> FileStats:
    kernel.begin(index)
    with opened(path, progress, digest=digest) as content:
        try:
            walked = _walk(kernel, path, content)
        except InputError as error:
            raise InputError(error.what, where=error.where or name_of(path), cure=error.cure) from error
        _rest(content)
    suffix = f".{content.compression}" if content.compression else ""
    return FileStats(
        path=name_of(path),
        kind=f"{walked.format}{suffix}",
        bytes=content.raw.count,
        sha256=content.raw.digest.hexdigest() if content.raw.digest else None,
        packets=walked.packets,
        packets_decoded=walked.decoded,
        first=walked.first,
        last=walked.last,
        linktypes=walked.linktypes,
        truncated=walked.cut,
        notes=_notes(walked, content),
    )


def _walk(kernel: Kernel, path: Source, content: Content) -> Walked:
    """Everything through one buffer; what the kernel left of it goes to its front."""
    buffer = bytearray(BUFFER)
    view, address = memoryview(buffer), ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    held, recognised = 0, False
    while count := content.readinto(view[held:]):
        held += count
        recognised = recognised or _recognised(path, bytes(view[: min(held, HEAD)]))
        used = kernel.feed_at(address, held)
        held -= used
        if held:
            view[:held] = bytes(view[used : used + held])
        if held == BUFFER:
            break  # the file cannot be read on
    if not recognised:
        raise not_a_capture(path, bytes(view[:held]))
    return kernel.end(view[:held])


def _recognised(path: Source, head: bytes) -> bool:
    """False where there are too few bytes yet; InputError where there are enough and they are no capture's."""
    if len(head) < _MAGIC_LENGTH:
        return False
    if not sniff(head):
        raise not_a_capture(path, head)
    return True


def _rest(content: Content) -> None:
    """To the end of the file all the same: its length and digest are of the whole of it."""
    if content.raw.digest:
        scrap = memoryview(bytearray(BUFFER))
        while content.raw.readinto(scrap):
            pass


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _notes(walked: Walked, content: Content) -> tuple[Note, ...]:
    found = [_stopped(walked)]
    if content.note:
        found.append(Note("the rest of the file", content.note))
    if walked.resyncs:
        found.append(
            Note(
                f"{_count(walked.resync_bytes, 'byte')} in {_count(walked.resyncs, 'place')}, "
                f"the first at byte {walked.resync_at}",
                "the capture is damaged there; reading went on at the next sound record",
                bytes=walked.resync_bytes,
            )
        )
    if walked.oversize:
        found.append(
            Note(_count(walked.oversize, "record"), "longer than 384 KiB", walked.oversize_bytes, walked.oversize)
        )
    if walked.undeclared:
        found.append(
            Note(_count(walked.undeclared, "packet"), "the file does not declare their interface", 0, walked.undeclared)
        )
    if walked.timeless:
        found.append(
            Note(
                f"the time of {_count(walked.timeless, 'packet')}",
                "the file holds none; that of the packet before was taken",
                0,
                walked.timeless,
            )
        )
    if walked.tail and not walked.stopped:
        found.append(Note("the last record", "the file ends within it", bytes=walked.tail))
    return tuple(note for note in found if note)


def _stopped(walked: Walked) -> Note | None:
    if not walked.stopped:
        return None
    if walked.stopped == "damaged":
        return Note(
            f"everything from byte {walked.stopped_at} on", "the capture is damaged, and no sound record follows nearby"
        )
    return Note("the whole file", "its header names a version of the format that nobody has described")
