"""What an update path has and lacks, and when that cannot be told."""

from collections.abc import Callable
from typing import Any

import pytest

from wardwatch.firmware.audit import audited

HEAD = "fires high\nscript /usr/bin/x\nin -\n1 sh wget http://203.0.113.5/m -O /data/m\n"
TAIL = "7 sh cp /data/m /opt/bin/monitor\nboot /usr/bin/x\n"
ABSENT = dict.fromkeys(["integrity", "authenticity", "log", "version record", "rollback protection"], "absent")


def states(play: Callable[[str], Any], between: str) -> dict[str, str]:
    scene = play(HEAD + between + TAIL).scene
    return {each.name: each.state for each in audited(scene, scene.chains[0])}


@pytest.mark.parametrize(
    ("between", "changed"),
    [
        ("", {}),
        ("2 sh sha256sum -c /data/m.sha256\n", {"integrity": "present"}),
        ("2 sh signify -V -p /etc/k.pub -m /data/m\n", {"integrity": "present", "authenticity": "present"}),
        ("2 sh echo new >> /var/log/update\n", {"log": "present"}),
        ("2 sh echo 3 > /etc/version\n", {"version record": "present"}),
        ("2 sh dpkg --compare-versions 1 lt 2\n", {"rollback protection": "present"}),
    ],
)
def test_each_property(play: Callable[[str], Any], between: str, changed: dict[str, str]) -> None:
    assert states(play, between) == {**ABSENT, **changed}


@pytest.mark.parametrize("between", ["2 sh /usr/lib/check /data/m\n", "2 sh {unknown} /data/m\n"])
def test_a_program_that_was_not_read_may_be_the_check(play: Callable[[str], Any], between: str) -> None:
    assert set(states(play, between).values()) == {"cannot tell"}


def test_a_part_of_the_function_that_was_not_read_may_hold_it(play: Callable[[str], Any]) -> None:
    text = HEAD + TAIL.replace("boot", 'unread - "a part of the script" "too long"\nboot')
    scene = play(text).scene
    assert {each.state for each in audited(scene, scene.chains[0])} <= {"absent", "cannot tell"}


def test_every_answer_says_what_was_searched(play: Callable[[str], Any]) -> None:
    scene = play(HEAD + TAIL).scene
    for each in audited(scene, scene.chains[0]):
        assert "/usr/bin/x" in each.seen
        assert "203.0.113.5" in each.path
