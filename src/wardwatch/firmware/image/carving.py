"""In: a stretch of bytes without a table of contents. Out: the images in it, found by magic and checked by header."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from heapq import heapify, heapreplace
from typing import Final, cast

from wardwatch.errors import InputError
from wardwatch.firmware.tree import Span, SpanState
from wardwatch.plugins import modules

from .budget import Budget
from .format import PACKAGE, Found, ImageFormat, Inner
from .source import Source

_LEAST_PADDING: Final = 16
_SAMPLE: Final = 1 << 16
_SAMPLES: Final = 16
_PAGE: Final = 1 << 16


@cache
def formats() -> tuple[ImageFormat, ...]:
    """Every format, by name."""
    return tuple(cast("ImageFormat", module.FORMAT) for module in modules(PACKAGE, "FORMAT"))


@dataclass(frozen=True, slots=True)
class Part:
    """An image at `offset`, `size` bytes long by its own header; a stream has been read to know its size."""

    format: ImageFormat
    offset: int
    size: int
    read: tuple[Found, ...] = ()


def measured(form: ImageFormat, source: Source, offset: int) -> int | None:
    """Its length where one stands at `offset`; None where none does, or where its header lies."""
    try:
        size = form.measure(source, offset)
    except InputError:
        return None
    return size if size and 0 < size <= len(source) - offset else None


def _begins(form: ImageFormat, source: Source) -> bool:
    return any(source.some(place, len(magic)) == magic for magic, place in form.magics)


def may_begin(source: Source) -> bool:
    """Whether a format's magic stands at the beginning."""
    return any(_begins(form, source) for form in formats())


def claimed(source: Source) -> ImageFormat | None:
    """The format of the image that begins where `source` begins; nothing is read but its header."""
    return next((form for form in formats() if _begins(form, source) and measured(form, source, 0)), None)


def at_start(source: Source, budget: Budget) -> Part | None:
    """The image that begins where `source` begins."""
    form = claimed(source)
    return _part(form, source, 0, budget) if form else None


def parts(source: Source, budget: Budget) -> Iterator[Part]:
    """The images in `source`, in order, none inside another; each magic is searched for only where it can count."""
    first = at_start(source, budget)
    reached = first.size if first else 0
    if first:
        yield first
    if is_padding(source, reached):
        return
    wanted = [(form, magic, place) for form in formats() if form.carved for magic, place in form.magics]
    heap = [(_next(source, one, reached), number) for number, one in enumerate(wanted)]
    heapify(heap)
    while heap[0][0] < len(source):
        offset, number = heap[0]
        budget.spend("steps")
        part = _part(wanted[number][0], source, offset, budget) if offset >= reached else None
        if part:
            yield part
            reached = offset + part.size
        heapreplace(heap, (_next(source, wanted[number], max(reached, offset + 1)), number))


def _next(source: Source, wanted: tuple[ImageFormat, bytes, int], start: int) -> int:
    """Where an image with this magic may begin, from `start` on; the end of the source where none does."""
    _, magic, place = wanted
    at = source.find(magic, start + place)
    return at - place if at >= 0 else len(source)


def is_padding(source: Source, start: int) -> bool:
    """Whether everything from `start` on is all 00 or all FF."""
    return start >= len(source) or start + _run(source, start, len(source)) == len(source)


def _part(form: ImageFormat, source: Source, offset: int, budget: Budget) -> Part | None:
    size = measured(form, source, offset)
    if not size or not form.is_stream:
        return Part(form, offset, size) if size else None
    read = tuple(form.open(source.part(offset, size), budget))
    used = next((one.used for one in read if isinstance(one, Inner)), 0)
    return Part(form, offset, used, read) if 0 < used <= size else None


def uncovered(source: Source, start: int, end: int) -> Iterator[Span]:
    """The stretch between two parts as padding and as what is not understood."""
    if start >= end:
        return
    head = _run(source, start, end)
    if head >= _LEAST_PADDING or start + head == end:
        yield Span(start, head, SpanState.PADDING, "padding")
        start += head
    tail = _run_back(source, start, end)
    tail = tail if tail >= _LEAST_PADDING else 0
    if start < end - tail:
        yield Span(start, end - tail - start, SpanState.NOT_UNDERSTOOD, "data", entropy(source, start, end - tail))
    if tail:
        yield Span(end - tail, tail, SpanState.PADDING, "padding")


def _run(source: Source, start: int, end: int) -> int:
    """How many bytes from `start` are all 00 or all FF."""
    filler = source.some(start, 1)
    if filler not in {b"\0", b"\xff"}:
        return 0
    at = start
    while at < end:
        piece = source.some(at, min(_PAGE, end - at))
        left = piece.lstrip(filler)
        if left:
            return at + len(piece) - len(left) - start
        at += len(piece)
    return end - start


def _run_back(source: Source, start: int, end: int) -> int:
    """How many bytes before `end` are all 00 or all FF."""
    filler = source.some(end - 1, 1) if end > start else b""
    if filler not in {b"\0", b"\xff"}:
        return 0
    at = end
    while at > start:
        first = max(start, at - _PAGE)
        left = source.some(first, at - first).rstrip(filler)
        if left:
            return end - first - len(left)
        at = first
    return end - start


def entropy(source: Source, start: int, end: int) -> float:
    """Bits a byte, of up to a megabyte in samples spread evenly, to two digits."""
    step = max(_SAMPLE, (end - start) // _SAMPLES)
    counts = [0] * 256
    total = 0
    for at in range(start, end, step):
        sample = source.some(at, min(_SAMPLE, end - at))
        total += len(sample)
        for value in range(256):
            counts[value] += sample.count(value)
    shares = (count / total for count in counts if count)
    return round(abs(-sum(share * math.log2(share) for share in shares)), 2) if total else 0.0
