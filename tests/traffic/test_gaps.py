"""What could not be read is said, and leaves a question open where it may matter."""

from collections.abc import Callable
from typing import Any

from wardwatch.vocabulary import Gap

Play = Callable[[str], Any]


def _about(answer: Any, words: str) -> Gap:  # noqa: ANN401  # whatever `play` answers
    (gap,) = [gap for gap in answer.gaps if words in f"{gap.what} {gap.why}"]
    return gap


def test_unreadable_bytes_to_a_published_address_stay_open(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:40000 > 202.114.4.119:9600 client=hex:a1b2c3d4e5f60718 rttl=49")
    gap = _about(answer, "does not read")
    assert (gap.subject, gap.bears_on) == ("10.20.0.21", ("traffic.patient-data-clear",))
    assert "8 bytes" in gap.what


def test_the_stream_to_it_is_read_and_leaves_nothing_open(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:40000 > 202.114.4.119:515 client=cms:3:MUSTER^EVA:4711 rttl=49")
    assert not [gap for gap in answer.gaps if gap.is_open]


def test_a_stream_that_came_twice_with_other_bytes_stays_open(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:40000 > 202.114.4.119:515 client=cms:1:MUSTER^EVA:4711 forged=1 rttl=49")
    gap = _about(answer, "overlap")
    assert (gap.subject, gap.is_open) == ("10.20.0.21", True)
    assert set(gap.bears_on) == {"traffic.cms-stream", "traffic.patient-data-clear", "traffic.remote-mount"}
    # one patient block with an empty one, and a set in packets of 1400 and 32 bytes: each differs in one byte
    assert gap.what == "3 overlaps with different bytes in 10.20.0.21 port 40000 to 202.114.4.119 port 515"
    assert "the same 200 bytes at offset 0 came twice" in gap.why
    assert "packet 5;" in gap.why.replace(")", ";")
    assert not [gap for gap in answer.gaps if "missing" in gap.why or "does not hold" in gap.why]


def test_bulk_inside_the_house_is_said_but_open_to_nothing(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.7:721 > 10.20.0.40:515 client=lpd:ward3")
    assert not [gap for gap in answer.gaps if gap.is_open]
