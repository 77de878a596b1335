"""What a set says, by the twin's own account of it and by single blocks."""

import math
from datetime import UTC, datetime
from itertools import count

import pytest

from wardwatch.station import hl7_reading
from wardwatch.station.reading import contents
from wardwatch.station.sets import cut
from wardwatch.station.words import Limit, Quantity, Signal
from wardwatch.twin.stream import Bedside


def test_numbers_are_those_the_twin_says_it_showed() -> None:
    bedside = Bedside(5, 0, 1_800_000_000 * 10**9, 900.0)
    seen = 0
    for k in range(60):
        messages = bedside.second(k)
        told = contents(data for data, _ in messages)
        truth = {key: value for _, block in messages for key, value in block.values.items()}
        for quantity, name in (
            (Quantity.HR, "heart_rate"), (Quantity.RR, "breath_rate"), (Quantity.SPO2, "spo2"),
            (Quantity.PR, "pulse_rate"), (Quantity.NIBP_SYS, "systolic"), (Quantity.NIBP_MAP, "mean"),
        ):  # fmt: skip
            assert told.shown[quantity] == truth[name]
            seen += truth[name] is not None
        assert told.shown[Quantity.T1] == (truth["t1"] and pytest.approx(truth["t1"]))
        assert told.probe is (truth["probe"] == "on")
    assert seen > 100


def test_who_lies_there_is_read_and_never_in_a_repr(blocks: object) -> None:
    told = contents([blocks.patient("Sample Samuel", "INV0000042", 7)])
    assert told.patient is not None
    assert (told.patient.name, told.patient.number, told.patient.born) == ("Sample Samuel", "INV0000042", "1950-02-03")
    assert told.device_bed == 7
    assert "Samuel" not in repr(told)
    assert "INV" not in repr(told)


def test_dashes_are_none(blocks: object) -> None:
    ecg, pleth = blocks.ecg(255, heart_rate_invalid=255), blocks.pleth(255, probe=255, invalid=255, pulse_rate=255)
    told = contents([ecg, pleth, blocks.nibp(), blocks.temperature(t1=0.0)])
    assert {each for each, value in told.shown.items() if value is not None} == {Quantity.RR}
    assert told.probe is False


def test_a_value_with_the_invalid_flag_is_not_shown(blocks: object) -> None:
    assert contents([blocks.ecg(80, heart_rate_invalid=1)]).shown[Quantity.HR] is None
    assert contents([blocks.pleth(97, invalid=1)]).shown[Quantity.SPO2] is None


def test_limits_are_low_high_and_whether_in_force(blocks: object) -> None:
    told = contents([blocks.ecg(80, low=45, high=130, on=1), blocks.pleth(97, low=90, high=100, on=0)])
    assert told.limits[Quantity.HR] == Limit(45, 130, on=True)
    assert told.limits[Quantity.SPO2] == Limit(90, 100, on=False)


def test_floats_that_are_no_numbers_are_not_shown(blocks: object) -> None:
    told = contents([blocks.temperature(t1=math.nan, t2=math.inf, t1_max=math.nan, t1_min=35.0, t1_set=1)])
    assert told.shown[Quantity.T1] is None
    assert told.shown[Quantity.T2] is None
    assert Quantity.T1 not in told.limits


def test_the_cuff_has_the_monitors_own_time(blocks: object) -> None:
    told = contents([blocks.nibp(year=2026, month=3, day=1, hour=10, minute=5, second=6, systolic=120)])
    assert told.cuff == datetime(2026, 3, 1, 10, 5, 6, tzinfo=UTC)
    assert contents([blocks.nibp(year=2026, month=13, day=1, systolic=120)]).cuff is None


def test_waves_are_the_bytes_sent(blocks: object) -> None:
    told = contents([blocks.ecg(lead_2=bytes(range(256)), respiration=b"\x07" * 128)])
    assert told.waves[Signal.II] == bytes(range(256))
    assert told.waves[Signal.RESP] == b"\x07" * 128


def test_messages_are_kept_up_to_a_bound(blocks: object) -> None:
    assert contents([blocks.error("ECG LEAD OFF")]).messages == ("ECG LEAD OFF",)
    assert len(contents([blocks.error(f"MESSAGE {k}") for k in range(50)]).messages) == 8


def test_a_block_nobody_knows_is_counted_and_the_rest_read(blocks: object) -> None:
    told = contents([b"\x04\x00\x05\x99ab", blocks.ecg(80)])
    assert told.unknown == 1
    assert told.shown[Quantity.HR] == 80


ORU = (
    "MSH|^~\\&|MON|BED5|WARDWATCH||20261125080000||ORU^R01|{}|P|2.4\r"
    "PID|1||INV0000042||Sample^Samuel||19500203|M\rPV1|1|I|ICU^1^7\rOBR|1|||1\r"
    "OBX|1|NM|8867-4^Heart rate^LN||71|/min\rOBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||96|%\r"
    "OBX|3|NM|0002-4bb8^SpO2^MDIL~59408-5^x^LN||96\rOBX|4|NM|9999-9^odd^LN||1\rOBX|5|NM|9279-1^RR^LN||---\r"
)


def test_an_hl7_message_says_numbers_by_their_codes() -> None:
    told = hl7_reading.contents(ORU.format("C1").encode())
    assert told.shown[Quantity.HR] == 71
    assert told.shown[Quantity.SPO2] == 96
    assert told.shown[Quantity.RR] is None
    assert told.device_bed == 7
    assert told.patient
    assert told.patient.number == "INV0000042"
    assert told.unknown == 2


def test_an_hl7_message_is_acknowledged_with_its_own_number() -> None:
    answer = hl7_reading.answer(ORU.format("C77").encode(), datetime(2026, 11, 25, tzinfo=UTC))
    assert answer.startswith(b"\x0bMSH|")
    assert answer.endswith(b"\x1c\r")
    assert b"MSA|AA|C77\r" in answer
    assert not hl7_reading.wants_answer(answer[1:-2])
    assert hl7_reading.wants_answer(ORU.format("C1").encode())


def test_a_set_is_cut_and_read_alike(stream: object) -> None:
    for raw, number in zip(stream(3), count(), strict=False):
        assert len(cut(raw)) == 1, number
