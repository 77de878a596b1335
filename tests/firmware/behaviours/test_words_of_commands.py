"""Commands as people write them, and what each does; the expectations follow the programs' manuals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.firmware.behaviours.patterns import match, split_options
from wardwatch.firmware.behaviours.recognise import behaviours_of
from wardwatch.firmware.behaviours.words import Behaviour
from wardwatch.firmware.words import Call, Hole, Place, Text

AT = Place("/x", "", line=1)


def said(line: str) -> list[tuple[str, str, str, str]]:
    call = Call("command", tuple(Text((word,)) for word in line.split()), AT)
    found = behaviours_of([call], lambda _text, _at: ())
    return [(each.kind.value, _end(each), str(each.source), str(each.target)) for each in found]


def _end(behaviour: Behaviour) -> str:
    return behaviour.end.name if behaviour.end else behaviour.subject


LINES = [
    [field.strip() for field in line.split(" |")]
    for line in (Path(__file__).parent / "commands.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("fields", [each for each in LINES if each[1]], ids=lambda each: each[0])
def test_means(fields: list[str]) -> None:
    line, kind, end, source, target = fields
    found = said(line)
    assert len(found) == 1, found
    assert found[0][:2] == (kind, end)
    assert source in {"", found[0][2]}
    assert target in {"", found[0][3]}


@pytest.mark.parametrize("fields", [each for each in LINES if not each[1]], ids=lambda each: each[0])
def test_means_nothing_of_it(fields: list[str]) -> None:
    assert said(fields[0]) == []


words = st.lists(
    st.lists(st.one_of(st.text(st.sampled_from("abc-/:.= ><|@01"), max_size=8), st.just(Hole("x"))), max_size=3).map(
        lambda parts: Text(tuple(parts))
    ),
    max_size=8,
)
NAMES = [
    "mount",
    "wget",
    "curl",
    "cp",
    "tar",
    "dd",
    "tftp",
    "ip",
    "ifconfig",
    "scp",
    "nc",
    "sh",
    "busybox",
    "chmod",
    "umount",
]


@given(st.sampled_from(NAMES), words)
def test_whatever_the_words_are_nothing_breaks(name: str, rest: list[Text]) -> None:
    call = Call("command", (Text((name,)), *rest), AT)
    for behaviour in behaviours_of([call], lambda _text, _at: ()):
        assert behaviour.place == AT


@given(words, st.lists(st.sampled_from(["A", "B...", "...", "a|b", "C?", "x=D"]), max_size=5))
def test_patterns_end(rest: list[Text], pattern: list[str]) -> None:
    found = match(" ".join(pattern), rest)
    assert found is None or all(isinstance(word, Text) for several in found.values() for word in several)


@given(words, st.lists(st.sampled_from(["-a", "-b", "--long"]), max_size=3))
def test_no_word_is_lost_or_told_twice(rest: list[Text], valued: list[str]) -> None:
    options = split_options(rest, valued)
    assert len(options.others) <= len(rest)
