"""In: records as bytes. Out: the same in order, a piece at a time, for whoever writes them."""


class Waiting:
    """Records not yet sealed, and how many of them are sets."""

    __slots__ = ("data", "sets", "size")

    def __init__(self) -> None:
        self.data: list[tuple[bytes, bool]] = []
        self.size = self.sets = 0

    def add(self, data: bytes, *, is_set: bool) -> None:
        """Behind the others."""
        self.data.append((data, is_set))
        self.size += len(data)
        self.sets += is_set

    def take(self, most: int) -> "Waiting":
        """The oldest records, about `most` bytes of them, taken out."""
        taken, count = Waiting(), 0
        for data, is_set in self.data:
            if taken.size >= most:
                break
            taken.add(data, is_set=is_set)
            count += 1
        del self.data[:count]
        self.size -= taken.size
        self.sets -= taken.sets
        return taken

    def put_back(self, earlier: "Waiting") -> None:
        """In front of what is here."""
        self.data[:0] = earlier.data
        self.size += earlier.size
        self.sets += earlier.sets
