"""In: segments of kept flows as the kernel hands them on. Out: each flow's content, read by the codec of its form."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final

from wardwatch.plugins import modules
from wardwatch.protocols.codec import Codec, Dialogue, Side, Transport

from .content import Content
from .reassembly import Mark, Piece, Stream
from .rows import APART, FIN, NO_MORE, RST, Batch, Run, by_side
from .table import Segment

PROBE_BYTES: Final = 64 * 1024
OPEN_CONVERSATIONS: Final = 4096
CONTENTS_KEPT: Final = 24_000
KEPT_EACH: Final = 16
ENDS_KEPT: Final = 50_000
STRAGGLERS_NANOSECONDS: Final = 5 * 10**9
RECOGNISED: Final = 0.5
_ASK_AGAIN: Final = 4
_flow: Final = itemgetter(Run._fields.index("flow"))


def codecs() -> tuple[Codec, ...]:
    """Every codec there is, sorted by module name; the kernel's codec index is 1 + the place in here."""
    return tuple(module.CODEC for module in modules("wardwatch.protocols", "CODEC"))


@dataclass(slots=True)
class Conversation:
    """One kept flow while it goes on."""

    content: Content
    codecs: Sequence[Codec]
    transport: Transport = Transport.TCP
    hint: Codec | None = None
    channel: int = 0
    dialogue: Dialogue | None = None
    apart: bool = False
    """Whether what one side sent is read without regard to when the other spoke, or not at all; then in longer rows."""
    done: bool = False
    _streams: tuple[Stream, Stream] = field(default_factory=lambda: (Stream(), Stream()))
    _fed: list[int] = field(default_factory=lambda: [0, 0])
    _probe: list[tuple[int, Piece]] = field(default_factory=list)
    _probed: int = 0
    _ask_at: int = 1
    _asked: int = 0
    _closed: int = 0

    def take(self, batch: Batch, runs: Sequence[Run]) -> None:
        """Runs of the flow, in order of capture; of one side after the other where these are `apart`."""
        waiting, sorted_out = list(reversed(runs)), bool(runs[0].apart)
        while waiting:
            if self.apart and not sorted_out:
                waiting, sorted_out = sorted(waiting, key=by_side, reverse=True), True  # what is equal keeps its order
            run = waiting.pop()
            if run.flawless and self._take_row(batch, run):
                continue
            segment, rest = batch.split(run)
            self._take_one(segment)
            if rest:
                waiting.append(rest)

    @property
    def is_over(self) -> bool:
        """Whether both sides have closed, or one has reset, the connection."""
        return self._closed == 3  # noqa: PLR2004  # one bit a side

    def finish(self) -> Content:
        """Nothing more will come: the content, final."""
        for side, stream in enumerate(self._streams):
            for piece in stream.finish():
                self._read(side, piece)
        if self._probe and self._probed > self._asked:
            self._recognise()
        if self.dialogue is not None:
            last = max((half.last for half in self.content.sides if half.last), key=lambda mark: mark.time)
            self.content.add(self.dialogue.finish(), lambda _: last)
            self.content.skipped = self.dialogue.skipped
        self._probe.clear()
        return self._told()

    def _take_row(self, batch: Batch, run: Run) -> bool:
        """Take all of a run without a flaw, if it continues its side's stream."""
        stream = self._streams[run.side]
        if self.transport is Transport.UDP or not stream.is_next(run.seq):
            return False
        if self.done:
            stream.advance(run.seq, batch.payload(run))
            self.content.passed(run.side, run.n, *run.marks)
            return True
        piece = batch.piece(run)
        stream.advance(run.seq, piece.data)
        self._read(run.side, piece)
        return True

    def _take_one(self, segment: Segment) -> None:
        mark = Mark(segment.file, segment.number, segment.time)
        for piece in self._pieces(segment, mark):
            self._read(segment.side, piece)

    def _pieces(self, segment: Segment, mark: Mark) -> list[Piece]:
        if self.transport is Transport.UDP:
            cut = segment.length - len(segment.data)
            return [Piece(segment.data, 0, mark)] + ([Piece(b"", cut, mark)] if cut > 0 else [])
        if segment.flags & RST:
            self._closed = 3
        elif segment.flags & FIN:
            self._closed |= 1 << segment.side
        return self._streams[segment.side].add(segment.seq, segment.data, segment.length, segment.flags, mark)

    def _read(self, side: int, piece: Piece) -> None:
        self.content.took(side, piece)
        if self.done:
            return
        if self.dialogue is not None:
            self._feed(self.dialogue, side, piece)
        else:
            self._probe.append((side, piece))
            self._probed += len(piece.data)
            if self._probed >= self._ask_at:
                self._recognise()

    def _recognise(self) -> None:
        """Ask the codecs at growing sizes; the surest one reads the flow from its beginning.

        The one whose signature the kernel saw is asked first, and the others only where it is not sure.
        """
        sent = self._sent(0), self._sent(1)
        for group in ([self.hint] if self.hint else []), self.codecs:
            best, sure = None, 0.0
            for codec in group:
                answer = codec.recognise(self.transport, *sent)
                if answer > sure:
                    best, sure = codec, answer
            if best is not None and sure >= RECOGNISED:
                self._begin(best, sure)
                return
        if self._probed >= PROBE_BYTES:
            self.done = self.apart = True
            self._probe.clear()
        self._asked, self._ask_at = self._probed, _ASK_AGAIN * self._probed + 1

    def _sent(self, side: int) -> bytes:
        """The first bytes of a side."""
        pieces = [piece.data for each, piece in self._probe if each == side]
        return b"".join(pieces)[:PROBE_BYTES] if len(pieces) > 1 else pieces[0][:PROBE_BYTES] if pieces else b""

    def _begin(self, codec: Codec, sure: float) -> None:
        self.content.protocol, self.content.confidence = codec.name, sure
        self.done = codec.names_only
        self.apart = codec.apart or self.done
        self.dialogue = codec.open(self.transport)
        waiting, self._probe = self._probe, []
        for side, piece in waiting:
            self._feed(self.dialogue, side, piece)

    def _feed(self, dialogue: Dialogue, side: int, piece: Piece) -> None:
        begin = self._fed[side]
        self._fed[side] += piece.lost + len(piece.data)
        if piece.lost:
            dialogue.lose(Side(side), piece.lost)
        if not piece.data:
            return
        messages = dialogue.feed(Side.SERVER if side else Side.CLIENT, piece.data)
        self.content.add(messages, lambda end: piece.packet_at(max(0, end - begin - 1)))

    def _told(self) -> Content:
        content = self.content
        content.settle()
        content.repeated = sum(stream.repeated for stream in self._streams)
        content.conflict_count = sum(stream.conflict_count for stream in self._streams)
        content.conflicts = [conflict for stream in self._streams for conflict in stream.conflicts]
        return content


@dataclass(slots=True)
class _Channel:
    """Ended conversations of one side with one port of another, in one protocol."""

    count: int = 0
    kept: Content | None = None


class Conversations:
    """All kept flows of one examination; what the kernel hands on goes in here."""

    def __init__(self, known_codecs: Sequence[Codec]) -> None:
        self.contents: dict[int, Content] = {}
        self.interrupted = 0
        self.refused = 0
        self.late = 0
        self._all = (None, *known_codecs)
        self._index = {"": 0} | {codec.name: index for index, codec in enumerate(known_codecs, 1)}
        self._codecs = {
            transport: [codec for codec in known_codecs if any(s.transport is transport for s in codec.signatures)]
            for transport in Transport
        }
        self._open: OrderedDict[int, Conversation] = OrderedDict()
        self._closing: OrderedDict[int, int] = OrderedDict()  # flow -> time from which no straggler is awaited
        self._ended: dict[int, None] = {}  # the newest only: no straggler comes much later
        self._channels: dict[tuple[int, str], _Channel] = {}

    def segments(self, batch: Batch) -> list[tuple[int, int]]:
        """Reads the batch; answers the flows of which something is wished: see `Sink`."""
        wishes: list[tuple[int, int]] = []
        for flow, group in groupby(batch.runs, _flow):
            wishes += self._take(flow, batch, list(group))
        if batch.runs:
            self._close(batch.last_time)
        return wishes

    def finish(self) -> None:
        """Ends what is still open."""
        for flow in list(self._open):
            self._end(flow)

    def _take(self, flow: int, batch: Batch, runs: Sequence[Run]) -> Iterator[tuple[int, int]]:
        """Read the runs of one flow; what is wished of it."""
        if flow in self._ended:
            self.late += sum(run.length for run in runs)
            return
        conversation = self._conversation(runs[0])
        if conversation is None:
            yield flow, NO_MORE
            return
        conversation.hint = self._all[runs[-1].codec]
        conversation.take(batch, runs)
        if conversation.is_over:
            self._closing.setdefault(flow, max(run.last_time for run in runs) + STRAGGLERS_NANOSECONDS)
        yield from self._wishes(flow, conversation, runs[-1])

    def _wishes(self, flow: int, conversation: Conversation, run: Run) -> Iterator[tuple[int, int]]:
        """That no more of it is kept, that its codec is another than the kernel took it for, or how to line it up."""
        if conversation.done:
            yield flow, NO_MORE
            return
        codec = self._index[conversation.content.protocol]
        if codec not in {run.codec, 0}:
            yield flow, codec
        if conversation.apart and not run.apart:
            yield flow, APART

    def _conversation(self, run: Run) -> Conversation | None:
        conversation = self._open.get(run.flow)
        if conversation is not None:
            self._open.move_to_end(run.flow)
            return conversation
        if len(self._open) >= OPEN_CONVERSATIONS:
            self.interrupted += 1
            self._open.popitem(last=False)[1].finish()
        if len(self.contents) >= CONTENTS_KEPT and run.flow not in self.contents:
            self.refused += 1
            self._note_end(run.flow)
            return None
        # A UDP datagram comes with neither flags nor a sequence number; a TCP run with data has at least ACK.
        transport = Transport.TCP if run.flags or run.seq else Transport.UDP
        content = self.contents.setdefault(run.flow, Content(run.flow))
        conversation = Conversation(content, self._codecs[transport], transport, channel=run.channel)
        self._open[run.flow] = conversation
        return conversation

    def _close(self, now: int) -> None:
        while self._closing:
            flow, until = next(iter(self._closing.items()))
            if until > now:
                return
            self._end(flow)

    def _end(self, flow: int) -> None:
        self._closing.pop(flow, None)
        self._note_end(flow)
        conversation = self._open.pop(flow, None)
        if conversation is not None:
            self._file(conversation.channel, conversation.finish())

    def _note_end(self, flow: int) -> None:
        self._ended[flow] = None
        if len(self._ended) > ENDS_KEPT:
            del self._ended[next(iter(self._ended))]

    def _file(self, number: int, content: Content) -> None:
        """Keep the first conversations of a channel each by itself, and add all later ones to the last of these."""
        channel = self._channels.setdefault((number, content.protocol), _Channel())
        if channel.kept and channel.count >= KEPT_EACH:
            channel.kept.absorb(content)
            self.contents.pop(content.flow, None)
        else:
            channel.kept = content
        channel.count += 1
