"""In: wave bytes as they come. Out: the last seconds of a signal, and how many samples there ever were."""


class Ring:
    """The last `size` bytes of an endless wave, in memory that never grows."""

    __slots__ = ("_held", "size", "total")

    def __init__(self, size: int) -> None:
        self._held = bytearray(size)
        self.size = size
        self.total = 0

    def add(self, wave: bytes) -> None:
        """Behind all that was added before; the oldest bytes go."""
        kept = wave[-self.size :]
        start = (self.total + len(wave) - len(kept)) % self.size
        first = min(len(kept), self.size - start)
        self._held[start : start + first] = kept[:first]
        self._held[: len(kept) - first] = kept[first:]
        self.total += len(wave)

    def last(self, count: int) -> bytes:
        """The newest `count` bytes, or as many as there are."""
        count = min(count, self.size, self.total)
        start = (self.total - count) % self.size
        straight = bytes(self._held[start : start + count])
        return straight + bytes(self._held[: count - len(straight)])
