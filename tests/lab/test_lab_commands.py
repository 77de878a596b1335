"""In: the commands of the lab. Out: whether what they start is there, apart from every other, and gone afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wardwatch.errors import InstallationError
from wardwatch.lab import daemons, session, state
from wardwatch.lab.scenario import names
from wardwatch.workflows import lab_inside

WARDWATCH = (sys.executable, "-c", "from wardwatch.cli.main import run; run()", "lab")
BY_ROOT = (
    "from wardwatch.lab import session\n"
    "old = session._works\n"
    "session._works = lambda words: '--user' not in words and old(words)\n"
    "from wardwatch.cli.main import run\n"
    "run()\n"
)
TABLE = "/proc/sys/fs/binfmt_misc"
SERVERS = ["10.10.0.20/24", "10.10.0.30/24", "10.10.0.50/24"]


class Home:
    """A state folder of its own, by which every process that a test started is known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder), "HOME": str(folder)}

    def run(self, *words: str, fails: bool = False) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [*WARDWATCH, *words], env=self.environment, capture_output=True, text=True, check=False, timeout=180
        )
        assert bool(done.returncode) == fails, done.stderr
        return done

    def processes(self) -> list[int]:
        mark, found = f"XDG_STATE_HOME={self.folder}".encode(), []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:  # ended meanwhile, or another user's
                continue
        return found

    def notes(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*.json"))


def residue() -> tuple[list[str], list[str], list[str]]:
    """Interfaces, mounts and kinds of programs that the machine knows, as they are seen from here."""
    table = Path(TABLE)
    known = sorted(path.name for path in table.iterdir()) if table.is_dir() else []
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted(path.name for path in Path("/sys/class/net").iterdir()), mounts, known


@contextmanager
def machine_table() -> Iterator[Callable[[], list[str]]]:
    """What kinds of programs the machine itself knows: held mounted meanwhile, where nobody else sees it."""
    words = f"mount -t binfmt_misc binfmt_misc {TABLE} && echo held && exec cat"
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        held = holder.stdout.readline() == b"held\n"
        yield lambda: sorted(path.name for path in Path(f"/proc/{holder.pid}/root{TABLE}").iterdir()) if held else []
        holder.kill()


def until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("not within a minute")


@pytest.fixture
def home(lab_here: None, tmp_path: Path) -> Iterator[Home]:
    del lab_here
    before, made = residue(), Home(tmp_path / "home")
    made.folder.mkdir()
    yield made
    made.run("down")  # whatever a failed test left up
    until(lambda: not made.processes())
    assert residue() == before


def test_two_labs_are_up_side_by_side_and_each_is_taken_down(home: Home, tmp_path: Path) -> None:
    home.run("up", "--to", str(tmp_path / "one"))
    home.run("up", "printing", "--name", "two", "--to", str(tmp_path / "two"), "--quiet")
    assert home.notes()[-2:] == ["lab.json", "two.json"]
    seen = home.run("enter", "servers", "--", "ip", "-br", "-4", "address", "show", "eth0").stdout
    assert [word for word in seen.split() if "/" in word] == SERVERS
    nodes = home.run("enter", "--name", "two", "gateway", "ip", "route").stdout
    assert "default via 10.255.255.2" in nodes
    assert "is up already" in home.run("up", "--to", str(tmp_path / "more"), fails=True).stderr
    assert "is no node of it" in home.run("enter", "moon", "true", fails=True).stderr
    until(lambda: "end" in events(tmp_path / "two", home))
    truth = json.loads((tmp_path / "two" / "truth.json").read_text())
    assert [each["protocol"] for each in truth["services"]] == ["lpd", "lpd"]
    assert home.run("down").stderr == "1 taken down\n"
    assert home.run("down").stderr == "nothing was up\n"
    assert home.notes() == []
    assert (tmp_path / "one" / "gateway.pcap").read_bytes()[:4] == b"\x4d\x3c\xb2\xa1"


def events(folder: Path, home: Home) -> list[str]:
    """Once its work places have printed, the lab is asked to end; then what happened in it."""
    if len(pages := (folder / "gateway.pcap").read_bytes().split(b"showpage")) < 3:
        return [str(len(pages))]
    home.run("down", "two")
    return [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]


def test_a_lab_whose_keeper_is_killed_is_gone_and_its_notes_are_cleaned(home: Home, tmp_path: Path) -> None:
    home.run("up", "--to", str(tmp_path / "one"), "--quiet")
    (note,) = (home.folder / "wardwatch" / "labs-up").glob("*.json")
    keeper = json.loads(note.read_text())["keeper"][0]
    os.kill(keeper, signal.SIGKILL)
    until(lambda: not home.processes())
    assert len(home.notes()) == 2
    assert "no lab of that name is up" in home.run("enter", "gateway", "true", fails=True).stderr
    home.run("down")
    assert home.notes() == []


def test_a_play_that_is_killed_leaves_nothing_running(home: Home, tmp_path: Path) -> None:
    command = subprocess.Popen([*WARDWATCH, "run", "phones-home", "--to", str(tmp_path / "out")], env=home.environment)
    until((tmp_path / "out" / "ready.json").exists)
    assert len(home.processes()) > 3
    command.kill()
    command.wait(30)
    until(lambda: not home.processes())
    home.run("down")
    assert home.notes() == []


def test_a_play_says_what_it_compared(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = home.run("run", "printing", "--seconds", "1", "--to", str(out)).stdout
    assert said.count("clear, 0 findings; the scan says what is true") == 2
    assert {path.name for path in out.iterdir()} == {
        "events.jsonl", "gateway.pcap", "outside.pcap", "ready.json", "truth.json",
    }  # fmt: skip
    assert "not empty" in home.run("run", "printing", "--to", str(out), fails=True).stderr
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('seconds = 0.5\n[truth.gateway]\nverdict = "found"\n', encoding="utf-8")
    done = home.run("run", str(wrong), fails=True)
    assert (done.returncode, "the verdict is clear, and should be found" in done.stdout) == (1, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_needs_no_user_namespace_and_leaves_the_machine_as_it_was(home: Home, tmp_path: Path) -> None:
    if not session._works(["unshare", *session._BASE]):
        pytest.skip("root may not make namespaces here")
    out = tmp_path / "out"
    with machine_table() as known:
        before = known()
        done = subprocess.run(
            [sys.executable, "-c", BY_ROOT, "lab", "run", "phones-home", "--to", str(out)],
            env=home.environment, capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        assert known() == before
    assert done.returncode == 0, done.stdout + done.stderr
    assert "critical" not in done.stderr
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    assert truth["captures"]["gateway"]["verdict"] == "found"
    if daemons.installed("ganesha.nfsd", "rpcbind"):
        assert truth["parts"]["share /pm"] == "nfs-ganesha, rpcbind"


def test_nothing_begins_where_there_is_a_real_network(tmp_path: Path) -> None:
    before = residue()
    if len(before[0]) < 2:
        pytest.skip("this machine has no network to be kept from")
    asked = {"text": "seconds = 1", "name": "x", "folder": str(tmp_path), "seconds": None, "stand_ins": True}
    with pytest.raises(InstallationError, match="a way to a real network"):
        lab_inside.answer(json.dumps(asked).encode())
    assert residue() == before
    assert not list(tmp_path.iterdir())


def test_the_scenarios_are_listed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    said = home.run("list").stdout
    assert [line.split()[0] for line in said.splitlines()] == list(names())


def test_a_name_that_is_a_path_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for words in (("down", "../x"), ("up", "--name", "a/b"), ("run", "nothing-of-this-name")):
        assert home.run(*words, fails=True).returncode == 2
    assert home.notes() == []
    assert state.folder().name == "labs"
