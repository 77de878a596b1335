"""The memory of windows in the library, beside a dictionary that does the same in plain words."""

from collections import deque

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.vitals.beats.kernel.library import loaded

BASE = 0x9E3779B97F4A7C15
MOST = 32


class Memory:
    """The library's, which grows at a given number."""

    def __init__(self, kept: int) -> None:
        self.library, self.kept, self.capacity, self.count = loaded(), kept, 0, 0
        self.block = np.zeros(0, np.uint64)
        self.grow(min(kept, 4))

    def grow(self, capacity: int) -> None:
        before = self.block
        self.block = np.zeros(self.library.ws_size(capacity) // 8 + 1, np.uint64)
        self.library.ws_begin(self.block.ctypes.data, capacity, before.ctypes.data if len(before) else None)
        self.capacity = capacity

    def second(self, codes: list[int], size: int, mask: int, first: int) -> list[tuple[int, int]]:
        while self.capacity < self.kept and self.count + MOST > self.capacity:
            self.grow(min(self.kept, 2 * self.capacity))
        given = np.array(codes, np.int32)
        places, befores = np.zeros(MOST, np.int64), np.zeros(MOST, np.int64)
        count = self.library.ws_second(
            self.block.ctypes.data, given.ctypes.data, len(given), size, mask, first, MOST,
            places.ctypes.data, befores.ctypes.data,
        )  # fmt: skip
        self.count += count
        return list(zip(places[:count].tolist(), befores[:count].tolist(), strict=True))


class Plain:
    """What the words of replay_exact say."""

    def __init__(self, kept: int) -> None:
        self.kept, self.seen, self.order = kept, {}, deque()

    def second(self, codes: list[int], size: int, mask: int, first: int) -> list[tuple[int, int]]:
        found = []
        for start in range(len(codes) - size):
            window = codes[start + 1 : start + 1 + size]
            hashed = sum(code * pow(BASE, place + 1, 2**64) for place, code in enumerate(window)) % 2**64
            if ((hashed ^ hashed >> 40) * BASE % 2**64 >> 40) & mask or len(found) == MOST:
                continue
            found.append((first + start, self.seen.get(hashed, -1)))
            self.seen[hashed] = first + start
            self.order.append((hashed, first + start))
            if len(self.order) > self.kept:
                old, at = self.order.popleft()
                if self.seen.get(old) == at:
                    del self.seen[old]
        return found


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.lists(st.integers(-3, 3) | st.integers(-(2**31), 2**31 - 1), min_size=0, max_size=60), max_size=14),
    st.integers(1, 8), st.sampled_from([0, 1, 3]), st.sampled_from([1, 3, 40, 70, 1000]),
)  # fmt: skip
def test_the_library_meets_what_the_dictionary_meets(seconds: list[list[int]], size: int, mask: int, kept: int) -> None:
    ours, plain, at = Memory(kept), Plain(kept), 0
    for codes in seconds:
        assert ours.second(codes, size, mask, at) == plain.second(codes, size, mask, at)
        at += len(codes)


def test_a_full_memory_forgets_the_oldest_first() -> None:
    source = np.random.default_rng(4)
    ours, plain = Memory(200), Plain(200)
    stretch = source.integers(0, 255, (120, 64)).tolist()
    met = 0
    for place, codes in enumerate([*stretch, *stretch[-20:], *stretch[:10], *stretch[-20:]]):
        told, expected = ours.second(codes, 16, 7, 64 * place), plain.second(codes, 16, 7, 64 * place)
        assert told == expected
        met += sum(before >= 0 for _, before in told)
    assert met > 40
    assert len(plain.order) == 200
