"""Rates beside the rules written down by hand; their bounds, their quality, and why there is none."""

import importlib.util
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.vitals.beats.kernel import RULE
from wardwatch.vitals.rates.averaging import averaging
from wardwatch.vitals.rates.deriver import MOST_SIGNALS, Deriver
from wardwatch.vitals.words import Derivation, Derivations, Quantity, Second, Wave

TABLE = Path(__file__).resolve().parents[3] / "src" / "wardwatch" / "knowledge" / "thresholds" / "averaging.toml"
SPECIFIED = tomllib.loads(TABLE.read_text(encoding="utf-8"))
LONGEST = {Quantity.HR: 10.0, Quantity.PR: 10.0, Quantity.RR: 30.0}
"""Seconds: after a longer pause the rhythm begins anew."""


def _told() -> ModuleType:
    spec = importlib.util.spec_from_file_location("told", Path(__file__).parents[1] / "told.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["told"] = module
    spec.loader.exec_module(module)
    return module


told = _told()


def by_hand(rule: dict[str, object], times: list[float], now: float, longest: float) -> float | None:
    """What the words of averaging.toml say, done with lists."""
    for place in range(len(times) - 1, 0, -1):
        if times[place] - times[place - 1] > longest:
            times = times[place:]
            break
    fewest = int(rule["fewest"])
    if rule["kind"] in {"window", "count"}:
        inside = [time for time in times if time > now - float(rule["seconds"])]
        if len(inside) < fewest + 1:
            return None
        return 60 * (len(inside) - 1) / (inside[-1] - inside[0])
    spans = [after - before for before, after in pairwise(times)]
    slow = float(rule.get("slow_s", 0))
    if slow and len(spans) >= 3 and all(span > slow for span in spans[-3:]):
        chosen, trimmed = spans[-int(rule["slow_count"]) :], 0
    else:
        chosen, trimmed = spans[-int(rule["count"]) :], int(rule.get("trimmed", 0))
    if len(chosen) < fewest:
        return None
    chosen = sorted(chosen)
    if rule["kind"] == "median":
        return 60 / float(np.median(chosen))
    if trimmed and len(chosen) > 2 * trimmed + 1:
        chosen = chosen[trimmed:-trimmed]
    return 60 / (sum(chosen) / len(chosen))


def derive(seconds: Iterable[Second]) -> list[tuple[dict[tuple[str, str], list[float]], Derivations]]:
    """Second by second: the events told so far by signal and detector, and the derivations."""
    deriver, events, found = Deriver(), {}, []
    for second in seconds:
        beats, derivations = deriver.feed(second)
        for one in beats:
            events.setdefault((one.signal, one.detector), []).extend(one.times.tolist())
        found.append(({key: list(times) for key, times in events.items()}, derivations))
    return found


@pytest.mark.parametrize(("rate", "breath"), [(42.0, 8.0), (72.0, 15.0), (128.0, 31.0)])
def test_every_rule_gives_what_its_words_say(rate: float, breath: float) -> None:
    compared = dict.fromkeys(("HR", "PR", "RR"), 0)
    for events, derivations in derive(told.seconds_of(90, heart_rate=rate, breath_rate=breath, slow_sway=0.08)):
        for one in derivations:
            rule = next(each for each in SPECIFIED[one.quantity] if each["name"] == one.averaging)
            times = events.get((one.signal, one.detector), [])
            expected = by_hand(rule, times, one.at, LONGEST[one.quantity])
            if one.value is None:
                assert one.reason
                assert expected is None or one.quality < 0.06 or "agree" in one.reason or "long ago" in one.reason
            else:
                assert one.value == pytest.approx(expected, rel=1e-9)
                compared[one.quantity] += 1
    assert all(count > 300 for count in compared.values())


def test_the_rules_are_those_of_the_table() -> None:
    for quantity in (Quantity.HR, Quantity.PR, Quantity.RR):
        rules = averaging(quantity)
        assert rules.names == tuple(entry["name"] for entry in SPECIFIED[quantity])
        assert rules.rules.dtype == RULE
        for record, entry in zip(rules.rules, SPECIFIED[quantity], strict=True):
            assert record["kind"] == ["mean", "median", "window", "count"].index(entry["kind"])
            assert record["count"] == entry.get("count", 0)
            assert record["slow"] == entry.get("slow_s", 0.0)


@pytest.mark.parametrize("rate", [45.0, 72.0, 130.0])
def test_bounds_hold_the_value_and_what_a_correct_monitor_may_show(rate: float) -> None:
    """A whole number, rounded, of beats each known to a few milliseconds: half a beat a minute and a little."""
    seconds = told.seconds_of(60, heart_rate=rate)
    for _, derivations in derive(seconds)[30:]:
        for one in derivations:
            assert one.value is not None
            assert one.low is not None
            assert one.high is not None
            assert one.low <= one.value - 0.5
            assert one.high >= one.value + 0.5
            if one.quantity is Quantity.HR:
                assert one.high - one.low < 1.0 + one.value**2 / 60 * 0.0101


def test_a_beat_that_hardly_counts_widens_the_bounds_downwards() -> None:
    """Of every four beats one is much fainter: with it the rate is 72, without it less."""
    seconds = told.seconds_of(60, heart_rate=72.0, slow_sway=0, breath_sway=0)
    codes = np.concatenate([second.waves["II"].codes for second in seconds]).astype(float)
    heart = 256 * 60 / 72.0
    for beat in range(3, 70, 4):
        middle = round(beat * heart)
        near = slice(max(0, middle - 60), middle + 60)
        codes[near] = 128 + (codes[near] - 128) * 0.42
    widened = 0
    for second, part in zip(seconds, np.array_split(codes.astype(np.int32), 60), strict=True):
        second.waves["II"].codes[:] = part
    for _, derivations in derive([replace(each, waves={"II": each.waves["II"]}) for each in seconds])[20:]:
        for one in derivations:
            if one.detector == "levels" and one.averaging == "8" and one.value is not None:
                assert one.low is not None
                widened += one.value - one.low > 5
    assert widened > 10


def _quality(seconds: list[Second], signal: str, detector: str) -> float:
    """The least of the last seconds."""
    last = [derivations for _, derivations in derive(seconds)][-5:]
    return min(one.quality for each in last for one in each if (one.signal, one.detector) == (signal, detector))


def test_a_clean_signal_is_good_and_noise_makes_it_worse() -> None:
    clean = told.seconds_of(60)
    noisy, worse = told.seconds_of(60), told.seconds_of(60)
    told.EVENTS["noise"](noisy, 20, 60, ["all", "12"])
    told.EVENTS["noise"](worse, 20, 60, ["all", "60"])
    for signal, detector in (("II", "joint"), ("II", "levels"), ("II", "ratio"), ("PLETH", "ratio"), ("RESP", "turns")):
        good = _quality(clean, signal, detector)
        assert good > 0.95
        assert good > _quality(noisy, signal, detector) > _quality(worse, signal, detector) - 1e-9
        assert _quality(worse, signal, detector) < 0.3


def test_a_rate_on_which_two_readings_of_a_breath_differ_is_not_used() -> None:
    """Small quick waves on a slow breath: one reading counts them, the smoother one does not."""
    times = np.arange(128 * 120) / 128
    codes = 128 + 50 * np.sin(2 * np.pi * 8 / 60 * times) + 60 * np.sin(2 * np.pi * times)
    seconds = [
        Second(index, {"RESP": Wave(codes[index * 128 : index * 128 + 128].astype(np.int32), 128.0, index * 128)})
        for index in range(120)
    ]
    last = [one for one in derive(seconds)[-1][1] if one.averaging == "32 s"]
    assert {one.detector for one in last} == {"turns", "smoother"}
    assert all(one.value is None and "do not agree" in one.reason for one in last)


def _reason(wave: Wave | None, index: int = 20) -> set[str]:
    deriver = Deriver()
    for second in told.seconds_of(index):
        deriver.feed(Second(second.index, {"II": second.waves["II"]}))
    _, derivations = deriver.feed(Second(index, {} if wave is None else {"II": wave}))
    return {one.reason for one in derivations}


def test_why_there_is_no_rate() -> None:
    level = np.full(256, 128, np.int32)
    assert _reason(None) == {"nothing was measured"}
    assert _reason(Wave(level, 256.0, 20 * 256, valid=np.zeros(256, np.bool_))) == {"nothing was measured"}
    assert _reason(Wave(level[:30] + 1, 30.0, 20 * 30)) == {"its sampling rate is not one that can be examined"}
    rail = np.where(np.arange(256) % 3, 255, 200).astype(np.int32)
    assert _reason(Wave(rail, 256.0, 20 * 256)) == {"the signal is at the end of its range, as with a lead off"}
    assert _reason(told.seconds_of(1)[0].waves["II"], 0) == {"too few events yet"}


def test_a_lead_that_goes_flat_says_so_and_begins_anew() -> None:
    seconds = told.seconds_of(60)
    told.EVENTS["still"](seconds, 30, 40, ["II"])
    answers = [{one.reason for one in each if one.signal == "II"} for _, each in derive(seconds)]
    assert answers[29] == {""}
    assert answers[34] == {"the signal stands still, as with a lead or sensor off"}
    assert "too few events yet" in answers[42]
    assert answers[59] == {""}


def test_a_missing_second_begins_everything_anew() -> None:
    seconds = told.seconds_of(60)
    told.EVENTS["missing"](seconds, 30, 31, [])
    answers = {each.at: each for _, each in derive(seconds)}
    assert all(one.value is not None for one in answers[30.0])
    assert all(one.value is None for one in answers[32.0])
    assert all(one.value is not None for one in answers[56.0] if one.quantity is Quantity.HR)


def test_times_count_from_the_beginning_of_the_recording_also_after_a_gap() -> None:
    seconds = told.seconds_of(60)
    whole = derive(seconds)[-1][0]["II", "joint"]
    told.EVENTS["missing"](seconds, 20, 30, [])
    parts = derive(seconds)[-1][0]["II", "joint"]
    after = [time for time in whole if time > 33]
    assert len(after) > 20
    assert np.allclose([time for time in parts if time > 33], after, atol=0.02)


def test_no_more_signals_than_a_monitor_can_have() -> None:
    deriver = Deriver()
    wave = told.seconds_of(1)[0].waves["II"]
    names = ["I", "II", "III", "V", *(f"V{n}" for n in range(1, 7)), "MCL", "MLII"]
    spelled = [
        name[:place].lower() + name[place:] + " " * pad for name in names for place in range(3) for pad in range(3)
    ]
    _, derivations = deriver.feed(Second(0, dict.fromkeys(dict.fromkeys(spelled), wave)))
    assert len(set(spelled)) > MOST_SIGNALS
    assert len({one.signal for one in derivations}) == MOST_SIGNALS


def test_derivations_come_and_go_as_single_ones() -> None:
    _, derivations = derive(told.seconds_of(20))[-1]
    again = Derivations.of(derivations)
    assert list(again) == list(derivations)
    assert again[2:5] == list(derivations)[2:5]
    assert again[-1] == derivations[len(derivations) - 1]
    with pytest.raises(IndexError):
        derivations[len(derivations)]
    assert list(Derivations.of([])) == []
    assert {one.signal for one in derivations} == {"I", "II", "III", "PLETH", "RESP"}


def test_a_derivation_has_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Derivation("II", Quantity.HR, 1.0, None)
    with pytest.raises(ValueError, match="reason"):
        Derivation("II", Quantity.HR, 1.0, 70.0, reason="noise")


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_waves_give_sound_derivations(data: st.DataObject) -> None:
    """Whatever is sent, a rate is a positive number within its bounds, or there is a reason."""
    deriver = Deriver()
    index = 0
    for _ in range(data.draw(st.integers(1, 12))):
        waves = {}
        for name in data.draw(st.sets(st.sampled_from(["II", "PLETH", "RESP", "ABP", "V "]), max_size=3)):
            rate = data.draw(st.sampled_from([0.0, 4.0, 30.0, 125.0, 256.0, 9000.0]))
            count = data.draw(st.sampled_from([0, 1, 30, int(min(rate, 1000.0))]))
            seed, high = data.draw(st.integers(0, 99)), data.draw(st.sampled_from([1, 255, 2**31 - 1]))
            source = np.random.default_rng(seed)
            codes = source.integers(-high, high, count, dtype=np.int64).astype(np.int32)
            valid = source.random(count) > 0.3 if data.draw(st.booleans()) else None
            waves[name] = Wave(codes, rate, index * int(rate), data.draw(st.sampled_from([0.0, 200.0])), 0.0, valid)
        _, derivations = deriver.feed(Second(index, waves))
        for one in derivations:
            assert 0.0 <= one.quality <= 1.0
            if one.value is not None:
                assert one.low is not None
                assert one.high is not None
                assert 0.0 <= one.low <= one.value <= one.high < np.inf
        index += data.draw(st.integers(1, 3))


def test_a_signal_that_changes_its_rate_begins_anew() -> None:
    deriver, answers = Deriver(), []
    for second in told.seconds_of(40):
        wave = second.waves["II"]
        if second.index >= 20:
            wave = Wave(np.repeat(wave.codes, 2), 512.0, second.index * 512)
        _, derivations = deriver.feed(Second(second.index, {"II": wave}))
        answers.append({one.reason for one in derivations})
    assert answers[19] == {""}
    assert answers[21] == {"too few events yet"}
    assert answers[39] == {""}


def test_signals_of_no_interest_are_left_out() -> None:
    wave = told.seconds_of(1)[0].waves["II"]
    beats, derivations = Deriver().feed(Second(0, {"ABP": wave, "CO2": wave}))
    assert not beats
    assert not list(derivations)


@pytest.mark.parametrize(
    ("detector", "shares", "good"),
    [("levels", (0.2, 0.28, 0.36, 0.4, 0.44), 0.8), ("ratio", (0.15, 0.155, 0.16, 0.165, 0.17), 0.97)],
)
def test_what_nearly_is_a_beat_widens_the_bounds_upwards(detector: str, shares: tuple[float, ...], good: float) -> None:
    """Between each two beats lies a fainter copy of one: from some height on a beat, and just below perhaps one."""
    clean = np.concatenate([second.waves["II"].codes for second in told.seconds_of(40, slow_sway=0, breath_sway=0)])
    heart = 256 * 60 / 72.0
    beats = [round(beat * heart) for beat in range(2, 46)]
    widened = []
    for share in shares:
        codes = clean.astype(float)
        for beat in beats[:-1]:
            middle = beat + round(heart / 2)
            codes[middle - 25 : middle + 25] += share * (clean[beat - 25 : beat + 25] - 128)
        waves = [
            Wave(part, 256.0, index * 256) for index, part in enumerate(np.array_split(codes.astype(np.int32), 40))
        ]
        last = derive([Second(index, {"II": wave}) for index, wave in enumerate(waves)])[-1][1]
        (one,) = [each for each in last if (each.detector, each.averaging) == (detector, "8")]
        if one.value is not None and one.value < 80:
            assert one.high is not None
            widened.append(one.high - one.value > 20)
            assert one.quality < good or not widened[-1]
    assert any(widened)
    assert not widened[0]


def test_after_a_pause_the_rhythm_begins_anew() -> None:
    """Beats a second apart, 12 s of nothing but the converter's noise, and beats again."""
    times = np.arange(60 * 256) / 256
    beats = np.concatenate((np.arange(1.0, 25, 1.0), np.arange(37.0, 59, 1.0)))
    away = np.abs(times[:, None] - beats).min(axis=1)
    codes = 128 + np.rint(100 * np.maximum(0.0, 1 - away / 0.04)) + np.random.default_rng(1).integers(0, 2, len(times))
    seconds = [
        Second(index, {"II": Wave(part, 256.0, index * 256)})
        for index, part in enumerate(np.array_split(codes.astype(np.int32), 60))
    ]
    compared, reasons = 0, set()
    for events, derivations in derive(seconds):
        for one in derivations:
            rule = next(each for each in SPECIFIED["HR"] if each["name"] == one.averaging)
            if one.value is None:
                reasons.add(one.reason)
                continue
            assert one.value == pytest.approx(by_hand(rule, events["II", one.detector], one.at, 10.0), rel=1e-9)
            compared += one.at > 40
    assert "the last event was too long ago" in reasons
    assert compared > 100


def test_nothing_is_told_later_that_lies_before_what_was_promised() -> None:
    deriver, promised = Deriver(), {}
    late = 0
    for second in told.seconds_of(60, heart_rate=50.0):
        for one in deriver.feed(second)[0]:
            key = (one.signal, one.detector)
            assert (one.times >= promised.get(key, -1.0)).all()
            assert one.until == pytest.approx(second.index + 1 - 4.5)
            late += int((one.times < second.index - 0.5).sum())
            promised[key] = one.until
    assert late > 20


def test_two_readings_of_a_breath_count_for_what_they_agree() -> None:
    """From 1 a minute apart their quality falls, at 4 there is none, and so for each rule by itself."""
    seconds = told.seconds_of(300, breath_rate=19)
    source = np.random.default_rng(3)
    between = far = 0
    for second in seconds:
        codes = second.waves["RESP"].codes
        codes += np.rint(np.repeat(source.normal(0, 120, 2), 64)).astype(np.int32)
    for _, derivations in derive([replace(each, waves={"RESP": each.waves["RESP"]}) for each in seconds]):
        for rule in averaging(Quantity.RR).names:
            pair = [one for one in derivations if one.averaging == rule]
            if any(one.value is None for one in pair):
                assert all(one.value is None for one in pair)
                far += any("do not agree" in one.reason for one in pair)
                continue
            apart = abs(pair[0].value - pair[1].value)
            assert apart < 4
            if apart > 1:
                between += 1
                assert all(one.quality <= (4 - apart) / 3 + 1e-9 for one in pair)
    assert (between > 100, far > 20) == (True, True)
    assert far > 100
