"""In: hostile names, filters, and programs that try to get out. Out: whether nothing does."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.firmware.image import open_image
from wardwatch.lab import session, state
from wardwatch.lab.root import Entry, Root, lay
from wardwatch.lab.seccomp import program
from wardwatch.lab.system_calls import ALLOW, ARCHITECTURES, FATES, HOLD, KILL, NUMBERS, REFUSE

NAMES = st.lists(st.sampled_from(["..", ".", "", "a", "b", "etc", "a\0b", "x" * 300, "\udc80", "c d"]), max_size=5)


def filtered(
    steps: list[tuple[int, int, int, int]], kind: str, call: int, *arguments: int, architecture: int = 0
) -> int:
    """What a filter answers, by the manual of bpf(4)."""
    words = {0: call, 4: architecture or ARCHITECTURES[kind]}
    for number, value in enumerate(arguments):
        words |= {16 + 8 * number: value & 0xFFFFFFFF, 20 + 8 * number: value >> 32}
    at = held = 0
    while True:
        code, yes, no, value = steps[at]
        if code == 0x06:
            return value
        if code == 0x20:
            held = words.get(value, 0)
            at += 1
        else:
            hit = held == value if code == 0x15 else bool(held & value)
            at += 1 + (yes if hit else no)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_filter_holds_refuses_and_lets_pass_as_it_should(kind: str) -> None:
    steps, number = program(kind), NUMBERS[kind]
    assert filtered(steps, kind, number["mount"]) == HOLD
    assert filtered(steps, kind, number["execve"]) == HOLD
    assert filtered(steps, kind, number["ptrace"]) == REFUSE
    assert filtered(steps, kind, number["openat"], 0, 0, os.O_RDONLY) == ALLOW
    for writing in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC | os.O_CLOEXEC):
        assert filtered(steps, kind, number["openat"], 0, 0, writing) == HOLD
    assert filtered(steps, kind, number["sendto"], 3, 0, 0, 0, 0) == ALLOW
    assert filtered(steps, kind, number["sendto"], 3, 0, 0, 0, 1 << 32) == HOLD
    assert filtered(steps, kind, number["sendto"], 3, 0, 0, 0, 5) == HOLD
    assert filtered(steps, kind, number["ioctl"], 3, 0x8914) == HOLD
    assert filtered(steps, kind, number["ioctl"], 3, 0x8924) == HOLD
    assert filtered(steps, kind, number["ioctl"], 3, 0x5412) == REFUSE
    assert filtered(steps, kind, number["ioctl"], 3, 0x8913) == ALLOW
    assert filtered(steps, kind, number["clone"], 0x10000000) == REFUSE
    assert filtered(steps, kind, number["clone"], 17) == ALLOW
    assert [filtered(steps, kind, number["socket"], family) for family in (1, 2, 10, 16)] == [ALLOW] * 4
    assert [filtered(steps, kind, number["socket"], family) for family in (0, 17, 38, 40)] == [REFUSE] * 4
    for name in ("io_uring_setup", "clone3"):
        assert filtered(steps, kind, number[name]) & 0xFFFF == errno.ENOSYS
    assert filtered(steps, kind, number["mount"], architecture=0x40000003) == KILL


def test_another_numbering_of_system_calls_ends_the_process() -> None:
    assert filtered(program("x86_64"), "x86_64", 0x40000000 | 165) == KILL


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_every_call_with_a_fate_has_a_number_or_no_such_call_exists(kind: str) -> None:
    missing = {fate.name for fate in FATES} - set(NUMBERS[kind])
    assert missing == (set() if kind == "x86_64" else {"open", "creat", "rename", "iopl", "ioperm"})


@given(st.lists(st.tuples(NAMES, st.sampled_from(["file", "folder", "../../out", "/etc", "link"])), max_size=12))
def test_nothing_is_written_outside_whatever_names_say(named: list[tuple[list[str], str]]) -> None:
    with TemporaryDirectory() as base:
        root = Path(base) / "in" / "root"
        root.mkdir(parents=True)
        entries = []
        for words, kind in named:
            path = "/" + "/".join(words)
            content = (lambda: b"x") if kind == "file" else None
            entries.append(Entry(path, 0o6777, "" if kind in {"file", "folder"} else kind, 1, content))
        lay(entries, root)
        outside = [path for path in Path(base).rglob("*") if root not in (path, *path.parents) and path != root.parent]
        assert outside == []
        for path in root.rglob("*"):
            assert path.is_symlink() or not path.lstat().st_mode & 0o7000


def test_paths_of_a_run_never_leave_its_root(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("no")
    folder = tmp_path / "root"
    folder.mkdir()
    notes = lay(
        [
            Entry("/up", target="../secret"),
            Entry("/a", target="/b/../../secret"),
            Entry("/here", 0o644, size=3, content=lambda: b"yes"),
            Entry("/link", target="here"),
        ],
        folder,
    )
    root = Root(folder)
    assert notes == []
    assert [root.read(path, 9) for path in ("/up", "/a", "/../secret", "/link", "/nothing")] == [
        b"",
        b"",
        b"",
        b"yes",
        b"",
    ]
    assert root.holds("/here")
    assert not root.holds("/up")


@pytest.mark.usefixtures("arm_here")
def test_nothing_is_left_after_the_command_is_killed(images: Path, tmp_path: Path) -> None:
    before = residue()
    command = subprocess.Popen(
        [sys.executable, "-c", "from wardwatch.cli.main import run; run()", "firmware", "run", str(images / "2.0.6"),
         "--program", "/opt/bin/monitor", "--seconds", "60", "--quiet"],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    note = tmp_path / "wardwatch" / "labs"
    until(lambda: note.is_dir() and any(note.glob("*.json")))
    (found,) = note.glob("*.json")
    child = tuple(json.loads(found.read_text())["child"])
    command.send_signal(signal.SIGKILL)
    command.wait(30)
    until(lambda: state.known(child[0]) != child)
    assert residue() == before


def until(true: Callable[[], bool]) -> None:
    for _ in range(2400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("not within two minutes")


def residue() -> tuple[list[str], list[str]]:
    """Interfaces and mounts as they are seen from here."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted(path.name for path in Path("/sys/class/net").iterdir()), mounts


@pytest.mark.usefixtures("arm_here")
def test_the_program_has_no_rights_and_sees_no_other_network(
    images: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Looked at from beside it, in the lab: its own status as the kernel tells it."""
    (tmp_path / "beside.py").write_text(
        "import json\n"
        "from pathlib import Path\n"
        "from wardwatch.lab import watch\n"
        "from wardwatch.workflows import firmware_inside\n"
        "seen = {}\n"
        "old = watch.Watcher._lives\n"
        "def named(path):\n"
        "    try:\n"
        "        return [str(path.readlink())]\n"
        "    except FileNotFoundError:  # closed between being listed and being read\n"
        "        return []\n"
        "def look(self, first):\n"
        "    status = Path(f'/proc/{first}/status').read_text()\n"
        "    seen.update(line.split(':\\t') for line in status.splitlines() if ':\\t' in line)\n"
        "    seen['net'] = Path(f'/proc/{first}/net/dev').read_text()\n"
        "    seen['fds'] = [name for path in Path(f'/proc/{first}/fd').iterdir() for name in named(path)]\n"
        "    seen['mounts'] = Path(f'/proc/{first}/mounts').read_text()\n"
        "    return old(self, first)\n"
        "watch.Watcher._lives = look\n"
        "def answer(payload):\n"
        "    firmware_inside.answer(payload)\n"
        "    return json.dumps(seen).encode()\n",
        encoding="ascii",
    )
    environment = session._environment
    monkeypatch.setattr(session, "_environment", lambda: {**environment(), "PYTHONPATH": str(tmp_path)})
    head = open_image(images / "2025-07").index["/opt/bin/monitor"].read(64)[:20]
    asked = {"image": str(images / "2025-07"), "alone": False, "program": "/opt/bin/monitor", "arguments": [],
             "keys": "", "seconds": 2, "head": head.decode("latin-1"), "share": {}}  # fmt: skip
    seen = json.loads(session.call("beside:answer", json.dumps(asked).encode(), seconds=60))
    assert {seen[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
    assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")
    names = {line.split(":")[0].strip() for line in seen["net"].splitlines()[2:]}
    assert names == {"lo", "eth0", "wlan0"}
    assert not [
        each for each in seen["fds"] if each.startswith("/") and not each.startswith(("/dev/pts", "/opt/", "/dev/ptmx"))
    ]
    points = [line.split()[1] for line in seen["mounts"].splitlines()]
    assert "/" in points
    assert all(point == "/" or point.startswith("/dev/") for point in points)
