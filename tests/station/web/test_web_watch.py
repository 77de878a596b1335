"""What a page is told: by role, by view, in frames that carry every sample once."""

import json
import struct
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.station.admission import Admission, BedRule
from wardwatch.station.live import Live
from wardwatch.station.web.shown import Reader
from wardwatch.station.web.watch import SCREEN, BedNumbers, Watch
from wardwatch.station.web.wire import SIGNALS, Samples, waves_frame
from wardwatch.station.words import (
    SECOND,
    Contents,
    Limit,
    Mark,
    Patient,
    Peer,
    Quantity,
    Received,
    Signal,
    Truth,
)

NAMES = Reader(names=True, zone=UTC)
HIDDEN = Reader(names=False, zone=UTC)
PATIENT = Patient(name="Ada Invented", number="N-4711")
WAVES = {Signal.I: b"\x01" * 256, Signal.II: b"\x02" * 256, Signal.PLETH: b"\x03" * 256, Signal.RESP: b"\x04" * 128}


def ward(beds: int) -> tuple[Live, list[int]]:
    live = Live(Admission([BedRule(f"Bed {each}", device_bed=each) for each in range(1, beds + 1)]))
    return live, [live.open(Peer(f"10.0.0.{each}", 4000, 515), SECOND) for each in range(1, beds + 1)]


def say(live: Live, session: int, bed: int, number: int = 1, **more: object) -> None:
    shown = {
        Quantity.HR: 72.4,
        Quantity.SPO2: None,
        Quantity.T1: 36.66,
        Quantity.NIBP_SYS: 120.0,
        Quantity.NIBP_DIA: 70.0,
    }
    contents = {"shown": shown, "waves": WAVES, "patient": PATIENT, "device_bed": bed, **more}
    live.take(Received(session, number, number * SECOND, b"raw"), Contents(**contents))


def states(frames: list[bytes]) -> list[dict[str, object]]:
    return [json.loads(each[1:]) for each in frames if each[:1] == b"\x01"]


def sets(frames: list[bytes]) -> list[tuple[int, int, dict[str, bytes]]]:
    """Reads the frames by what the module's first lines say of them, not by its code."""
    found = []
    for frame in frames:
        at = 1
        while frame[:1] == b"\x02" and at < len(frame):
            bed, number, signals = struct.unpack_from("<HIB", frame, at)
            at += 7
            waves = {}
            for _ in range(signals):
                signal, count = struct.unpack_from("<BH", frame, at)
                waves[("I", "II", "III", "PLETH", "RESP")[signal]] = frame[at + 3 : at + 3 + count]
                at += 3 + count
            found.append((bed, number, waves))
    return found


def tile(watch: Watch, bed: int = 0) -> dict[str, object]:
    return states(watch.everything())[0]["beds"][bed]


def number(shown: dict[str, object], key: str) -> dict[str, str]:
    return next(each for each in shown["numbers"] if each["key"] == key)


def test_a_tile_says_what_the_monitor_shows() -> None:
    live, (session,) = ward(1)
    say(live, session, 1, limits={Quantity.HR: Limit(50, 70, on=True)})
    shown = tile(Watch(live, BedNumbers(), NAMES))
    assert (shown["name"], shown["patient"], shown["state"]) == ("Bed 1", "Ada Invented", "live")
    assert number(shown, "HR")["shown"] == "72"
    assert number(shown, "HR")["alarm"] in {"high", "medium", "low"}
    assert number(shown, "SpO2")["shown"] == ""
    assert number(shown, "T")["shown"] == "36.7"
    assert number(shown, "NIBP")["shown"] == "120/70 (--)"
    assert shown["alarms"]


def test_each_state_of_a_place_is_told_in_a_word_and_a_note() -> None:
    live, sessions = ward(2)
    watch = Watch(live, BedNumbers(), NAMES)
    assert (tile(watch)["state"], tile(watch)["note"]) == ("free", "No monitor")
    say(live, sessions[0], 1)
    live.tick(30 * SECOND)
    assert (tile(watch)["state"], tile(watch)["note"]) == ("silent", "No data since 00:00:01")
    say(live, sessions[0], 1, 31)
    assert (tile(watch)["state"], tile(watch)["note"]) == ("live", "")
    say(live, sessions[1], 1, 31)
    assert (tile(watch)["state"], tile(watch)["note"]) == ("conflict", "Two monitors claim this bed")


def test_whether_a_device_calls_out_is_said_as_far_as_it_is_watched() -> None:
    live, (session,) = ward(1)
    say(live, session, 1)
    unwatched = tile(Watch(live, BedNumbers(), NAMES))["exposure"]
    assert (unwatched["state"], "Nobody watches" in unwatched["text"]) == ("unknown", True)
    watch = Watch(live, BedNumbers(), NAMES._replace(watched=(111, 2049)))
    quiet = tile(watch)["exposure"]
    assert (quiet["state"], "none of the ports 111 and 2049" in quiet["text"]) == ("none seen", True)
    live.expose("10.0.0.1", "This device tried to reach port 111.", 2 * SECOND)
    calling = tile(watch)["exposure"]
    assert (calling["state"], calling["text"]) == ("calling", "This device tried to reach port 111.")


def test_without_a_check_nothing_is_called_verified() -> None:
    live, (session,) = ward(1)
    say(live, session, 1)
    truths = {each["key"]: each["truth"] for each in tile(Watch(live, BedNumbers(), NAMES))["numbers"]}
    assert truths == {
        "HR": "cannot verify",
        "RR": "cannot verify",
        "PR": "cannot verify",
        "SpO2": "not derivable",
        "T": "not derivable",
        "NIBP": "not derivable",
    }


def test_a_disagreement_is_shown_with_what_the_waveform_gives_and_the_wave() -> None:
    live, (session,) = ward(1)
    say(live, session, 1)
    live.mark(session, (Mark(Quantity.HR, Truth.DISAGREES, "shown is 72", 95.0, 93.0, 97.0),), 2 * SECOND)
    watch = Watch(live, BedNumbers(), NAMES, find=lambda signal, wave: [len(wave) // 2] * (signal is Signal.II))
    shown = number(tile(watch), "HR")
    assert (shown["truth"], shown["derived"]) == ("disagrees", "95")
    assert "95 (93 to 97)" in shown["why"]
    detail = states(watch.ask('{"view": "bed", "bed": 0}'))[0]["detail"]
    (evidence,) = detail["evidence"]
    assert evidence["signal"] == "II"
    assert evidence["samples"] == [2] * 256
    assert evidence["beats"] == [128]


@pytest.mark.parametrize("view", ['{"view": "overview"}', '{"view": "bed", "bed": 0}'])
def test_a_role_without_names_gets_nothing_that_identifies(view: str) -> None:
    live, (session,) = ward(1)
    say(live, session, 1)
    frames = Watch(live, BedNumbers(), HIDDEN).ask(view)
    whole = b"".join(frames)
    assert b"Ada" not in whole
    assert b"4711" not in whole
    assert states(frames)[0]["beds"][0]["patient"] is None
    assert Watch(live, BedNumbers(), HIDDEN).named() == []
    assert len(Watch(live, BedNumbers(), NAMES).named()) == 1


def test_every_sample_comes_once_and_in_order() -> None:
    live, (session,) = ward(1)
    watch = Watch(live, BedNumbers(), NAMES)
    say(live, session, 1)
    subscription = live.subscribe()
    watch.ask('{"view": "bed", "bed": 0}')
    sent = []
    for second in range(2, 12):
        waves = {Signal.II: bytes([second]) * 256, Signal.RESP: bytes([second]) * 128}
        say(live, session, 1, second, waves=waves)
        if second % 3 == 0:
            sent += sets(watch.changed(subscription.take()))
    sent += sets(watch.changed(subscription.take()))
    assert b"".join(each[2]["II"] for each in sent) == b"".join(bytes([each]) * 256 for each in range(2, 12))
    assert b"".join(each[2]["RESP"] for each in sent) == b"".join(bytes([each]) * 128 for each in range(2, 12))
    numbers = [each[1] for each in sent]
    assert numbers == sorted(set(numbers))


def test_the_overview_gets_two_waves_and_a_beds_page_its_own_only() -> None:
    live, sessions = ward(2)
    watch = Watch(live, BedNumbers(), NAMES)
    for bed, session in enumerate(sessions, 1):
        say(live, session, bed)
    assert [(bed, set(waves)) for bed, _, waves in sets(watch.ask('{"view": "overview"}'))] == [
        (0, {"II", "PLETH"}),
        (1, {"II", "PLETH"}),
    ]
    assert [(bed, set(waves)) for bed, _, waves in sets(watch.ask('{"view": "bed", "bed": 1}'))] == [
        (1, {"I", "II", "PLETH", "RESP"})
    ]
    assert len(states(watch.everything())[0]["beds"]) == 2


def test_only_what_changed_is_told_again() -> None:
    live, sessions = ward(3)
    watch = Watch(live, BedNumbers(), NAMES)
    for bed, session in enumerate(sessions, 1):
        say(live, session, bed)
    watch.everything()
    subscription = live.subscribe()
    say(live, sessions[1], 2, 2)
    say(live, sessions[1], 2, 3, shown={Quantity.HR: 99.0})
    (state,) = states(watch.changed(subscription.take()))
    assert [(each["name"], number(each, "HR")["shown"]) for each in state["beds"]] == [("Bed 2", "99")]
    assert watch.changed([]) == []


def test_no_more_than_a_screen_and_the_next_one_on_request() -> None:
    live, sessions = ward(SCREEN + 3)
    watch = Watch(live, BedNumbers(), NAMES)
    for bed, session in enumerate(sessions, 1):
        say(live, session, bed)
    (first,) = states(watch.ask('{"view": "overview"}'))
    assert len(first["beds"]) == SCREEN
    assert first["total"] == SCREEN + 3
    (second,) = states(watch.ask(f'{{"view": "overview", "first": {SCREEN}}}'))
    assert [each["name"] for each in second["beds"]] == [f"Bed {SCREEN + each}" for each in (1, 2, 3)]
    assert len(second["gone"]) == SCREEN


def test_an_unknown_monitor_appears_and_leaves() -> None:
    live, _ = ward(0)
    watch = Watch(live, BedNumbers(), NAMES)
    watch.everything()
    subscription = live.subscribe()
    session = live.open(Peer("10.0.0.9", 4000, 515), SECOND)
    say(live, session, 9)
    (state,) = states(watch.changed(subscription.take()))
    assert [(each["state"], each["note"]) for each in state["beds"]] == [
        ("unknown", "Unknown monitor: not admitted to a bed")
    ]
    live.close(session, "gone", 2 * SECOND)
    live.tick(200 * SECOND)
    (state,) = states(watch.changed(subscription.take()))
    assert (state["beds"], state["gone"]) == ([], [0])


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"view": "roof"}', '{"view": "bed"}',
     '{"view": "bed", "bed": "1"}', '{"view": "bed", "bed": true}',
     '{"view": "overview", "first": "x"}', "[" * 900, '{"view": "overview"' + " " * 2000 + "}"],
)  # fmt: skip
def test_what_is_no_request_is_refused(text: str) -> None:
    live, _ = ward(1)
    with pytest.raises((ValueError, RecursionError)):
        Watch(live, BedNumbers(), NAMES).ask(text)


@pytest.mark.parametrize("bed", [-1, 7, 10**30])
def test_a_bed_that_is_not_there_shows_no_detail(bed: int) -> None:
    live, _ = ward(1)
    (state,) = states(Watch(live, BedNumbers(), NAMES).ask(f'{{"view": "bed", "bed": {bed}}}'))
    assert "detail" not in state


def test_admission_is_offered_to_those_who_may_only() -> None:
    live, (session,) = ward(1)
    say(live, session, 1)
    for may, offered in ((True, session), (False, None)):
        (state,) = states(Watch(live, BedNumbers(), NAMES, may_admit=may).ask('{"view": "bed", "bed": 0}'))
        assert state["detail"]["session"] == offered


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF),
            st.integers(0, 2**40),
            st.dictionaries(st.sampled_from(SIGNALS), st.binary(max_size=300)),
        ),
        max_size=5,
    )
)
def test_frames_say_what_was_put_in(some: list[tuple[int, int, dict[Signal, bytes]]]) -> None:
    read = sets([waves_frame(Samples(*each) for each in some)])
    assert read == [
        (bed, number % 2**32, {signal.value: wave for signal, wave in waves.items()}) for bed, number, waves in some
    ]


def test_a_signal_that_is_too_long_keeps_its_newest_samples() -> None:
    wave = bytes(70_000 - 10) + b"0123456789"
    ((_, _, waves),) = sets([waves_frame([Samples(0, 0, {Signal.II: wave})])])
    assert waves["II"] == wave[-65_535:]


def test_a_beds_number_does_not_depend_on_who_was_there_first() -> None:
    live, _ = ward(2)
    stranger = live.open(Peer("10.0.9.9", 4000, 515), SECOND)
    say(live, stranger, 200)
    numbers = BedNumbers()
    Watch(live, numbers, NAMES).ask('{"view": "overview", "first": 2}')
    assert [numbers.of(name) for name in ("Bed 1", "Bed 2")] == [0, 1]


def test_monitors_that_come_and_go_take_no_number_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardwatch.station.web.watch._MANY_NUMBERS", 10)
    live, _ = ward(2)
    numbers = BedNumbers()
    watch = Watch(live, numbers, NAMES)
    for name in range(100):
        numbers.of(f"unknown {name}")
    watch.everything()
    assert (len(numbers), numbers.name(0), numbers.name(1)) == (2, None, None)
    assert [numbers.name(numbers.of(f"Bed {each}")) for each in (1, 2)] == ["Bed 1", "Bed 2"]


def test_a_number_given_up_is_the_last_to_be_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardwatch.station.web.watch._NUMBERS", 4)
    numbers = BedNumbers()
    assert [numbers.of(name) for name in "abc"] == [0, 1, 2]
    numbers.only({"b", "c"})
    assert [numbers.of(name) for name in "bdc"] == [1, 3, 2]
    assert numbers.name(0) is None
    assert (numbers.of("e"), numbers.name(0)) == (0, "e")
