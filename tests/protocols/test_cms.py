"""The central-station stream: exact bytes, fields where the fact sheet puts them, and finding blocks again."""

import importlib.util
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.protocols import cms
from wardwatch.protocols._cms_frames import Framer
from wardwatch.protocols.charsets import guess
from wardwatch.protocols.codec import Message, Side, Transport

EXAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "vitals" / "examples"


def _neighbour(name: str) -> ModuleType:
    """Another test module of this folder, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


samples = _neighbour("test_samples")
WARD: bytes = samples.sides(samples.load(samples.SAMPLES / "cms" / "ward.toml"))[0]


def split(stream: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(stream):
        size = 2 + int.from_bytes(stream[place : place + 2], "little")
        yield stream[place : place + size]
        place += size


def read(stream: bytes) -> tuple[list[Message], int]:
    dialogue = cms.CODEC.open(Transport.TCP)
    messages = dialogue.feed(Side.CLIENT, stream) + dialogue.finish()
    return messages, dialogue.skipped


BLOCKS = list(split(WARD))
KIND = {type(cms.decode(block)): block for block in BLOCKS}


def test_every_documented_block_has_its_class() -> None:
    names = [type(cms.decode(block)).__name__ for block in BLOCKS]
    assert names == [
        "Patient",
        "Empty43",
        "Bed",
        "Ecg",
        "Pleth",
        "Nibp",
        "Temperature",
        "ErrorBlock",
        "EndOfSet",
    ]


def test_patient() -> None:
    patient = cms.decode(KIND[cms.Patient])
    assert isinstance(patient, cms.Patient)
    assert (patient.name.text, patient.number.text, patient.doctor.text) == ("DOE JANE", "N-0042", "DR NOBODY")
    assert (patient.department.text, patient.bed, patient.blood_type) == ("WARD 5", 7, 2)
    assert (patient.height, patient.weight) == (1700, 700)
    assert [patient.admission_year.text, patient.admission_month.text] == ["2026", "03"]
    assert [patient.birth_year.text, patient.birth_month.text, patient.birth_day.text] == ["1950", "12", "31"]
    assert "DOE" not in repr(patient)
    assert len(patient.rest) == 192 - 0xAD


def test_waves_and_values() -> None:
    ecg, pleth = cms.decode(KIND[cms.Ecg]), cms.decode(KIND[cms.Pleth])
    assert isinstance(ecg, cms.Ecg)
    assert isinstance(pleth, cms.Pleth)
    assert (ecg.lead_1, ecg.lead_3, ecg.respiration) == (b"\x80" * 256, b"\x80" * 256, b"\x40" * 128)
    assert (ecg.heart_rate, ecg.heart_rate_invalid, ecg.respiration_rate) == (72, 0, 16)
    assert (ecg.heart_rate_max, ecg.heart_rate_min, ecg.heart_rate_set) == (120, 50, 1)
    assert (ecg.respiration_rate_max, ecg.respiration_rate_min, ecg.pvc_max) == (30, 8, 10)
    assert (pleth.pleth, pleth.spo2, pleth.probe, pleth.pulse_rate) == (b"\x55" * 256, 97, 0, 72)
    assert (pleth.spo2_min, pleth.spo2_max, pleth.pulse_rate_min, pleth.pulse_rate_max) == (90, 100, 50, 120)


def test_pressure_and_temperature() -> None:
    nibp, temperature = cms.decode(KIND[cms.Nibp]), cms.decode(KIND[cms.Temperature])
    assert isinstance(nibp, cms.Nibp)
    assert isinstance(temperature, cms.Temperature)
    assert (nibp.year, nibp.month, nibp.day, nibp.hour) == (2026, 3, 1, 10)
    assert (nibp.systolic, nibp.diastolic, nibp.mean) == (120, 75, 90)
    assert (nibp.systolic_max, nibp.diastolic_min, nibp.mean_max) == (160, 50, 110)
    assert temperature.t1 == pytest.approx(36.7, abs=0.001)
    assert (temperature.t1_max, temperature.t1_min, temperature.t1_set, temperature.t2) == (39.0, 36.0, 1, 0.0)


@given(st.binary(max_size=1200))
def test_any_bytes_come_back(raw: bytes) -> None:
    assert cms.encode(cms.decode(raw)) == raw


@given(
    st.sampled_from((0x3E, 0x43, 0x45, 0x46, 0x47, 0x49, 0x50)), st.integers(0, 1100), st.binary(max_size=64), st.data()
)
def test_any_payload_comes_back(kind: int, size: int, start: bytes, data: st.DataObject) -> None:
    start = bytes((0, 0, data.draw(st.integers(0x13, 0x18)), 0)) + start if kind == 0x46 else start
    payload = (start + data.draw(st.binary(min_size=1, max_size=40)) * 1100)[:size]
    raw = struct.pack("<HBB", len(payload) + 2, 5, kind) + payload
    assert cms.encode(cms.decode(raw)) == raw


def test_a_value_that_python_would_change_is_kept_as_bytes() -> None:
    raw = bytearray(KIND[cms.Temperature])
    raw[8:12] = b"\x01\x00\xa0\x7f"  # a signalling NaN
    assert cms.encode(cms.decode(bytes(raw))) == raw


@given(
    st.builds(
        cms.Nibp,
        *([st.integers(0, 0xFFFF)] + [st.integers(0, 0xFF)] * 5 + [st.integers(0, 0xFFFF)] * 12),
        st.binary(max_size=20),
    )
)
def test_values_come_back(block: cms.Nibp) -> None:
    assert cms.decode(cms.encode(block)) == block


def test_text_of_fits_or_says_so() -> None:
    assert cms.Text.of("王小明", 32, "gbk").read == ("王小明", "gbk")
    with pytest.raises(ValueError, match="room for 31"):
        cms.Text.of("x" * 32, 32)


@pytest.mark.parametrize(
    ("raw", "text", "charset"),
    [
        (b"DOE", "DOE", "ascii"),
        ("Müller".encode(), "Müller", "utf-8"),
        ("Müller".encode("latin-1"), "Müller", "latin-1"),
        ("SÖHNE & ÄÖÜ".encode("latin-1"), "SÖHNE & ÄÖÜ", "latin-1"),
        ("Noël Añé".encode("latin-1"), "Noël Añé", "latin-1"),
        ("Ölär".encode("latin-1"), "Ölär", "latin-1"),  # two hanzi in GBK, neither of them in GB 2312
        ("张三".encode("gbk"), "张三", "gbk"),
        ("李明 3".encode("gbk"), "李明 3", "gbk"),
        ("王喆".encode("gbk"), "王喆", "gbk"),
        ("歐陽娜娜".encode("gbk"), "歐陽娜娜", "gbk"),
        (b"\xff\xfe", "ÿþ", "latin-1"),
    ],
)
def test_a_character_set_nobody_names(raw: bytes, text: str, charset: str) -> None:
    assert guess(raw) == (text, charset)


def test_an_empty_bed_identifies_nobody() -> None:
    patient = cms.Patient(bed=4, department=cms.Text.of("WARD", 32), rest=bytes(19))
    messages, _ = read(cms.encode(patient))
    assert [(one.kind, one.identifiers, dict(one.facts)) for one in messages] == [("patient", (), {"bed": 4})]


def test_text_behind_the_end_is_kept_and_not_told() -> None:
    raw = b"DOE\0ROE".ljust(32, b"\0")
    block = cms.Patient(name=cms.Text(raw), rest=bytes(19))
    assert cms.encode(block)[4 + 0x23 :].startswith(raw)
    assert [one.value for one in read(cms.encode(block))[0][0].identifiers] == ["DOE"]


NOISE = st.binary(max_size=1500)


@given(NOISE)
@settings(deadline=None)
def test_blocks_are_found_behind_noise(noise: bytes) -> None:
    messages, skipped = read(noise + WARD * 2)
    starts = {one.start for one in messages}
    places = [len(noise) + sum(map(len, (BLOCKS * 2)[:index])) for index in range(2 * len(BLOCKS))]
    assert len(set(places) - starts) <= 2
    assert skipped <= len(noise) + 1028


@given(st.integers(0, 2 * len(WARD) - 1), st.integers(0, 255))
@settings(deadline=None)
def test_one_wrong_byte_costs_at_most_two_blocks(place: int, value: int) -> None:
    stream = bytearray(WARD * 3)
    stream[len(WARD) // 2 + place] = value
    whole = {(one.start, one.kind) for one in read(WARD * 3)[0]}
    found = {(one.start, one.kind) for one in read(bytes(stream))[0]}
    assert len(whole - found) <= 2


@given(st.integers(0, 3 * len(WARD)), st.integers(1, 2000))
@settings(deadline=None)
def test_a_hole_costs_what_it_covers_and_no_more(place: int, size: int) -> None:
    stream = WARD * 4
    end = min(place + size, len(stream))
    dialogue = cms.CODEC.open(Transport.TCP)
    messages = dialogue.feed(Side.CLIENT, stream[:place])
    dialogue.lose(Side.CLIENT, end - place)
    messages += dialogue.feed(Side.CLIENT, stream[end:]) + dialogue.finish()
    untouched = [one for one in read(stream)[0] if one.end <= place or one.start >= end]
    assert {one.start for one in untouched} <= {one.start for one in messages}


def test_a_wave_that_looks_like_blocks_is_no_block() -> None:
    ecg = cms.Ecg(lead_1=(b"\x02\x00\x05\x43" * 64), rest=bytes(45))
    stream = cms.encode(ecg) * 3
    messages, skipped = read(stream)
    assert [one.start for one in messages] == [0, 1028, 2056]
    assert skipped == 0


def test_little_is_held_whatever_comes() -> None:
    framer = Framer()
    for piece in (b"\xff\xff\x05\x46\x00\x00\x14\x00" * 4096, b"\x00\xff\x05\x99" * 8192, b"\x05" * 200_000):
        framer.feed(piece)
        assert len(framer._held) < 70_000


def test_an_odd_length_is_believed_where_a_block_follows() -> None:
    odd = struct.pack("<HBB", 5002, 5, 0x49) + b"\x02" + b"x" * 4999
    messages, skipped = read(BLOCKS[-1] + odd + BLOCKS[-1] + BLOCKS[1])
    assert [(one.kind, one.start) for one in messages] == [
        ("end-of-set", 0),
        ("error", 4),
        ("end-of-set", 5008),
        ("empty", 5012),
    ]
    assert skipped == 0


@pytest.mark.parametrize("stem", ["a604s", "bidmc05", "bidmc12-interrupted", "bidmc19", "mit100"])
def test_the_shared_examples_are_read_to_the_last_byte(stem: str) -> None:
    path = EXAMPLES / f"{stem}.cms"
    if not path.exists():
        pytest.skip("the shared recordings are not beside this checkout")
    stream = path.read_bytes()
    messages, skipped = read(stream)
    counted = Counter(one.kind for one in messages)
    sets = stream.count(b"\x02\x00\x05\x47")
    assert skipped == 0
    assert (counted["bed"], counted["telemetry"], counted["end-of-set"]) == (sets, 4 * sets, sets)
    assert b"".join(cms.encode(cms.decode(block)) for block in split(stream)) == stream
    assert cms.recognise(Transport.TCP, stream[:65536], b"") > 0.9
    assert cms.recognise(Transport.TCP, stream[700:66236], b"") > 0.5


@pytest.mark.parametrize(
    ("sent", "sure"),
    [
        (WARD[:60], True),  # a patient who has begun
        (WARD[:196], True),
        (WARD[200:700], True),  # a bed, and waves that have begun
        (WARD[208:216], True),
        (WARD[200:208], False),  # eight bytes are not enough
        (b"\x02\x00\x05\x43", False),
        (b"\x02\x00\x05\x43 and then a text that is no block at all", False),
        (b"\x02ward5\n" + WARD, False),
        (WARD[500:] + WARD, True),  # the middle of a session
        (b"", False),
    ],
)
def test_form_decides(sent: bytes, sure: bool) -> None:  # noqa: FBT001  # one of two answers
    assert (cms.recognise(Transport.TCP, sent, b"") >= 0.5) is sure
    assert (cms.recognise(Transport.TCP, b"", sent) >= 0.5) is sure
    assert cms.recognise(Transport.UDP, sent, b"") == 0.0


def test_where_the_middle_of_a_session_fits_a_known_start_is_surer() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + WARD[:1000]
    assert samples.CODECS["http"].recognise(Transport.TCP, b"", answer) > cms.recognise(Transport.TCP, b"", answer)


def test_a_stream_fetched_by_a_request_is_not_a_session() -> None:
    assert cms.recognise(Transport.TCP, b"GET /ward.cms HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n" + WARD * 3) == 0.0
