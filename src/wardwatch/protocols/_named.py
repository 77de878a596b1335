"""In: a conversation whose content is not read. Out: at most one message a side, from its first bytes."""

from collections.abc import Callable
from typing import Final, NamedTuple

from .codec import Message, Side, Transport

_KEPT: Final = 4096


class Opening(NamedTuple):
    """What a side's first bytes say: how many of them are the opening, a kind and facts."""

    size: int
    kind: str
    facts: dict[str, str | int]


Reader = Callable[[bytes], Opening | None]
"""Reads a side's first bytes; None while they are not enough, or not of this protocol."""


class Conversation:
    """Tells each side's opening as soon as its reader understands it; what follows is passed over."""

    def __init__(self, protocol: str, reader: Reader, _transport: Transport) -> None:
        self.skipped = 0
        self._protocol = protocol
        self._reader = reader
        self._kept: list[bytearray | None] = [bytearray(), bytearray()]

    def feed(self, side: Side, data: bytes) -> list[Message]:
        """The opening, once."""
        kept = self._kept[side]
        if kept is None:
            return []
        kept += data[: _KEPT - len(kept)]
        opening = self._reader(bytes(kept))
        if opening is None and len(kept) < _KEPT:
            return []
        self._kept[side] = None
        if opening is None:
            self.skipped += len(kept)
            return []
        return [Message(self._protocol, opening.kind, side, 0, opening.size, facts=opening.facts)]

    def lose(self, side: Side, _count: int) -> None:
        """Nothing more is told of a side whose opening is broken."""
        kept = self._kept[side]
        self.skipped += len(kept or b"")
        self._kept[side] = None

    def finish(self) -> list[Message]:
        """An opening that was never whole is skipped."""
        for side in Side:
            self.lose(side, 0)
        return []
