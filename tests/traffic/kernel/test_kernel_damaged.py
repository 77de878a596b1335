"""A corpus of damaged captures, in `damaged/`: what is still read of each, and what is said of the rest.

Each holds six packets of one TCP conversation, 'block 00' to 'block 05', before the damage its name tells of.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from wardwatch.traffic.capture import examine
from wardwatch.traffic.kernel import Settings
from wardwatch.traffic.rows import Batch

FOLDER = Path(__file__).parent / "damaged"
RESYNC = "the capture is damaged there; reading went on at the next sound record"
ENDS = "the file ends within it"

# name: packets that reached the conversation, what was not read, why
EXPECTED = {
    "bytes-added.pcap": (6, "500 bytes in 1 place, the first at byte 258", RESYNC),
    "bytes-added.pcapng": (6, "501 bytes in 1 place, the first at byte 336", RESYNC),
    "bytes-lost.pcap": (4, "48 bytes in 1 place, the first at byte 258", RESYNC),
    "cut-in-a-block.pcapng": (5, "the last record", ENDS),
    "cut-in-a-packet.pcap": (5, "the last record", ENDS),
    "cut-in-a-record-header.pcap": (5, "the last record", ENDS),
    "cut-in-the-file-header.pcap": (0, "the last record", ENDS),
    "length-beyond-the-end.pcap": (5, "78 bytes in 1 place, the first at byte 180", RESYNC),
    "length-zero.pcapng": (5, "96 bytes in 1 place, the first at byte 240", RESYNC),
    "lengths-disagree.pcapng": (5, "96 bytes in 1 place, the first at byte 240", RESYNC),
    "lying-length.pcap": (5, "78 bytes in 1 place, the first at byte 180", RESYNC),
    "lying-length.pcapng": (5, "96 bytes in 1 place, the first at byte 240", RESYNC),
    "no-byte-order.pcapng": (6, "28 bytes in 1 place, the first at byte 0", RESYNC),
    "only-the-file-header.pcap": (0, "", ""),
    "two-files-in-one.pcap": (12, "", ""),
    "without-interface.pcapng": (0, "1 packet", "the file does not declare their interface"),
    "zeros-in-the-middle.pcap": (6, "4096 bytes in 1 place, the first at byte 258", RESYNC),
}


class Counts:
    packets = 0

    def segments(self, batch: Batch) -> Sequence[int]:
        del batch
        return ()

    def retired(self, flows: np.ndarray) -> None:
        self.packets += int(flows["packets"].sum())


def test_every_file_of_the_corpus_is_expected() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_read_and_what_is_said(name: str) -> None:
    packets, what, why = EXPECTED[name]
    counts = Counts()
    result = examine([FOLDER / name], Settings(local=()), counts)
    assert counts.packets == packets
    assert [(note.what, note.why) for note in result.files[0].notes] == ([(what, why)] if what else [])
