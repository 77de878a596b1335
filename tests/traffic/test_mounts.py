"""MOUNT and NFS are different conversations; together they tell where a file lies."""

from collections.abc import Callable
from typing import Any

import pytest

MOUNT = "0 udp 10.20.0.21:701 > 202.114.4.119:635 client=mount:/pm reply=mount-done:\n"
LOOKUP = "1 udp 10.20.0.21:702 > 202.114.4.119:2049 client=lookup:monitor reply=found:aa\n"
Play = Callable[[str], Any]


def _said(answer: Any) -> list[str]:  # noqa: ANN401  # whatever `play` answers
    """What the evidence of the rule says, in its order."""
    findings = [finding for finding in answer.findings if finding.rule == "traffic.remote-mount"]
    return [
        evidence.excerpt for finding in findings for evidence in finding.evidence if evidence.excerpt.endswith("(ok)")
    ]


def test_a_path_is_told_from_the_root_of_the_share(play: Play) -> None:
    _, answer = play(MOUNT + LOOKUP)
    assert _said(answer) == ["mount /pm (ok)", "lookup /pm/monitor (ok)"]


def test_the_order_in_the_capture_does_not_matter(play: Play) -> None:
    _, answer = play(LOOKUP + MOUNT.replace("0 udp", "9 udp"))
    assert sorted(_said(answer)) == ["lookup /pm/monitor (ok)", "mount /pm (ok)"]


def test_what_was_found_is_a_folder_for_what_follows(play: Play) -> None:
    deeper = "2 udp 10.20.0.21:702 > 202.114.4.119:2049 client=lookup:run.sh:aa reply=found:bb:aa\n"
    assert _said(play(MOUNT + LOOKUP + deeper)[1])[1:] == ["lookup /pm/monitor (ok)", "lookup /pm/monitor/run.sh (ok)"]


@pytest.mark.parametrize(("name", "path"), [("..", "/"), (".", "/pm"), ("../../etc", "/etc"), ("/etc", "/pm/etc")])
def test_a_name_that_climbs_ends_at_the_top(name: str, path: str, play: Play) -> None:
    _, answer = play(MOUNT + LOOKUP.replace("monitor", name))
    assert f"lookup {path} (ok)" in _said(answer)


def test_the_mount_before_the_use_counts(play: Play) -> None:
    other = MOUNT.replace("0 udp", "{0} udp").replace(":701", ":{0}").replace("/pm", "/{0}")
    _, answer = play(other.format(3) + other.format(5) + LOOKUP.replace("1 udp", "4 udp"))
    assert "lookup /3/monitor (ok)" in _said(answer)
    _, answer = play(other.format(3) + other.format(5) + LOOKUP.replace("1 udp", "8 udp"))
    assert "lookup /5/monitor (ok)" in _said(answer)
    _, answer = play(other.format(3) + other.format(5) + LOOKUP)
    assert "lookup /3/monitor (ok)" in _said(answer)


def test_mounts_count_in_the_order_of_their_times(play: Play) -> None:
    lines = [MOUNT.replace("0 udp", f"{at} udp").replace(":701", f":{port}").replace("/pm", f"/{at}")
             for at, port in ((3, 701), (9, 701), (5, 702))]  # fmt: skip
    _, answer = play("".join(lines) + LOOKUP.replace("1 udp", "6 udp").replace(":702", ":703"))
    assert "lookup /5/monitor (ok)" in _said(answer)


@pytest.mark.parametrize(
    "elsewhere",
    [
        MOUNT.replace("202.114.4.119", "203.0.113.8"),  # another server's handle of the same bytes
        MOUNT.replace(" reply=mount-done:", ""),  # nobody said that it was mounted
        "",
    ],
)
def test_a_path_stays_relative_where_nobody_told_the_share(elsewhere: str, play: Play) -> None:
    assert "lookup monitor (ok)" in _said(play(elsewhere + LOOKUP)[1])


def test_another_handle_is_another_folder(play: Play) -> None:
    _, answer = play(MOUNT + LOOKUP.replace("lookup:monitor", "lookup:monitor:cc").replace("found:aa", "found:aa:cc"))
    assert "lookup monitor (ok)" in _said(answer)


def test_over_tcp_with_the_start_missing_the_server_is_the_one_asked(play: Play) -> None:
    mount = "0 udp 203.0.113.20:701 > 10.20.0.9:635 client=mount:/pm reply=mount-done:\n"
    lookup = "1 udp 203.0.113.20:1022 > 10.20.0.9:2049 client=lookup:monitor reply=found:aa\n"
    assert _said(play(mount + lookup)[1]) == ["mount /pm (ok)", "lookup /pm/monitor (ok)"]
