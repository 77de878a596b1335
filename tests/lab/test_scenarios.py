"""In: every scenario, played with real sockets. Out: whether a scan of its captures says what is true of it.

Several labs run side by side, as on one machine of several people; all of one group in one test, for most of the time
they wait.
"""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wardwatch import secrecy
from wardwatch.lab.scenario import CAPTURES, names
from wardwatch.workflows.lab import Played, examine, run

pytestmark = pytest.mark.usefixtures("lab_here")
AT_ONCE = 4
FIRST = ("phones-home", "taken-up-again", "own-station", "printing", "home-folders", "contained")
OTHERS = tuple(name for name in names() if name not in FIRST)
Play = Callable[[str], Played]


def played(folder: Path, *, stand_ins: bool = False) -> Play:
    return lambda name: run(name, folder / name, secrecy.reveal, stand_ins=stand_ins)


def recorded(data: bytes) -> list[bytes]:
    """The records of a pcap file, each with its time."""
    at, found = 24, []
    while at < len(data):
        size = int.from_bytes(data[at + 8 : at + 12], "little")
        found.append(data[at : at + 16 + size])
        at += 16 + size
    return found


def wrong(found: Played) -> list[str]:
    return [f"{name}: {each}" for name, said in found.differences.items() for each in said]


@pytest.mark.parametrize("group", [FIRST, OTHERS], ids=["first", "others"])
def test_a_scan_says_what_is_true(group: tuple[str, ...], tmp_path: Path) -> None:
    group = tuple(name for name in group if name != "contained" or shutil.which("nft"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = dict(zip(group, pool.map(played(tmp_path), group), strict=True))
    assert {name: found for name, each in done.items() if (found := wrong(each))} == {}
    assert {len(each.reports) for each in done.values()} == {2}
    parts = [part for each in done.values() for part in each.truth["parts"].values()]
    assert not [part for part in parts if "did not take the files" in part]
    for name, each in done.items():
        assert any(service["bytes"] for service in each.truth["services"]) or name in {
            "contained", "nobody-answers", "key-at-boot", "home-folders",
        }  # fmt: skip


def test_stand_ins_and_a_played_monitor_make_the_same_true(tmp_path: Path) -> None:
    group = ("phones-home", "home-folders", "taken-up-again", "key-at-boot")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(played(tmp_path, stand_ins=True), group))
    assert [found for each in done if (found := wrong(each))] == []
    assert done[0].truth["parts"] == {
        "addresses": "stand-in", "monitors": "played by the twin", "share /pm": "stand-in",
    }  # fmt: skip


def test_the_hidden_function_fetches_over_the_network_and_is_logged(tmp_path: Path) -> None:
    scenario = tmp_path / "short.toml"
    scenario.write_text(
        'seconds = 0.5\n[[machine]]\nname = "monitor-1"\nkeys = "m3"\nuntil = "unmount"\n'
        '[truth.gateway]\nverdict = "clear"\nfindings = ["low traffic.phone-home monitor-1"]\n',
        encoding="utf-8",
    )
    done = run(str(scenario), tmp_path / "out", secrecy.reveal)
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    mine = [each["event"] for each in events if each["who"] == "monitor-1"]
    assert [kind for kind in mine if kind in {"address", "interface", "mount", "unmount"}] == [
        "address", "interface", "mount", "unmount",
    ]  # fmt: skip
    for capture in CAPTURES:  # every frame once
        frames = recorded((tmp_path / "out" / f"{capture}.pcap").read_bytes())
        assert len(set(frames)) == len(frames) > 0
    assert [each["time"] for each in events] == sorted(each["time"] for each in events)
    written = {each["what"] for each in events if each["event"] == "write" and "what" in each}
    files = {name for each in events if each["event"] == "write" for name in each.get("files", ())}
    assert {"/opt/bin/monitor", "/opt/bin/update"} <= written or {"monitor", "update"} <= files
    said = done.differences["gateway"]  # a wrong truth is told from the right one, whatever else is the same
    assert "the verdict is found, and should be clear" in said
    assert "not found: low traffic.phone-home 10.20.16.1" in said
    assert "found, and not so: critical traffic.remote-mount 10.20.16.1" in said
    assert examine(tmp_path / "out", secrecy.reveal).differences == done.differences
