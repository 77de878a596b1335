"""In: the twin's stream as bytes. Out: whether a parser written from the published layout alone reads what was meant.

The parser below knows nothing of wardwatch's codec: it reads offsets from the public description of the stream.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from wardwatch.protocols import cms
from wardwatch.twin.events import SECOND, Block
from wardwatch.twin.stream import CUFF_EVERY, Bedside

START = 1_772_359_200 * SECOND
LENGTHS = {0x3E: 192, 0x43: 0, 0x45: 4, 0x47: 0}
TELEMETRY = {0x14: 1024, 0x15: 288, 0x16: 40, 0x17: 52}


def blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """u16 length of all that follows it, 0x05, type, payload."""
    at = 0
    while at < len(data):
        length, mark, kind = struct.unpack_from("<HBB", data, at)
        assert mark == 5
        assert at + 2 + length <= len(data)
        yield kind, data[at + 4 : at + 2 + length]
        at += 2 + length


def text(payload: bytes, at: int, size: int) -> bytes:
    return payload[at : at + size].split(b"\0")[0]


def sent(bedside: Bedside, seconds: int) -> Iterator[tuple[int, bytes, Block]]:
    """Type, payload and truth of every block."""
    for k in range(seconds):
        messages = (bedside.opening(0) if k == 0 else []) + bedside.second(k)
        read = list(blocks(b"".join(data for data, _ in messages)))
        assert len(read) == len(messages)
        for (kind, payload), (_, truth) in zip(read, messages, strict=True):
            yield kind, payload, truth


def test_a_session_begins_and_a_set_ends_as_published() -> None:
    bedside = Bedside(1, 0, START, 300)
    kinds = [kind for kind, _ in blocks(b"".join(data for data, _ in bedside.opening(0) + bedside.second(0)))]
    assert kinds == [0x3E, 0x43, 0x45, 0x46, 0x46, 0x46, 0x46, 0x47]


def test_lengths_and_lead_bytes_are_those_of_the_layout() -> None:
    for kind, payload, _ in sent(Bedside(2, 5, START, 40), 200):
        if kind == 0x46:
            assert payload[:2] == b"\0\0"
            assert payload[3] == 0
            assert len(payload) == TELEMETRY[payload[2]]
        elif kind != 0x49:
            assert len(payload) == LENGTHS[kind]


def test_values_stand_where_the_layout_has_them() -> None:
    seen = 0
    for kind, payload, truth in sent(Bedside(3, 1, START, 10_000), 400):
        values = truth.values
        if kind == 0x46 and payload[2] == 0x14 and values["heart_rate"] is not None:
            assert (payload[0x384], payload[0x385]) == (values["heart_rate"], 0)
            assert struct.unpack_from("<3H", payload, 0x3A3) == (130, 45, 1)
            lead_1, lead_2, lead_3 = payload[4:0x104], payload[0x104:0x204], payload[0x204:0x304]
            assert all(c - 128 == b - a for a, b, c in zip(lead_1, lead_2, lead_3, strict=True))
            seen |= 1
        if kind == 0x46 and payload[2] == 0x15 and values["spo2"] is not None:
            assert payload[0x104:0x108] == bytes([int(str(values["spo2"])), 0, int(str(values["pulse_rate"])), 0])
            assert struct.unpack_from("<3H", payload, 0x108) == (90, 100, 1)
            seen |= 2
        if kind == 0x46 and payload[2] == 0x16 and values["systolic"] is not None:
            assert list(struct.unpack_from("<3H", payload, 0x0B)) == [
                values[k] for k in ("systolic", "diastolic", "mean")
            ]
            year, *rest = struct.unpack_from("<H5B", payload, 4)
            measured = datetime(year, *rest, tzinfo=UTC).timestamp() - START / SECOND  # type: ignore[misc]  # five numbers
            assert measured % CUFF_EVERY == 20
            seen |= 4
        if kind == 0x46 and payload[2] == 0x17:
            assert struct.unpack_from("<f", payload, 4)[0] == pytest.approx(values["t1"])
            seen |= 8
    assert seen == 15


def test_patients_come_and_go_and_each_is_said() -> None:
    numbers, beds, charsets = [], set(), set()
    for number in range(12):
        for kind, payload, truth in sent(Bedside(4, number, START, 60), 600):
            if kind == 0x3E:
                assert text(payload, 0x43, 32).decode() == truth.values["number"] == truth.patient
                assert text(payload, 0x23, 32).decode(str(truth.values["charset"])) == truth.values["name"]
                assert payload[0x22] == truth.values["bed"]
                born = b"-".join(text(payload, at, size) for at, size in ((0x7C, 5), (0x81, 3), (0x84, 3)))
                assert born.decode() == truth.values["born"]
                assert text(payload, 0x8D, 32).decode() == truth.values["doctor"]
                numbers.append(truth.patient)
                charsets.add(truth.values["charset"])
            if kind == 0x45:
                assert (payload[0], payload[1], payload[3]) == (0, 0, 0xFF)
                beds.add(payload[2])
    assert len(numbers) > len(set(numbers)) > 30  # a change of beds says the same number again
    assert len(beds) > 12
    assert charsets == {"ascii", "latin-1", "utf-8", "gbk"}


def test_without_a_patient_the_display_shows_nothing_and_says_why() -> None:
    texts, empty = set(), 0
    for kind, payload, truth in sent(Bedside(5, 3, START, 30), 400):
        if kind == 0x49:
            assert payload[0] == 1
            texts.add(payload[1:].rstrip(b"\0"))
        if kind == 0x46 and payload[2] == 0x15 and truth.values["probe"] == "off":
            assert payload[4:0x104] == bytes(256)
            assert payload[0x104:0x108] == b"\xff\xff\xff\xff"
            empty += 1
    assert texts == {b"ECG LEAD OFF"}
    assert empty > 20


def test_the_products_own_codec_reads_every_block_as_what_it_is() -> None:
    bedside = Bedside(6, 2, START, 50)
    for k in range(120):
        for data, _ in bedside.second(k):
            block = cms.decode(data)
            assert not isinstance(block, cms.Damaged | cms.UnknownBlock)
            assert cms.encode(block) == data


def test_a_bedside_repeats_with_its_seed() -> None:
    def said(seed: int) -> bytes:
        bedside = Bedside(seed, 1, START, 60)
        return b"".join(data for k in range(40) for data, _ in bedside.second(k))

    assert said(1) == said(1)
    assert said(1) != said(2)
