"""Alarms that somebody silences: for how long, how far, and what sounds all the same."""

from collections.abc import Callable

import pytest

from wardwatch.errors import UsageError
from wardwatch.station.quiet import PAUSE, Hush, silenced
from wardwatch.station.words import SECOND, EventKind, Mark, Quantity, Truth

BED = "ICU 1"


class Bed:
    """One bed whose numbers are chosen by the test."""

    def __init__(self, ward: Callable[..., object], blocks: object) -> None:
        self.ward, self.blocks = ward([{"name": BED, "device-bed": 1}]), blocks
        self.session = self.ward.connect()
        self.rate, self.spo2 = 140, 97

    def second(self, rate: int = 140, spo2: int = 97, after: float = 1.0) -> None:
        blocks = self.blocks
        self.ward.say(self.session, blocks.bed(1), blocks.ecg(rate), blocks.pleth(spo2), after=after)

    def hush(self, what: Hush) -> bool:
        return bool(self.ward.live.hush(BED, what, "nurse", self.ward.now))

    def heard(self) -> dict[str, str]:
        """Each alarm with why it makes no sound."""
        view = self.ward.live.place(BED)
        return {each.key: str(silenced(each, view.pause, view.acknowledged) or "") for each in view.alarms}

    def last(self, kind: EventKind) -> str:
        return next((each.text for each in reversed(self.ward.live.events(BED)) if each.kind is kind), "")


@pytest.fixture
def bed(ward: Callable[..., object], blocks: object) -> Bed:
    made = Bed(ward, blocks)
    made.second()
    assert made.heard() == {"HR:high": ""}
    return made


def test_a_pause_ends_by_itself_and_says_so(bed: Bed) -> None:
    assert bed.hush(Hush.PAUSE)
    assert bed.heard() == {"HR:high": "pause"}
    assert bed.last(EventKind.SILENCED) == "alarms paused by nurse: HEART RATE HIGH"
    view = bed.ward.live.place(BED)
    assert view.pause is not None
    assert (view.pause.until - view.pause.begun, view.pause.by) == (PAUSE, "nurse")
    bed.second(after=119)
    assert bed.heard() == {"HR:high": "pause"}
    assert bed.last(EventKind.SOUNDS_AGAIN) == ""
    bed.second(after=1)
    assert bed.heard() == {"HR:high": ""}
    assert bed.last(EventKind.SOUNDS_AGAIN) == "the pause of the alarms is over"


def test_a_pause_ends_also_at_a_bed_that_fell_silent(bed: Bed) -> None:
    bed.hush(Hush.PAUSE)
    bed.ward.wait(10)
    assert bed.heard() == {"HR:high": "pause", "late": "pause"}
    bed.ward.wait(111)
    assert set(bed.heard().values()) == {""}


def test_a_more_urgent_alarm_sounds_through_a_pause(bed: Bed) -> None:
    bed.hush(Hush.PAUSE)
    bed.second(spo2=80)
    assert bed.heard() == {"HR:high": "pause", "SpO2:low": ""}
    bed.second(rate=190)
    assert bed.heard() == {"HR:high": ""}


def test_an_acknowledgement_covers_what_held_and_nothing_new(bed: Bed) -> None:
    assert bed.hush(Hush.ACKNOWLEDGE)
    bed.second(spo2=88, after=3600)
    assert bed.heard() == {"HR:high": "acknowledge", "SpO2:low": ""}
    bed.second(rate=190)
    assert bed.heard() == {"HR:high": ""}


def test_a_condition_that_comes_back_sounds_again(bed: Bed) -> None:
    bed.hush(Hush.ACKNOWLEDGE)
    bed.second(rate=100)
    assert bed.heard() == {}
    bed.second()
    assert bed.heard() == {"HR:high": ""}


def test_it_can_be_taken_back(bed: Bed) -> None:
    assert not bed.hush(Hush.SOUND)
    for what in (Hush.PAUSE, Hush.ACKNOWLEDGE):
        bed.hush(what)
        assert bed.hush(Hush.SOUND)
        assert bed.heard() == {"HR:high": ""}
        assert bed.last(EventKind.SOUNDS_AGAIN) == "alarms sound again, by nurse"


def test_where_nothing_alarms_nothing_is_silenced(bed: Bed) -> None:
    bed.second(rate=80)
    before = len(bed.ward.live.events(BED))
    assert not bed.hush(Hush.PAUSE)
    assert not bed.hush(Hush.ACKNOWLEDGE)
    assert len(bed.ward.live.events(BED)) == before
    assert bed.ward.live.place(BED).pause is None


def test_a_clock_set_back_does_not_prolong_a_pause(bed: Bed) -> None:
    bed.hush(Hush.PAUSE)
    bed.ward.now -= 3600 * SECOND
    bed.second()
    assert bed.heard() == {"HR:high": ""}


def test_another_monitor_is_heard(bed: Bed) -> None:
    bed.hush(Hush.PAUSE)
    bed.hush(Hush.ACKNOWLEDGE)
    bed.ward.live.close(bed.session, "gone", bed.ward.now)
    assert bed.heard() == {"no-data": "pause"}
    bed.session = bed.ward.connect()
    bed.second()
    assert bed.heard() == {"HR:high": ""}


def test_a_lie_is_an_alarm_like_others(bed: Bed) -> None:
    bed.second(rate=80)
    bed.ward.live.mark(bed.session, (Mark(Quantity.HR, Truth.DISAGREES),), bed.ward.now)
    bed.hush(Hush.ACKNOWLEDGE)
    assert bed.heard() == {"disagrees:HR": "acknowledge"}


def test_what_a_monitor_says_in_its_own_words_is_not_in_the_event(bed: Bed) -> None:
    bed.ward.say(bed.session, bed.blocks.ecg(140), bed.blocks.error("Mrs Sample"))
    bed.hush(Hush.ACKNOWLEDGE)
    assert "Sample" not in bed.last(EventKind.SILENCED)
    assert "MESSAGE ON THE MONITOR" in bed.last(EventKind.SILENCED)


def test_there_must_be_such_a_bed(bed: Bed) -> None:
    with pytest.raises(UsageError):
        bed.ward.live.hush("nowhere", Hush.PAUSE, "nurse", bed.ward.now)
