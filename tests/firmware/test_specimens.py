"""In: the specimens. Out: whether each says what is true of it: it is built for this machine, run, and witnessed."""

import os
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "specimens"))

from corpus import CALL_KEYS, HERE, KEPT, KEYS, PEER_KEYS, Build, Specimen, build, builds, libraries, specimens

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN: dict[Specimen, list[tuple[str, ...]]] = {}
ALL = [*specimens("tuned"), *specimens("held-back")]
NATIVE = "x86-64-gnu"
RULES = HERE.parents[2] / "src" / "wardwatch" / "knowledge" / "rules"
CAN_RUN = sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"
runs = pytest.mark.skipif(not CAN_RUN, reason="specimens are run on Linux with glibc on x86-64 only")


@pytest.fixture(scope="session")
def witness() -> Path:
    """The shared library that stands in for the C library's calls."""
    out = KEPT / f"witness.{os.getpid()}.so"
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        "x86_64-linux-gnu.2.31",
        "-shared",
        "-fPIC",
        "-O1",
        "-w",
    ]
    subprocess.run([*command, "-fno-sanitize=undefined", "-o", str(out), "witness.c"], cwd=HERE, check=True)
    return out


def seen(specimen: Specimen, witness: Path, folder: Path) -> list[tuple[str, ...]]:
    """The calls that the specimen makes when it is run; once for all tests of one process."""
    if specimen not in SEEN:
        SEEN[specimen] = run(specimen, witness, folder)
    return SEEN[specimen]


def run(specimen: Specimen, witness: Path, folder: Path) -> list[tuple[str, ...]]:
    wanted = Build(specimen, NATIVE)
    program, log = build(wanted), folder / "witness"
    asked: dict[str, Any] = specimen.truth.get("run", {})
    environment = {"WITNESS": str(log), "LD_PRELOAD": str(witness), "PATH": "/nowhere"}
    if found := libraries(wanted):
        environment["LD_LIBRARY_PATH"] = str(found[0].parent)
    process = subprocess.Popen(
        [program, *asked.get("argv", ())], env=environment, cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin
    if "signal" in asked:
        time.sleep(0.3)
        process.send_signal(asked["signal"])
    try:
        process.communicate(asked.get("stdin", "").encode(), timeout=asked.get("seconds", 5))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [tuple(line.split("\t")) for line in lines]


def pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("{}"))), re.DOTALL)


def holds(call: tuple[str, ...], name: str, arguments: list[str]) -> bool:
    """Whether the arguments occur in the call, in order."""
    rest: Iterator[str] = iter(call[1:])
    return call[0] == name and all(any(pattern(wanted).fullmatch(word) for word in rest) for wanted in arguments)


@pytest.mark.parametrize("specimen", ALL, ids=str)
def test_a_truth_is_well_formed(specimen: Specimen) -> None:
    truth = specimen.truth
    assert set(truth) <= KEYS
    assert truth["about"]
    assert all(set(call) <= CALL_KEYS for call in truth.get("call", ()))
    assert all(set(peer) <= PEER_KEYS for peer in truth.get("peer", ()))
    rules = truth.get("rules", {})
    assert not set(rules.get("fire", ())) & set(rules.get("silent", ()))
    assert truth.get("call") or truth.get("peer") or rules
    for source in specimen.sources:
        assert (specimen.folder / source).is_file()


@runs
@pytest.mark.parametrize("specimen", ALL, ids=str)
def test_the_truth_is_what_a_run_shows(specimen: Specimen, witness: Path, tmp_path: Path) -> None:
    calls = seen(specimen, witness, tmp_path)
    for call in specimen.truth.get("call", ()):
        if call.get("observed", True):
            assert any(holds(each, call["name"], call["arguments"]) for each in calls), (call, calls)
    for peer in specimen.truth.get("peer", ()):
        if not peer.get("observed", True):
            continue
        if "port" in peer:
            wanted = (peer["host"], str(peer["port"]))
            assert any(
                each[1:3] == wanted and peer.get("transport", each[3]) == each[3] for each in calls if len(each) > 3
            )
        else:
            assert any(peer["host"] in word for each in calls for word in each[1:]), (peer, calls)


@runs
@pytest.mark.parametrize("specimen", [each for each in ALL if each.truth.get("benign")], ids=str)
def test_a_benign_twin_calls_no_fixed_peer(specimen: Specimen, witness: Path, tmp_path: Path) -> None:
    given = specimen.truth.get("run", {}).get("argv", ())
    public = re.compile(r"\b(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+\b")
    found = [word for call in seen(specimen, witness, tmp_path) for word in call if public.search(word)]
    assert [word for word in found if not any(argument.split(":")[0] in word for argument in given)] == []


@runs
@pytest.mark.parametrize("specimen", [each for each in ALL if len(each.truth.get("behaviours", ())) > 2], ids=str)
def test_the_calls_come_in_the_order_of_the_truth(specimen: Specimen, witness: Path, tmp_path: Path) -> None:
    calls = seen(specimen, witness, tmp_path)
    told = [call for call in specimen.truth.get("call", ()) if call.get("observed", True)]
    places = [
        next(place for place, each in enumerate(calls) if holds(each, call["name"], call["arguments"])) for call in told
    ]
    assert places == sorted(places)


def test_a_build_is_the_same_twice_and_kept() -> None:
    specimen = specimens("tuned")[0]
    wanted = Build(specimen, "a32-musl", "-Os")
    first = build(wanted)
    content, changed = first.read_bytes(), first.stat().st_mtime_ns
    assert build(wanted).stat().st_mtime_ns == changed
    first.unlink()
    assert build(wanted).read_bytes() == content


def test_the_matrix_names_every_build_once() -> None:
    names = [each.name for specimen in ALL for each in builds(specimen)]
    assert len(names) == len(set(names))
    assert {name.split(".")[1] for name in names} >= {
        "a32-musl",
        "t32",
        "aarch64-musl",
        "mipsel",
        "mips",
        "powerpc",
        "x86",
    }
