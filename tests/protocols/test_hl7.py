"""HL7 v2: character sets, escapes, framing that is not as it should be, and messages that we send."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.protocols import hl7
from wardwatch.protocols import hl7_messages as send
from wardwatch.protocols._hl7_frames import LONGEST
from wardwatch.protocols.codec import Message, Side, Transport
from wardwatch.protocols.hl7 import CODEC

HEADER = send.Header("MON", "WARD", "EHR", "HOSP", datetime(2026, 3, 1, 10, tzinfo=UTC), "17", "UNICODE UTF-8")
PATIENT = send.Patient("N-42", "DOE", "JANE", date(1950, 12, 31), "F")
VISIT = send.Visit("ICU", "2", "7", "NOBODY", "IVO", "V7")
RATE = send.Observation("147842", "MDC_ECG_HEART_RATE", "MDC", 72, "/min")


def read(*pieces: bytes) -> tuple[list[Message], int]:
    dialogue = CODEC.open(Transport.TCP)
    messages = [message for piece in pieces for message in dialogue.feed(Side.CLIENT, piece)]
    messages += dialogue.finish()
    return messages, dialogue.skipped


def named(message: Message) -> dict[str, tuple[str, str]]:
    return {one.field: (one.value, one.charset) for one in reversed(message.identifiers)}


def with_name(charset: str, name: bytes) -> bytes:
    return b"\x0bMSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5||||||" + charset.encode() + b"\rPID|1||5||" + name + b"\r\x1c\r"


@pytest.mark.parametrize(
    ("declared", "codec", "text", "told"),
    [
        ("8859/1", "latin-1", "MÜLLER", "latin-1"),
        ("8859/2", "iso8859-2", "ŽIŽEK", "iso8859-2"),
        ("8859/5", "iso8859-5", "ИВАНОВ", "iso8859-5"),
        ("8859/15", "iso8859-15", "Œ€", "iso8859-15"),
        ("UNICODE UTF-8", "utf-8", "王小明", "utf-8"),
        ("GB 18030-2000", "gb18030", "王小明", "gb18030"),
        ("BIG-5", "cp950", "許功蓋", "cp950"),  # second bytes are the escape and separators
        ("KS X 1001", "euc_kr", "홍길동", "euc_kr"),
        ("ASCII~ISO IR87", "iso2022_jp", "山田太郎", "iso2022_jp_ext"),
        ("", "utf-8", "MÜLLER", "utf-8"),
        ("", "gbk", "王小明", "gbk"),
        ("", "latin-1", "MÜLLER", "latin-1"),
        ("UNICODE UTF-8", "latin-1", "MÜLLER", "latin-1 (declared UNICODE UTF-8)"),
        ("NO SUCH SET", "latin-1", "MÜLLER", "latin-1 (declared unknown)"),
    ],
)
def test_character_sets(declared: str, codec: str, text: str, told: str) -> None:
    messages, _ = read(with_name(declared, text.encode(codec)))
    assert named(messages[0])["patient name"] == (text, told)


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("A\\T\\B", "A&B"),
        ("A\\F\\B\\S\\C\\R\\D", "A|B^C~D"),
        ("A\\E\\B", "A\\B"),
        ("\\H\\A\\N\\", "A"),
        ("A\\X42\\C", "ABC"),
        ("A\\XZZ\\", "A\\XZZ\\"),
        ("A\\", "A\\"),
    ],
)
def test_escapes(escaped: str, text: str) -> None:
    assert named(read(with_name("", escaped.encode()))[0][0])["patient name"][0] == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=40))
@settings(deadline=None)
def test_any_name_we_send_is_read_as_sent(name: str) -> None:
    patient = send.Patient("1", name)
    (message,), skipped = read(send.frame(send.admission(HEADER, patient, VISIT)))
    assert named(message)["patient name"][0] == name
    assert skipped == 0


def test_what_we_send_is_read_as_sent() -> None:
    stream = send.frame(send.observations(HEADER, PATIENT, VISIT, [RATE])) + send.frame(
        send.acknowledgement(HEADER, "17")
    )
    (message, answer), skipped = read(stream)
    assert skipped == 0
    assert message.kind == "observation"
    assert {field: value for field, (value, _) in named(message).items()} == {
        "patient name": "DOE JANE",
        "patient number": "N-42",
        "birth date": "19501231",
        "sex": "F",
        "doctor name": "NOBODY IVO",
        "visit number": "V7",
    }
    assert message.fields == ("order", "observation", "MDC_ECG_HEART_RATE")
    assert message.facts["bed"] == "ICU 2 7"
    assert (answer.kind, answer.facts["code"]) == ("acknowledgement", "AA")


def test_a_character_outside_the_declared_set_is_refused() -> None:
    header = send.Header("A", "B", "C", "D", HEADER.time, "1", "8859/1")
    with pytest.raises(UnicodeEncodeError):
        send.admission(header, send.Patient("1", "王"), VISIT)


def test_a_message_that_is_too_long_still_names_its_patient() -> None:
    body = with_name("", b"DOE")[:-2] + b"OBX|1|TX|x||" + b"A" * (LONGEST + 1000) + b"\r\x1c\r"
    (first, second), skipped = read(body, with_name("", b"ROE"))
    assert (first.kind, named(first)["patient name"][0]) == ("incomplete", "DOE")
    assert (second.kind, named(second)["patient name"][0]) == ("admission", "ROE")
    assert first.end - first.start == LONGEST
    assert skipped == len(body) - LONGEST - 2  # the line end in it, and that of the frame, are no loss


def test_a_hole_ends_a_message_that_still_names_its_patient() -> None:
    dialogue = CODEC.open(Transport.TCP)
    stream = with_name("", b"DOE^JANE")
    messages = dialogue.feed(Side.SERVER, stream[:-2] + b"OBX|1|TX|half")
    dialogue.lose(Side.SERVER, 100)
    messages += dialogue.feed(Side.SERVER, b"rest\r\x1c\r" + stream)
    messages += dialogue.finish()
    assert [(one.kind, named(one)["patient name"][0], one.side) for one in messages] == [
        ("incomplete", "DOE JANE", Side.SERVER),
        ("admission", "DOE JANE", Side.SERVER),
    ]
    assert messages[1].start == messages[0].end + 100 + 7


def test_a_cut_segment_is_not_read() -> None:
    (message,), _ = read(with_name("", b"DOE^JA")[:-4])
    assert (message.kind, message.identifiers) == ("incomplete", ())


def test_a_batch_is_several_messages() -> None:
    inside = with_name("", b"DOE")[1:-2] + with_name("", b"ROE")[1:-2]
    messages, skipped = read(b"\x0bFHS|^~\\&|A\rBHS|^~\\&|A\r" + inside + b"BTS|2\rFTS|1\r\x1c\r")
    assert [named(one)["patient name"][0] for one in messages] == ["DOE", "ROE"]
    assert skipped == 0


def test_separators_that_are_not_distinct_do_no_harm() -> None:
    messages, _ = read(b"\x0bMSH|||||A\rPID|||1||X\r\x1c\r")
    assert len(messages) == 1


def test_text_that_speaks_of_a_header_is_not_claimed() -> None:
    assert CODEC.recognise(Transport.TCP, b"a mail that says MSH|^~\\&|A in its text", b"") == 0.0
    assert CODEC.recognise(Transport.TCP, b"rest\r\x1c\r\x0bMSH|^~\\&|A|B\r", b"") >= 0.5


ENDS = ("A", "B", "C", "D", "2.5")
VALUES = st.sampled_from(["", "A", "A^B", "A~B^C", "\\F\\", "É", '""', "&", "Ω&x"])
LINE = st.tuples(
    st.sampled_from(["PID", "PV1", "MRG", "NK1", "OBX", "MSA", "OBR", "ZZZ", "PIDX"]), st.lists(VALUES, max_size=9)
)
MESSAGE = st.tuples(
    st.sampled_from(["|^~\\&", "#*+!%"]), st.sampled_from([("A", "B", "C", "D", "2.5"),
    ("Z", "", "\x1b$B", "D", "2.3")]),
    st.sampled_from(["", "8859/1", "UNICODE UTF-8", "8859/7"]),
    st.sampled_from(["ADT^A01", "ADT*A01*X", "ACK", "É"]), st.sampled_from(["utf-8", "iso8859-7"]),
    st.lists(LINE, max_size=4),
)  # fmt: skip


def spelled(  # noqa: PLR0913, PLR0917  # the parts of a message
    marks: str, ends: tuple[str, ...], charset: str, kind: str, codec: str, lines: list[tuple[str, list[str]]]
) -> bytes:
    header = ["MSH" + marks, *ends[:4], "1", "", kind, "1", "P", ends[4], *[""] * 5, charset]
    rows = [marks[0].join(header), *(marks[0].join([name, *values]) for name, values in lines)]
    return b"\x0b" + "\r".join(rows).encode(codec, "replace") + b"\r\x1c\r"


def forget() -> None:
    hl7._LINES.clear()
    hl7._HEADERS.clear()
    hl7._MEANINGS.clear()
    hl7._summed_up.cache_clear()


@settings(max_examples=60)
@given(st.lists(MESSAGE, min_size=2, max_size=6))
def test_what_was_read_before_changes_nothing(
    several: list[tuple[str, tuple[str, ...], str, str, str, list[tuple[str, list[str]]]]],
) -> None:
    cold = []
    for one in several:
        forget()
        cold += read(spelled(*one))[0]
    forget()
    warm = [message for one in several for message in read(spelled(*one))[0]]
    assert [(m.kind, m.identifiers, m.fields, dict(m.facts)) for m in warm] == [
        (m.kind, m.identifiers, m.fields, dict(m.facts)) for m in cold
    ]


PIECES = (
    b"\x0bMSH|^~\\&|A\rPID|1\r\x1c\r", b"\x0bMSH|^~\\&|B\r\x1c", b"MSH|^~\\&|C\r", b"\x0b", b"\x1c", b"\r", b"\n",
    b"?", b"MSH", b"\x0bFHS|\rMSH|^~\\&|D\rMSH|^~\\&|E\r\x1c\r", b"\x0bMSH|^~\\&|F\rNTE|MSH|\r\x1c\r",
    b"\x0bMSH|\x0bMSH|^~\\&|G\r\x1c\r", b"\x0bMSH|^~\\&|H\r\x0bPID|1\r\x1c\r",
    b"\x0bMSH|^~\\&|I\rMSH|^~\\&|J\r\x1c\r",
)  # fmt: skip


def whole_and_in_pieces(pieces: Sequence[bytes]) -> None:
    data = b"".join(pieces)
    single = read(*(data[at : at + 1] for at in range(len(data))))
    assert read(data) == single
    assert read(*pieces) == single


@pytest.mark.parametrize("first", PIECES)
def test_framing_does_not_depend_on_how_the_bytes_come(first: bytes) -> None:
    for second in PIECES:
        whole_and_in_pieces((first, second))
        whole_and_in_pieces((b"?", first, second))


@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_nor_does_it_in_longer_rows(pieces: list[bytes]) -> None:
    whole_and_in_pieces(pieces)


@pytest.mark.parametrize("place", [1, 2, 3, 4, 5, 8, 11, 17])
def test_messages_that_differ_in_one_field_of_the_header_are_told_apart(place: int) -> None:
    fields = ["MSH", "^~\\&", "A", "B", "C", "D", "1", "", "ADT^A01", "1", "P", "2.5", *[""] * 5, "ISO IR87"]
    other = list(fields)
    other[place] = {1: "^~!&", 17: ""}.get(place, "X")
    line = "PID|1||4~5||A\\X41\\!B"
    several = ["|".join(one) + "\r" + line for one in (fields, other)]
    forget()
    warm = [read(b"\x0b" + one.encode() + b"\r\x1c\r")[0][0] for one in several]
    for one, message in zip(several, warm, strict=True):
        forget()
        assert read(b"\x0b" + one.encode() + b"\r\x1c\r")[0][0] == message


def test_a_shift_in_what_is_not_read_reaches_what_is() -> None:
    forget()
    head = b"\x0bMSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5||||||ISO IR87\rEVN|"
    tail = b"|A01\rPID|1||4711||DOE\r\x1c\r"
    plain, shifted = (read(head + middle + tail)[0][0] for middle in (b"", b"\x1b$B"))
    forget()
    assert read(head + b"\x1b$B" + tail)[0][0] == shifted
    assert named(plain)["patient number"] == ("4711", "ascii")


def test_of_two_patients_the_more_usual_number_comes_first() -> None:
    lines = [("PID", ["1", "SECOND"]), ("PID", ["2", "", "FIRST"]), ("MSA", ["AA", "9"]), ("PV1", ["1", "I", "W^1^2"])]
    (message,) = read(spelled("|^~\\&", ENDS, "", "ADT^A01", "utf-8", lines))[0]
    assert [one.value for one in message.identifiers] == ["FIRST", "SECOND"]
    assert (message.facts["code"], message.facts["bed"]) == ("AA", "W 1 2")


def test_long_lines_and_headers_are_read_and_not_remembered() -> None:
    forget()
    name = "N" * 5000
    assert named(read(with_name(name, name.encode()))[0][0])["patient name"][0] == name
    assert not any(hl7._LINES.values())
    assert sum(map(len, next(iter(hl7._HEADERS), ()))) < 5000


def test_what_is_remembered_is_bounded() -> None:
    forget()
    for number in range(2 * hl7._LINES_KEPT):
        read(with_name("", str(number).encode()))
    for number in range(2 * hl7._READINGS_KEPT):
        marks = f"|^~\\{chr(0x30 + number)}"
        read(spelled(marks, ENDS, "", "ADT", "utf-8", [("PID", ["1"])]))
    assert 0 < len(hl7._MEANINGS) <= hl7._MEANINGS_KEPT
    assert len(hl7._LINES) <= hl7._READINGS_KEPT
    assert all(len(lines) <= hl7._LINES_KEPT for lines in hl7._LINES.values())
