"""In: small networks as data. Out: whether they stand, are cut off from every other, and leave nothing behind."""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wardwatch.errors import InstallationError, LimitError
from wardwatch.lab import session, state
from wardwatch.lab.capture import Frame, pcap
from wardwatch.lab.namespaces import Namespaces
from wardwatch.lab.network import Network, Port, Route, steps


def why_not() -> str:
    if not (shutil.which("unshare") and shutil.which("ip")):
        return "ip and unshare are not installed"
    try:
        session._way()
    except InstallationError as error:
        return str(error)
    return ""


lab = pytest.mark.skipif(bool(why_not()), reason=why_not())
TWO = Network(
    (
        Port("left", "eth0", "a", ("192.0.2.1/32",), "02:00:00:00:00:01"),
        Port("middle", "a0", "a", ("192.0.2.254/32",)),
        Port("middle", "b0", "b"),
        Port("right", "eth0", "b", ("192.0.2.2/32",)),
    ),
    (
        Route("left", "0.0.0.0/0", "eth0", "192.0.2.254"),
        Route("right", "0.0.0.0/0", "eth0", "192.0.2.254"),
        Route("middle", "192.0.2.1/32", "a0"),
        Route("middle", "192.0.2.2/32", "b0"),
    ),
    ("middle",),
)


def test_a_network_as_steps() -> None:
    found = [(node, " ".join(words)) for node, words in steps(TWO)]
    assert ("left", "link set lo up") in found
    assert ("switch", "link add br1 type bridge mcast_snooping 0") in found
    assert ("middle", "route replace 192.0.2.2/32 dev b0") in found
    assert ("right", "route replace 0.0.0.0/0 via 192.0.2.254 dev eth0 onlink") in found
    plugged = [words for _, words in found if "veth" in words]
    assert plugged[0].endswith("peer name eth0 mtu 1500 address 02:00:00:00:00:01 netns PATH:left")


def test_a_capture_is_a_pcap_file_with_nanoseconds() -> None:
    data = pcap([Frame(1_500_000_000_000_000_007, b"abc", outgoing=False)])
    assert struct.unpack_from("<I", data)[0] == 0xA1B23C4D
    assert struct.unpack_from("<IIII", data, 24) == (1_500_000_000, 7, 3, 3)
    assert data[40:] == b"abc"


def interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that a lab's child can import."""
    monkeypatch.setattr(
        session, "_environment", lambda old=session._environment: {**old(), "PYTHONPATH": str(tmp_path)}
    )
    return tmp_path / "in_the_lab.py"


@lab
def test_two_nodes_speak_through_a_third_and_see_no_other_network(inside: Path) -> None:
    inside.write_text(
        "import json, os, socket\n"
        "from wardwatch.lab.namespaces import Namespaces\n"
        "from wardwatch.lab.network import *\n"
        f"TWO = {TWO!r}\n"
        "def look(payload):\n"
        "    with Namespaces(TWO) as lab:\n"
        "        seen = {node: lab.run(node, ['ip', '-br', 'link']) for node in TWO.nodes}\n"
        "        with lab.within('right'):\n"
        "            server = socket.create_server(('192.0.2.2', 515))\n"
        "        with lab.within('left'):\n"
        "            client = socket.create_connection(('192.0.2.2', 515), 5)\n"
        "        seen['from'] = server.accept()[1][0]\n"
        "        seen['routes'] = lab.run('left', ['ip', 'route'])\n"
        "    seen['payload'] = payload.decode()\n"
        "    seen['pid'] = os.getpid()\n"
        "    return json.dumps(seen).encode()\n",
        encoding="ascii",
    )
    before = interfaces()
    seen = json.loads(session.call("in_the_lab:look", b"hello", seconds=30))
    assert seen["payload"] == "hello"
    assert seen["pid"] == 1
    assert seen["from"] == "192.0.2.1"
    names = {line.split("@")[0].split()[0] for line in seen["left"].splitlines()}
    assert names == {"lo", "eth0"}
    assert seen["routes"].startswith("default via 192.0.2.254")
    assert interfaces() == before
    assert not list(state.folder().glob("*.json"))


@lab
def test_what_takes_too_long_is_ended(inside: Path) -> None:
    inside.write_text("import time\ndef wait(payload):\n    time.sleep(600)\n", encoding="ascii")
    with pytest.raises(LimitError, match="not done within"):
        session.call("in_the_lab:wait", b"", seconds=1)
    assert not list(state.folder().glob("*.json"))


@lab
def test_an_error_of_ours_comes_out_in_words(inside: Path) -> None:
    inside.write_text(
        "from wardwatch.errors import UsageError\n"
        "def fail(payload):\n    raise UsageError('too many', where='here', cure='Take fewer.')\n",
        encoding="ascii",
    )
    with pytest.raises(InstallationError, match=r"here: too many\. Take fewer\."):
        session.call("in_the_lab:fail", b"", seconds=30)


@pytest.mark.skipif(len(interfaces()) < 2, reason="this machine has no network to be kept from")
def test_it_does_not_begin_where_there_is_a_real_network() -> None:
    with pytest.raises(InstallationError, match="a way to a real network"), Namespaces(TWO):
        pass


def test_where_no_namespaces_are_allowed_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_works", lambda words: not words)
    with pytest.raises(InstallationError, match="allows no namespaces"):
        session.call("x:y", b"", seconds=1)


def test_root_is_the_second_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_works", lambda words: "--user" not in words)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--user" not in session._way()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(InstallationError, match="allows no namespaces"):
        session._way()


def test_notes_of_processes_that_are_gone_are_cleaned_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        left_alone(child)
    finally:
        child.kill()
        child.wait(30)


def left_alone(child: "subprocess.Popen[bytes]") -> None:
    folder = state.folder()
    folder.mkdir(parents=True)
    known, gone = list(state.known(child.pid)), [os.getpid(), 1]
    kept = folder / "kept.json"
    kept.write_text(f'{{"command": {list(state.known(os.getpid()))}, "child": {known}}}', encoding="ascii")
    (folder / "again.json").write_text(f'{{"command": {gone}, "child": [{child.pid}, 1]}}', encoding="ascii")
    (folder / "broken.json").write_text("{", encoding="ascii")
    assert state.clean() == 0  # another process of that number, and one whose command still runs, are let be
    assert child.poll() is None
    assert [path.name for path in folder.glob("*.json")] == ["kept.json"]
    kept.write_text(f'{{"command": {gone}, "child": {known}}}', encoding="ascii")
    assert state.clean() == 1
    assert child.wait(30) == -9
    assert not list(folder.glob("*.json"))


@lab
def test_a_lab_ends_with_its_command_also_after_kill_9(tmp_path: Path) -> None:
    told = tmp_path / "told"
    (tmp_path / "in_the_lab.py").write_text(
        f"import time\ndef wait(payload):\n    open({str(told)!r}, 'w').close()\n    time.sleep(600)\n",
        encoding="ascii",
    )
    program = (
        "from wardwatch.lab import session as s\n"
        f"old = s._environment\ns._environment = lambda: {{**old(), 'PYTHONPATH': {str(tmp_path)!r}}}\n"
        "s.call('in_the_lab:wait', b'', seconds=600)\n"
    )
    command = subprocess.Popen([sys.executable, "-c", program])
    until(told.exists)
    (note,) = state.folder().glob(f"{command.pid}-*.json")
    child = json.loads(note.read_text(encoding="ascii"))["child"]
    command.kill()
    command.wait(30)
    until(lambda: state.known(child[0]) != tuple(child))


def until(true: Callable[[], bool]) -> None:
    for _ in range(1200):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("not within two minutes")
