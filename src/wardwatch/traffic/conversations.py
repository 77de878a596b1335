"""In: segments of kept flows as the kernel hands them on. Out: each flow's content, read by the codec of its form."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from wardwatch.plugins import modules
from wardwatch.protocols.codec import Codec, Dialogue, Message, Side, Transport

from .content import Content
from .reassembly import Mark, Piece, Stream
from .table import Segment

PROBE_BYTES: Final = 64 * 1024
OPEN_CONVERSATIONS: Final = 4096
STRAGGLERS_NANOSECONDS: Final = 5 * 10**9
RECOGNISED: Final = 0.5
_FIN: Final = 0x01
_RST: Final = 0x04


def codecs() -> tuple[Codec, ...]:
    """Every codec there is, sorted by module name; the kernel's codec index is 1 + the place in here."""
    return tuple(module.CODEC for module in modules("wardwatch.protocols", "CODEC"))


@dataclass(slots=True)
class Conversation:
    """One kept flow while it goes on."""

    content: Content
    codecs: Sequence[Codec]
    transport: Transport = Transport.TCP
    dialogue: Dialogue | None = None
    hopeless: bool = False
    _streams: tuple[Stream, Stream] = field(default_factory=lambda: (Stream(), Stream()))
    _probe: list[tuple[int, Piece]] = field(default_factory=list)
    _probed: list[bytearray] = field(default_factory=lambda: [bytearray(), bytearray()])
    _ask_at: int = 1
    _closed: int = 0

    def take(self, segment: Segment) -> None:
        """One packet of the flow."""
        mark = Mark(segment.file, segment.number, segment.time)
        for piece in self._pieces(segment, mark):
            self._read(segment.side, piece)

    @property
    def is_over(self) -> bool:
        """Whether both sides have closed, or one has reset, the connection."""
        return self._closed == 3  # noqa: PLR2004  # one bit a side

    def finish(self) -> Content:
        """Nothing more will come: the content, final."""
        for side, stream in enumerate(self._streams):
            for piece in stream.finish():
                self._read(side, piece)
        if self._probe:
            self._recognise()
        if self.dialogue is not None:
            last = max((half.last for half in self.content.sides if half.last), key=lambda mark: mark.time)
            self._keep(self.dialogue.finish(), last)
            self.content.skipped = self.dialogue.skipped
        self._probe.clear()
        return self._told()

    def _pieces(self, segment: Segment, mark: Mark) -> list[Piece]:
        if self.transport is Transport.UDP:
            cut = segment.length - len(segment.data)
            return [Piece(segment.data, 0, mark)] + ([Piece(b"", cut, mark)] if cut > 0 else [])
        pieces = self._streams[segment.side].add(segment.seq, segment.data, segment.length, segment.flags, mark)
        if segment.flags & _RST:
            self._closed = 3
        elif segment.flags & _FIN:
            self._closed |= 1 << segment.side
        return pieces

    def _read(self, side: int, piece: Piece) -> None:
        self.content.took(side, len(piece.data), piece.lost, piece.mark)
        if self.dialogue is not None:
            self._feed(self.dialogue, side, piece)
        elif not self.hopeless:
            self._probe.append((side, piece))
            self._probed[side] += piece.data
            if sum(map(len, self._probed)) >= self._ask_at:
                self._recognise()

    def _recognise(self) -> None:
        """Ask every codec at growing sizes; the surest one reads the flow from its beginning."""
        client, server = (bytes(part[:PROBE_BYTES]) for part in self._probed)
        sure, codec = max(
            ((codec.recognise(self.transport, client, server), codec) for codec in self.codecs),
            key=lambda answer: answer[0],
            default=(0.0, None),
        )
        if codec is not None and sure >= RECOGNISED:
            self._begin(codec, sure)
        elif sum(map(len, self._probed)) >= PROBE_BYTES:
            self.hopeless = True
            self._probe.clear()
        self._ask_at = 2 * sum(map(len, self._probed)) + 1

    def _begin(self, codec: Codec, sure: float) -> None:
        self.content.protocol, self.content.confidence = codec.name, sure
        self.dialogue = codec.open(self.transport)
        waiting, self._probe = self._probe, []
        self._probed = [bytearray(), bytearray()]
        for side, piece in waiting:
            self._feed(self.dialogue, side, piece)

    def _feed(self, dialogue: Dialogue, side: int, piece: Piece) -> None:
        if piece.lost:
            dialogue.lose(Side(side), piece.lost)
        if piece.data:
            self._keep(dialogue.feed(Side(side), piece.data), piece.mark)

    def _keep(self, messages: Iterable[Message], mark: Mark) -> None:
        for message in messages:
            self.content.add(message, mark)

    def _told(self) -> Content:
        content = self.content
        content.start_missing = any(stream.start_missing for stream in self._streams)
        content.repeated = sum(stream.repeated for stream in self._streams)
        content.conflict_count = sum(stream.conflict_count for stream in self._streams)
        content.conflicts = [conflict for stream in self._streams for conflict in stream.conflicts]
        return content


class Conversations:
    """All kept flows of one examination; what the kernel hands on goes in here."""

    def __init__(self, known_codecs: Sequence[Codec]) -> None:
        self.contents: dict[int, Content] = {}
        self.interrupted = 0
        self.late = 0
        self._codecs = {
            transport: [codec for codec in known_codecs if any(s.transport is transport for s in codec.signatures)]
            for transport in Transport
        }
        self._open: OrderedDict[int, Conversation] = OrderedDict()
        self._closing: OrderedDict[int, int] = OrderedDict()  # flow -> time from which no straggler is awaited
        self._ended: set[int] = set()

    def segments(self, batch: list[Segment]) -> list[int]:
        """Reads the batch; answers the flows of which no more payload is wanted."""
        unwanted = []
        for segment in batch:
            if segment.flow in self._ended:
                self.late += segment.length
                continue
            conversation = self._conversation(segment)
            conversation.take(segment)
            if conversation.hopeless:
                unwanted.append(segment.flow)
            if conversation.is_over:
                self._closing.setdefault(segment.flow, segment.time + STRAGGLERS_NANOSECONDS)
        if batch:
            self._close(batch[-1].time)
        return unwanted

    def finish(self) -> None:
        """Ends what is still open."""
        for flow in list(self._open):
            self._end(flow)

    def _conversation(self, segment: Segment) -> Conversation:
        conversation = self._open.get(segment.flow)
        if conversation is not None:
            self._open.move_to_end(segment.flow)
            return conversation
        if len(self._open) >= OPEN_CONVERSATIONS:
            self.interrupted += 1
            self._open.popitem(last=False)[1].finish()
        # A UDP datagram comes with neither flags nor a sequence number; a TCP segment with data has at least ACK.
        transport = Transport.TCP if segment.flags or segment.seq else Transport.UDP
        content = self.contents.setdefault(segment.flow, Content(segment.flow))
        conversation = Conversation(content, self._codecs[transport], transport)
        self._open[segment.flow] = conversation
        return conversation

    def _close(self, now: int) -> None:
        while self._closing:
            flow, until = next(iter(self._closing.items()))
            if until > now:
                return
            self._end(flow)

    def _end(self, flow: int) -> None:
        self._closing.pop(flow, None)
        self._ended.add(flow)
        conversation = self._open.pop(flow, None)
        if conversation is not None:
            conversation.finish()
