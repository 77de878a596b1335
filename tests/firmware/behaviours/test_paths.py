"""Paths with holes: what lies below what, what is the same, what holds programs."""

import pytest

from wardwatch.firmware.behaviours.paths import absolute, below, name, same
from wardwatch.firmware.behaviours.places import Places, is_pluggable
from wardwatch.firmware.words import Hole, Text

HOLE = Hole("x")


def text(form: str) -> Text:
    """`/mnt/{}` has a hole behind the slash."""
    parts: list[str | Hole] = []
    for number, piece in enumerate(form.split("{}")):
        parts += ([HOLE] if number else []) + ([piece] if piece else [])
    return Text(tuple(parts))


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("/mnt/a", "/mnt", True),
        ("/mnt", "/mnt", True),
        ("/mnt/", "/mnt", True),
        ("/mnt/*", "/mnt/", True),
        ("/mnt/{}", "/mnt", True),
        ("/mnt/{}", "/mnt/a", None),
        ("/mntx/a", "/mnt", False),
        ("/opt/a", "/mnt", False),
        ("{}/a", "/mnt", None),
        ("/m{}", "/mnt", None),
        ("/opt/{}", "/mnt", False),
        ("/mnt/a", "/mnt/{}", None),
        ("/opt/a", "/mnt/{}", False),
        ("{}", "{}", True),
        ("/a", "/", True),
    ],
)
def test_below(path: str, folder: str, expected: bool | None) -> None:  # noqa: FBT001  # a table of answers
    assert below(text(path), text(folder)) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/mnt/a", "/mnt//a", True),
        ("/mnt/a", "/mnt/b", False),
        ("/mnt/*", "/mnt/b", None),
        ("/mnt/b", "/mnt/*", None),
        ("/mnt/{}", "/mnt/b", None),
        ("/opt/{}", "/mnt/b", False),
        ("/mnt/{}", "/mnt/{}", True),
        ("/mnt/{}a", "/mnt/x{}", None),
        ("", "/mnt", False),
    ],
)
def test_same(one: str, other: str, expected: bool | None) -> None:  # noqa: FBT001  # a table of answers
    assert same(text(one), text(other)) is expected


def test_names_and_folders() -> None:
    assert name(text("/mnt/monitor")) == "monitor"
    assert name(text("/mnt/{}.bin")) == "*.bin"
    assert str(absolute(text("./a"), "/opt/bin")) == "/opt/bin/a"
    assert str(absolute(text("/a"), "/opt/bin")) == "/a"
    assert str(absolute(text("|"), "/opt/bin")) == "|"
    assert absolute(text("{}/a"), "/opt") == text("{}/a")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/opt/bin/monitor", True),
        ("/opt/bin", True),
        ("/opt/bin/{}", True),
        ("/", True),
        ("/etc/init.d/S99", True),
        ("/etc/init.d", True),
        ("/dev/mtdblock2", True),
        ("/users/notes", False),
        ("/tmp/x", False),  # noqa: S108  # a path of a device
        ("/var/lib/list", False),
        ("{}", False),
        ("bin/x", False),
        ("/data/own/tool", True),
        ("/data/own", True),
        ("/data/own/*", True),
        ("/data/other", False),
    ],
)
def test_what_holds_programs(target: str, expected: bool) -> None:  # noqa: FBT001  # a table of answers
    assert Places(frozenset({"/data/own/tool"})).holds_programs(text(target)) is expected


def test_what_the_start_up_runs_below() -> None:
    places = Places(started=("/opt/bin/monitor", "/sbin/init"))
    assert places.started_in(text("/opt/bin")) == ("/opt/bin/monitor",)
    assert places.started_in(text("/opt/bin/*")) == ("/opt/bin/monitor",)
    assert places.started_in(text("/opt/bin/monitor")) == ("/opt/bin/monitor",)
    assert places.started_in(text("/opt/bin/other")) == ()
    assert places.started_in(text("/")) == ("/opt/bin/monitor", "/sbin/init")


def test_sticks() -> None:
    assert is_pluggable(text("/dev/sda1"))
    assert not is_pluggable(text("/dev/mtdblock2"))
