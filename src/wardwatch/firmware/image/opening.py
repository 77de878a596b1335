"""In: the bytes of an image, or a folder. Out: its volumes, one inside the other, and what became of every byte."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import LimitError
from wardwatch.firmware.tree import NodeKind, Note, Span, SpanState

from .budget import Budget
from .carving import Part, may_begin, parts, uncovered
from .format import HEAD, Entry, Found, Inner, nothing
from .source import Source, whole
from .volume import ENOUGH_FOR_A_ROOT, Volume, content, gathered, is_worth_opening

_FEW: Final = 32
_LEAST_CARVED: Final = 4096
_LEAST_GAP: Final = 64
_IMAGE_NAMES: Final = (b".bin", b".img", b".fw", b".rom", b".upd", b".trx", b".pkg", b".dat", b".update", b".flash")
_PROGRAMS: Final = (b"\x7fELF", b"#!")


@dataclass(slots=True)
class Opener:
    """Opens an image and what is inside it, within one budget."""

    budget: Budget
    spans: list[Span] = field(default_factory=list)

    def outermost(self, source: Source, name: str) -> Volume:
        """The whole input; its spans are kept."""
        if source.some(0, 4).startswith(_PROGRAMS):
            what = "program" if source.some(0, 4) == _PROGRAMS[0] else "script"
            self.spans = [Span(0, len(source), SpanState.EXAMINED, what)]
            return Volume(what, 0, [_file(source, name)])
        volume, self.spans = self.opened(source, 0)
        if not volume.entries and not volume.inside:
            volume.entries.append(_file(source, name))
        return volume

    def opened(self, source: Source, depth: int) -> tuple[Volume, list[Span]]:
        """One format from the beginning to the end, or several parts with something between them."""
        found, notes = self._parts(source)
        spans = list(_spans(source, found))
        alone = [span for span in spans if span.state is not SpanState.PADDING]
        if len(found) == 1 and len(alone) == 1:
            return self.part(source, found[0], depth), spans
        volume = Volume("flash", 0, notes=notes)
        for part in found:
            name = f"@0x{part.offset:x}-{part.format.name}".encode()
            volume.inside.append(((name,), self.part(source, part, depth)))
        return volume, spans

    def _parts(self, source: Source) -> tuple[list[Part], list[Note]]:
        found: list[Part] = []
        try:
            for part in parts(source, self.budget):
                self.budget.spend("parts")
                found.append(part)
        except LimitError as error:
            return found, [Note("/", "not all of the image was searched for parts", str(error))]
        return found, []

    def part(self, source: Source, part: Part, depth: int) -> Volume:
        """One part with what is inside it."""
        volume = Volume(part.format.name, part.offset)
        if depth >= self.budget.limits.depth:
            why = f"images are opened {self.budget.limits.depth} deep"
            volume.notes.append(Note("/", f"a {part.format.title} image inside was not opened", why))
            return volume
        inside = source.part(part.offset, part.size)
        inner = gathered(part.read or part.format.open(inside, self.budget), volume, self.budget)
        for one in inner:
            self._inner(volume, one, depth, is_stream=part.format.is_stream)
        if not part.format.is_stream:
            self._files(volume, depth)
        return volume

    def _inner(self, volume: Volume, inner: Inner, depth: int, *, is_stream: bool) -> None:
        """An image that the format itself announces. What a stream holds stands where the stream stands."""
        name = inner.name.encode("utf-8", "surrogateescape")
        opened, spans = self.opened(inner.source, depth + 1)
        if not opened.entries and not opened.inside:
            entry = _file(inner.source, inner.name)
            volume.entries.append(entry)
            volume.notes += opened.notes
            if not inner.source.some(0, 4).startswith(_PROGRAMS):
                volume.notes += _gaps((name,), spans)
            return
        if inner.named:
            volume.entries.append(_file(inner.source, inner.name))
        opened.notes += _gaps((), spans)
        volume.inside.append((() if is_stream else (name,), opened))

    def folder(self, entries: Iterator[Found]) -> Volume:
        """A folder of this machine, with the images that lie in it."""
        volume = Volume("folder")
        gathered(entries, volume, self.budget)
        self._files(volume, 0)
        size = sum(entry.size for entry in volume.entries if entry.kind is NodeKind.FILE)
        self.spans = [Span(0, size, SpanState.EXAMINED, "folder")] if size else []
        return volume

    def _files(self, volume: Volume, depth: int) -> None:
        """Files that are images themselves."""
        carved = len(volume.entries) <= _FEW and volume.likeness < ENOUGH_FOR_A_ROOT
        for entry in volume.entries.copy():
            if is_worth_opening(entry):
                self._file(volume, entry, depth, carved=carved)

    def _file(self, volume: Volume, entry: Entry, depth: int, *, carved: bool) -> None:
        head = whole(content(entry.head or entry.pieces, HEAD)[0])
        if head.some(0, 4).startswith(_PROGRAMS):
            return
        likely = carved or entry.parts[-1].lower().endswith(_IMAGE_NAMES)
        if not may_begin(head) and not (likely and entry.size >= _LEAST_CARVED):
            return
        source = self._held(volume, entry)
        if source is None:
            return
        opened, spans = self.opened(source, depth + 1)
        if opened.entries or opened.inside or opened.notes:
            opened.notes += _gaps((), spans)
            volume.inside.append((entry.parts, opened))
        else:
            self.budget.give_back("held", entry.size)

    def _held(self, volume: Volume, entry: Entry) -> Source | None:
        """A file's content in memory, where there is room for it."""
        try:
            self.budget.spend("held", entry.size)
        except LimitError as error:
            where = "/" + b"/".join(entry.parts).decode("utf-8", "backslashreplace")
            volume.notes.append(Note(where, "a file that may be an image was not opened", str(error)))
            return None
        data = content(entry.pieces, entry.size)[0]
        return whole(data)


def _file(source: Source, name: str) -> Entry:
    """A source as a file of its own."""
    raw = name.encode("utf-8", "surrogateescape") or b"content"
    pieces = (lambda: source.pieces(0, len(source))) if len(source) else nothing
    return Entry((raw,), NodeKind.FILE, len(source), 0o644, pieces=pieces)


def _spans(source: Source, found: list[Part]) -> Iterator[Span]:
    """What became of every byte."""
    reached = 0
    for part in found:
        yield from uncovered(source, reached, part.offset)
        yield Span(part.offset, part.size, SpanState.EXAMINED, part.format.name)
        reached = part.offset + part.size
    yield from uncovered(source, reached, len(source))


def _gaps(parts: tuple[bytes, ...], spans: list[Span]) -> Iterator[Note]:
    """Notes on what was not understood of an image that is not the outermost."""
    where = "/" + b"/".join(parts).decode("utf-8", "backslashreplace")
    for span in spans:
        if span.state is SpanState.NOT_UNDERSTOOD and span.size >= _LEAST_GAP:
            what = f"{span.size} bytes at offset 0x{span.offset:x} were not understood"
            yield Note(where, what, f"no format is known for them; entropy {span.entropy} bits a byte")
