"""The live view: places, freshness, conflicts, alarms, truth marks, subscribers; each test reads like a shift."""

import asyncio
from collections.abc import Callable

import pytest

from wardwatch.errors import UsageError
from wardwatch.station.views import PlaceKind, PlaceState
from wardwatch.station.words import EventKind, Limit, Mark, Quantity, Signal, Source, Truth

BED_1 = {"name": "ICU 1", "device-bed": 1}
BED_2 = {"name": "ICU 2", "device-bed": 2}


def kinds(ward: object, place: str | None = None) -> list[EventKind]:
    return [event.kind for event in ward.live.events(place)]


def test_a_bed_is_empty_then_live_then_late_then_live_then_lost(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    live = shift.live
    assert live.place("ICU 1").state is PlaceState.EMPTY
    session = shift.connect()
    shift.say(session, blocks.bed(1), blocks.ecg(72))
    assert live.place("ICU 1").state is PlaceState.LIVE
    assert live.place("ICU 1").numbers[Quantity.HR].value == 72
    shift.wait(2)
    assert live.place("ICU 1").state is PlaceState.LIVE
    shift.wait(2)
    assert live.place("ICU 1").state is PlaceState.LATE
    assert [each.key for each in live.place("ICU 1").alarms] == ["late"]
    shift.say(session, blocks.bed(1), blocks.ecg(73))
    assert live.place("ICU 1").state is PlaceState.LIVE
    assert live.place("ICU 1").alarms == ()
    live.close(session, "gone", shift.now)
    view = live.place("ICU 1")
    assert (view.state, view.session) == (PlaceState.LOST, None)
    assert [each.key for each in view.alarms] == ["no-data"]
    assert kinds(shift, "ICU 1") == [
        EventKind.ADMITTED, EventKind.LATE, EventKind.ALARM, EventKind.RETURNED, EventKind.ALARM_OVER,
        EventKind.DISCONNECTED, EventKind.ALARM,
    ]  # fmt: skip


def test_a_monitor_no_rule_admits_is_shown_as_unknown(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect("192.0.2.9")
    assert len(shift.live.places()) == 1  # nothing before it has said something
    shift.say(session, blocks.bed(77), blocks.ecg(72))
    unknown = shift.live.places()[-1]
    assert unknown.kind is PlaceKind.UNKNOWN
    assert "192.0.2.9" in unknown.name
    assert unknown.numbers[Quantity.HR].value == 72
    shift.live.close(session, "gone", shift.now)
    shift.wait(59)
    assert len(shift.live.places()) == 2
    shift.wait(3)
    assert len(shift.live.places()) == 1


def test_by_hand_it_gets_a_bed_and_keeps_it_when_it_comes_again(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect("192.0.2.9")
    shift.say(session, blocks.bed(77), blocks.ecg(72))
    shift.live.admit(session, "ICU 9", shift.now)
    shift.say(session, blocks.bed(77), blocks.ecg(70))
    assert shift.live.place("ICU 9").numbers[Quantity.HR].value == 70
    shift.live.close(session, "gone", shift.now)
    again = shift.connect("192.0.2.9")
    shift.say(again, blocks.bed(77), blocks.ecg(71))
    assert shift.live.place("ICU 9").session == again
    shift.live.release(again, shift.now)
    shift.say(again, blocks.bed(77), blocks.ecg(71))
    assert shift.live.place("ICU 9").session is None
    with pytest.raises(UsageError):
        shift.live.admit(999, "ICU 1", shift.now)


def test_two_monitors_that_claim_one_bed_are_a_conflict(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    first, second = shift.connect("192.0.2.1"), shift.connect("192.0.2.2")
    shift.say(first, blocks.bed(1), blocks.ecg(60))
    shift.say(second, blocks.bed(1), blocks.ecg(90))
    shift.say(second, blocks.bed(1), blocks.ecg(91))
    bed = shift.live.place("ICU 1")
    assert bed.session == first
    assert bed.claimants == (second,)
    assert bed.numbers[Quantity.HR].value == 60
    assert "conflict" in {each.key for each in bed.alarms}
    beside = [view for view in shift.live.places() if view.kind is PlaceKind.CONFLICT]
    assert [view.numbers[Quantity.HR].value for view in beside] == [91]
    shift.live.close(first, "gone", shift.now)
    shift.say(second, blocks.bed(1), blocks.ecg(92))
    bed = shift.live.place("ICU 1")
    assert (bed.session, bed.claimants, bed.state) == (second, (), PlaceState.LIVE)
    assert bed.numbers[Quantity.HR].value == 92
    assert "conflict" not in {each.key for each in bed.alarms}


def test_a_conflict_ends_when_the_claimant_leaves(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    first, second = shift.connect("192.0.2.1"), shift.connect("192.0.2.2")
    shift.say(first, blocks.bed(1), blocks.ecg(60))
    shift.say(second, blocks.bed(1), blocks.ecg(90))
    shift.live.close(second, "gone", shift.now)
    assert shift.live.place("ICU 1").claimants == ()
    assert EventKind.CONFLICT_OVER in kinds(shift, "ICU 1")
    assert not {each.key for each in shift.live.place("ICU 1").alarms} & {"conflict"}


def test_the_same_monitor_comes_back_before_its_old_line_is_known_dead(
    ward: Callable[..., object], blocks: object
) -> None:
    shift = ward([BED_1])
    old = shift.connect("192.0.2.1")
    shift.say(old, blocks.bed(1), blocks.ecg(60))
    shift.wait(5)
    new = shift.connect("192.0.2.1")
    shift.say(new, blocks.bed(1), blocks.ecg(61))
    assert shift.live.place("ICU 1").session == new
    assert shift.live.place("ICU 1").claimants == ()


def test_one_address_that_claims_a_living_bed_twice_is_a_conflict(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    old, new = shift.connect("192.0.2.1"), shift.connect("192.0.2.1")
    shift.say(old, blocks.bed(1), blocks.ecg(60))
    shift.say(new, blocks.bed(1), blocks.ecg(61))
    assert shift.live.place("ICU 1").session == old
    assert shift.live.place("ICU 1").claimants == (new,)


def test_a_monitor_on_a_new_line_takes_its_bed_over_as_soon_as_the_old_line_is_late(
    ward: Callable[..., object], blocks: object
) -> None:
    shift = ward([BED_1])
    old, other, new = shift.connect("192.0.2.1"), shift.connect("192.0.2.2"), shift.connect("192.0.2.1")
    shift.say(old, blocks.bed(1), blocks.ecg(60))
    for _ in range(4):
        shift.say(other, blocks.bed(1), blocks.ecg(90))
        shift.say(new, blocks.bed(1), blocks.ecg(61), after=0)
        assert shift.live.place("ICU 1").session == old
    shift.wait(0)
    shift.say(new, blocks.bed(1), blocks.ecg(62))
    bed = shift.live.place("ICU 1")
    assert (bed.session, bed.state, bed.claimants) == (new, PlaceState.LIVE, (other,))
    assert bed.numbers[Quantity.HR].value == 62
    assert [view.name for view in shift.live.places() if view.kind is PlaceKind.CONFLICT and view.session] == [
        f"conflict 192.0.2.2 #{other}"
    ]


def test_hl7_takes_no_bed_from_hl7(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    first, second = shift.connect("192.0.2.1", Source.HL7), shift.connect("192.0.2.2", Source.HL7)
    shift.say(first, blocks.bed(1), blocks.ecg(50))
    shift.say(second, blocks.bed(1), blocks.ecg(60))
    assert (shift.live.place("ICU 1").session, shift.live.place("ICU 1").claimants) == (first, (second,))


def test_hl7_speaks_now_and_then_and_is_not_late_for_that(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([{"name": "ICU 1", "address": "192.0.2.1"}])
    session = shift.connect("192.0.2.1", Source.HL7)
    shift.say(session, blocks.ecg(50))
    shift.wait(100)
    assert shift.live.place("ICU 1").state is PlaceState.LIVE
    shift.wait(30)
    assert shift.live.place("ICU 1").state is PlaceState.LATE


def test_limits_changed_while_the_monitor_was_away_are_told(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    for low in (45, 40, 40):
        session = shift.connect()
        shift.say(session, blocks.bed(1), blocks.ecg(60, low=low))
        shift.live.close(session, "gone", shift.now)
    (change,) = shift.live.limit_changes("ICU 1")
    assert change.text == "alarm limits of HR changed from 45 to 130, to 40 to 130 while no monitor was here"
    assert change.facts["widened"]


def test_a_monitor_that_moves_takes_its_numbers_along(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1, BED_2])
    session = shift.connect()
    shift.say(session, blocks.bed(1), blocks.ecg(60))
    shift.say(session, blocks.bed(2), blocks.ecg(61))
    assert shift.live.place("ICU 1").state is PlaceState.EMPTY
    assert shift.live.place("ICU 1").alarms == ()
    assert shift.live.place("ICU 2").numbers[Quantity.HR].value == 61


def test_the_next_monitor_of_a_bed_inherits_nothing(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    first = shift.connect("192.0.2.1")
    shift.say(first, blocks.patient("Sample Samuel"), blocks.bed(1), blocks.ecg(60), blocks.pleth(97))
    shift.live.mark(first, (Mark(Quantity.HR, Truth.DISAGREES, "x", 80.0),), shift.now)
    shift.live.close(first, "gone", shift.now)
    second = shift.connect("192.0.2.2")
    shift.say(second, blocks.bed(1), blocks.ecg(61))
    bed = shift.live.place("ICU 1")
    assert set(bed.numbers) == {Quantity.HR, Quantity.RR}
    assert bed.numbers[Quantity.HR].mark is None
    assert bed.patient is None


def test_hl7_beside_a_stream_is_no_conflict_and_the_stream_counts(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([{"name": "ICU 1", "address": "192.0.2.1"}])
    message = shift.connect("192.0.2.1", Source.HL7)
    shift.say(message, blocks.ecg(50))
    assert shift.live.place("ICU 1").session == message
    stream = shift.connect("192.0.2.1")
    shift.say(stream, blocks.bed(1), blocks.ecg(60))
    assert shift.live.place("ICU 1").session == stream
    shift.say(message, blocks.ecg(51))
    bed = shift.live.place("ICU 1")
    assert (bed.session, bed.claimants, bed.numbers[Quantity.HR].value) == (stream, (), 60)


def test_a_changed_limit_is_an_event_with_both_values(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect()
    shift.say(session, blocks.bed(1), blocks.ecg(60, low=45, high=130))
    assert shift.live.limit_changes("ICU 1") == ()
    shift.say(session, blocks.bed(1), blocks.ecg(60, low=40, high=130))
    shift.say(session, blocks.bed(1), blocks.ecg(60, low=50, high=120))
    shift.say(session, blocks.bed(1), blocks.ecg(60, low=50, high=120, on=0))
    changes = shift.live.limit_changes("ICU 1")
    assert [change.facts["widened"] for change in changes] == [True, False, True]
    assert changes[0].facts["low_before"] == 45
    assert changes[0].facts["low"] == 40
    assert shift.live.place("ICU 1").numbers[Quantity.HR].limit == Limit(50, 120, on=False)


def test_an_alarm_begins_once_and_ends_once(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect()
    for rate in (60, 140, 141, 142, 185, 60):
        shift.say(session, blocks.bed(1), blocks.ecg(rate))
        if rate == 141:
            alarm = shift.live.place("ICU 1").alarms[0]
            assert alarm.since == shift.now - 10**9
            assert shift.live.place("ICU 1").numbers[Quantity.HR].alarm is alarm.priority
    told = [event.text for event in shift.live.events("ICU 1") if "alarm" in str(event.kind)]
    assert told == ["HEART RATE HIGH !!", "HEART RATE HIGH !!!", "no longer: HEART RATE HIGH"]


def test_a_number_that_disagrees_is_an_alarm_and_has_its_mark(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect()
    shift.say(session, blocks.bed(1), blocks.ecg(60))
    shift.live.mark(session, (Mark(Quantity.HR, Truth.DISAGREES, "beats say otherwise", 80.0, 78.0, 82.0),), shift.now)
    view = shift.live.place("ICU 1")
    assert view.numbers[Quantity.HR].mark
    assert view.numbers[Quantity.HR].mark.derived == 80.0
    assert [each.key for each in view.alarms] == ["disagrees:HR"]
    began = view.numbers[Quantity.HR].mark.since
    shift.wait(1)
    shift.live.mark(session, (Mark(Quantity.HR, Truth.DISAGREES, "still", 81.0),), shift.now)
    assert shift.live.place("ICU 1").numbers[Quantity.HR].mark.since == began
    shift.live.mark(session, (Mark(Quantity.HR, Truth.VERIFIED, "", 60.0),), shift.now)
    assert shift.live.place("ICU 1").alarms == ()
    assert kinds(shift, "ICU 1").count(EventKind.TRUTH) == 2
    shift.live.mark(999, (Mark(Quantity.HR, Truth.VERIFIED),), shift.now)  # a session that ended


def test_no_event_names_a_patient_even_if_the_monitor_does(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect()
    shift.say(session, blocks.patient("Sample Samuel"), blocks.bed(1), blocks.error("PATIENT SAMUEL"), blocks.ecg(200))
    shift.say(session, blocks.patient("Example Erica"), blocks.bed(1), blocks.ecg(60))
    told = repr(shift.live.events())
    assert "SAMUEL" not in told.upper()
    assert "ERICA" not in told.upper()
    assert EventKind.PATIENT_CHANGED in kinds(shift)
    assert "Samuel" not in repr(shift.live.places())


def test_bytes_that_are_no_block_are_counted_and_told_now_and_then(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect()
    shift.say(session, blocks.bed(1), blocks.ecg(60))
    for _ in range(5):
        shift.live.skip(session, 10, shift.now)
    shift.say(session, b"\x04\x00\x05\x99ab", blocks.bed(1), closed=False)
    view = shift.live.sessions()[0]
    assert (view.skipped, view.unknown, view.unclosed, view.sets) == (50, 1, 1, 2)
    assert kinds(shift).count(EventKind.MALFORMED) == 1
    shift.wait(61)
    shift.live.skip(session, 10, shift.now)
    assert kinds(shift).count(EventKind.MALFORMED) == 2


def test_too_many_monitors_without_a_bed_take_no_place_from_a_bed(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1], unknown_places=3)
    for number in range(10):
        shift.say(shift.connect(f"192.0.2.{number}"), blocks.bed(99), blocks.ecg(60))
    assert sum(view.kind is PlaceKind.UNKNOWN for view in shift.live.places()) == 3
    assert shift.live.refused == 7
    shift.say(shift.connect("198.51.100.1"), blocks.bed(1), blocks.ecg(61))
    assert shift.live.place("ICU 1").numbers[Quantity.HR].value == 61


def test_waves_and_trends_can_be_asked_for(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1], ring_seconds=3)
    session = shift.connect()
    for k in range(5):
        shift.say(session, blocks.bed(1), blocks.ecg(60 + k, lead_2=bytes([k]) * 256))
    assert shift.live.wave("ICU 1", Signal.II, 2) == b"\x03" * 256 + b"\x04" * 256
    assert len(shift.live.wave("ICU 1", Signal.II, 60)) == 3 * 256
    assert shift.live.place("ICU 1").samples[Signal.II] == 5 * 256
    assert shift.live.trend("ICU 1", Quantity.HR)[0].high == 64
    assert shift.live.trend("ICU 1", Quantity.T1) == ()
    with pytest.raises(UsageError):
        shift.live.wave("ICU 7", Signal.II, 2)


def test_a_slow_reader_loses_the_oldest_and_holds_up_nobody(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    slow, quick = shift.live.subscribe(3), shift.live.subscribe()
    session = shift.connect()
    for k in range(10):
        shift.say(session, blocks.bed(1), blocks.ecg(60 + k))
    late = [update.view.numbers[Quantity.HR].value for update in slow.take() if update.view]
    assert late == [67, 68, 69]
    assert slow.dropped == 8
    assert quick.dropped == 0
    got = quick.take()
    assert [update.number for update in got] == list(range(1, 12))
    assert [event.kind for update in got for event in update.events] == [EventKind.ADMITTED]
    slow.close()
    assert shift.live.subscribers == (quick,)


def test_a_reader_of_one_bed_gets_that_bed(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1, BED_2])
    one = shift.live.subscribe(places={"ICU 2"})
    a, b = shift.connect("192.0.2.1"), shift.connect("192.0.2.2")
    shift.say(a, blocks.bed(1), blocks.ecg(60))
    shift.say(b, blocks.bed(2), blocks.ecg(61))
    assert {update.view.name for update in one.take() if update.view} == {"ICU 2"}
    shift.live.tell(EventKind.STORAGE, "the disk is full", shift.now)
    assert [update.view for update in one.take()] == [None]


def test_a_reader_that_waits_is_woken_and_told_of_the_end(ward: Callable[..., object], blocks: object) -> None:
    async def watch() -> list[int]:
        shift = ward([BED_1])
        reader = shift.live.subscribe()
        waiting = asyncio.create_task(reader.next())
        await asyncio.sleep(0)
        shift.say(shift.connect(), blocks.bed(1), blocks.ecg(60))
        got = [len(await waiting)]
        last = asyncio.create_task(reader.next())
        await asyncio.sleep(0)
        reader.close()
        return [*got, len(await last)]

    assert asyncio.run(asyncio.wait_for(watch(), 300)) == [2, 0]


def test_what_a_sensor_sees_of_the_device_is_shown_at_its_bed(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    session = shift.connect("192.0.2.1")
    shift.say(session, blocks.bed(1), blocks.ecg(60))
    shift.live.expose("192.0.2.1", "calls 202.114.4.119", shift.now)
    shift.live.expose("192.0.2.1", "calls 202.114.4.119", shift.now)
    assert shift.live.place("ICU 1").exposure == "calls 202.114.4.119"
    assert kinds(shift).count(EventKind.EXPOSURE) == 1


def test_what_was_seen_of_a_device_before_it_had_a_bed_is_shown_there(
    ward: Callable[..., object], blocks: object
) -> None:
    shift = ward([BED_1])
    shift.live.expose("192.0.2.1", "calls 202.114.4.119", shift.now)
    shift.say(shift.connect("192.0.2.1"), blocks.bed(1), blocks.ecg(60))
    assert shift.live.place("ICU 1").exposure == "calls 202.114.4.119"


def test_observers_hear_every_event_with_numbers_in_order(ward: Callable[..., object], blocks: object) -> None:
    shift = ward([BED_1])
    heard: list[int] = []
    shift.live.observers.append(lambda event: heard.append(event.number))
    session = shift.connect()
    shift.say(session, blocks.bed(1), blocks.ecg(200))
    shift.live.close(session, "gone", shift.now)
    assert heard == list(range(1, len(heard) + 1))
    assert len(heard) == len(shift.live.events())
