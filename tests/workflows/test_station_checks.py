"""The check as the station uses it: a monitor of the twin, true and lying, set by set."""

from dataclasses import fields
from itertools import islice

import pytest

from wardwatch.protocols.cms import Ecg, decode, encode
from wardwatch.station.reading import contents
from wardwatch.station.words import SECOND, Mark, Quantity, Received, Signal, Truth
from wardwatch.twin.live import Who, sets
from wardwatch.workflows.station_checks import BedChecker, beats

START = 1_800_000_000 * SECOND


def marks(who: Who, seconds: int, late: dict[int, int] | None = None) -> dict[Quantity, list[Mark]]:
    """Every mark of each number, in order; `late`: seconds a set is late by its number."""
    checker, told, offset = BedChecker(), {}, 0
    for number, raw in enumerate(islice(sets(who, START), seconds)):
        offset += (late or {}).get(number, 0)
        received = Received(1, number + 1, START + number * SECOND, raw)
        for mark in checker.feed(received, read(raw), number + offset):
            told.setdefault(mark.quantity, []).append(mark)
    return told


def read(raw: bytes) -> object:
    blocks, at = [], 0
    while at < len(raw):
        size = 2 + int.from_bytes(raw[at : at + 2], "little")
        blocks.append(raw[at : at + size])
        at += size
    return contents(blocks)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_true_display_is_verified(seed: int) -> None:
    told = marks(Who(seed=seed, bed=2, stay=86_400), 60)
    for quantity in (Quantity.HR, Quantity.PR, Quantity.RR):
        assert told[quantity][0].state is Truth.CANNOT_VERIFY
        assert told[quantity][-1].state is Truth.VERIFIED
        assert all(each.state is not Truth.DISAGREES for each in told[quantity])


@pytest.mark.parametrize("too_high", [-24, 24])
def test_a_lie_is_told_with_what_follows_from_the_wave(too_high: int) -> None:
    true = marks(Who(seed=1, bed=2, stay=86_400), 60)[Quantity.HR][-1]
    told = marks(Who(seed=1, bed=2, stay=86_400, too_high=too_high), 60)
    last = told[Quantity.HR][-1]
    assert last.state is Truth.DISAGREES
    assert last.derived is not None
    assert true.derived is not None
    assert abs(last.derived - true.derived) <= 3
    assert told[Quantity.PR][-1].state is Truth.VERIFIED


def test_jitter_of_the_network_is_no_gap() -> None:
    jitter = {20: 1, 21: -1, 30: 1, 31: -1}
    told = marks(Who(seed=1, bed=2, stay=86_400), 60, jitter)
    assert told[Quantity.HR][-1].state is Truth.VERIFIED
    plain = marks(Who(seed=1, bed=2, stay=86_400), 60)
    assert [each.state for each in told[Quantity.HR]] == [each.state for each in plain[Quantity.HR]]


def test_after_a_gap_nothing_is_called_true_until_it_is_known_again() -> None:
    told = marks(Who(seed=1, bed=2, stay=86_400), 60, {40: 30})[Quantity.HR]
    states = [each.state for each in told]
    assert states[-1] is Truth.VERIFIED
    assert states.count(Truth.VERIFIED) >= 2
    assert Truth.DISAGREES not in states


def test_a_wave_that_stands_still_under_a_number_is_doubted() -> None:
    checker, last = BedChecker(), {}
    for number, raw in enumerate(islice(sets(Who(seed=1, bed=2, stay=86_400), START), 90)):
        raw_now = frozen(raw) if number >= 30 else raw
        received = Received(1, number + 1, START + number * SECOND, raw_now)
        for mark in checker.feed(received, read(raw_now), number):
            last[mark.quantity] = mark
    assert last[Quantity.HR].state is not Truth.VERIFIED
    assert last[Quantity.HR].why


def frozen(raw: bytes) -> bytes:
    """The set with all leads at one code, its numbers untouched."""
    out, at = b"", 0
    while at < len(raw):
        size = 2 + int.from_bytes(raw[at : at + 2], "little")
        block = decode(raw[at : at + size])
        if isinstance(block, Ecg):
            still = bytes([90]) * 256
            out += encode(Ecg(still, still, still, *list(_fields(block))[3:]))
        else:
            out += raw[at : at + size]
        at += size
    return out


def _fields(block: Ecg) -> list[object]:
    return [getattr(block, each.name) for each in fields(block)]


def test_hl7_alone_gives_no_mark() -> None:
    checker = BedChecker()
    assert checker.feed(Received(1, 1, START, b"MSH|"), contents([]), 0) == ()


def test_the_marks_of_the_evidence_are_the_beats() -> None:
    """The twin's own truth: a beat about every 60/HR seconds."""
    waves = [read(raw).waves for raw in islice(sets(Who(seed=1, bed=2, stay=86_400), START), 8)]
    found = beats(Signal.II, b"".join(each[Signal.II] for each in waves))
    assert 6 <= len(found) <= 16
    assert found == sorted(set(found))
    assert beats(Signal.PLETH, b"".join(each[Signal.PLETH] for each in waves)) == []
