"""In: policies and rules, whole and with holes. Out: whether real packets in namespaces show what holds."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import jsonschema
import pytest

from wardwatch.contain import trial, verdict
from wardwatch.contain.attempts import Attempt, How, attempts
from wardwatch.contain.dialect import dialects
from wardwatch.contain.meaning import decide
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.policy import Policy
from wardwatch.contain.scenery import OUTSIDE, scenery
from wardwatch.errors import InputError, InstallationError, UsageError
from wardwatch.lab import session
from wardwatch.workflows import contain, contain_proof

Load = Callable[[str], Policy]
ROOT = Path(__file__).resolve().parents[2]
POLICIES = Path(__file__).parent / "policies"
KNOWN = tuple(map(ip_address, ("202.114.4.119", "202.114.4.120")))


def why_not() -> str:
    """Why no lab can be made here; '' where one can."""
    missing = [tool for tool in ("ip", "nft", "iptables", "unshare") if not shutil.which(tool)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    try:
        session._way()
    except InstallationError as error:
        return str(error)
    return ""


lab = pytest.mark.skipif(bool(why_not()), reason=why_not())


def planned(folder: Path, policy: str, dialect: str, old: str = "", new: str = "") -> Path:
    """A plan's folder with the rules of one dialect, every match of `old` in them replaced."""
    folder.mkdir()
    shutil.copy(POLICIES / f"{policy}.yaml", folder / contain.POLICY)
    place = folder / contain.RULES / dialect
    place.mkdir(parents=True)
    texts = dialects()[dialect].texts(contain.read_policy(folder)).files
    changed = {name: re.sub(old, new, text) if old else text for name, text in texts.items()}
    assert changed != texts or not old
    for name, text in changed.items():
        (place / name).write_text(text, encoding="utf-8")
    return folder


@lab
@pytest.mark.parametrize(
    ("policy", "dialect"), [("ward", "nftables"), ("own-station", "iptables"), ("alone", "nftables")]
)
def test_generated_rules_are_proven(policy: str, dialect: str, tmp_path: Path) -> None:
    proof = contain_proof.prove(POLICIES / f"{policy}.yaml", dialect, tmp_path / "key")
    assert proof.judgement.verdict == "proven", proof.shown
    told = json.loads(proof.files["paths.json"])
    assert {each["phase"] for each in told} == set(trial.PHASES)
    tried = proof.report.tried
    assert tried is not None
    assert sum(map(sum, (each.of for each in tried.crossings))) == sum(len(each["attempts"]) for each in told)
    assert {each.open[1] for each in tried.crossings if not each.kept} == {0}
    assert b'<figure class="network">' in proof.files["report.html"]
    before = [each for each in told if each["phase"] == trial.BEFORE]
    assert all(attempt["reached"] for each in before for attempt in each["attempts"])
    ways = {(attempt["how"], ":" in attempt["dst"]) for each in before for attempt in each["attempts"]}
    if policy == "ward":
        assert ways == {(str(how), six) for how in How for six in (False, True)}
    schema = json.loads((ROOT / "src/wardwatch/report/schema/wardwatch.report.v1.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(proof.files["report.json"]), schema)


HOLES = [
    ("nftables", "ward", r"(policy accept;\n)", r"\1\t\tct state established accept\n", verdict.OPEN),
    ("nftables", "ward", r"(policy accept;\n)", r"\1\t\tmeta nfproto ipv6 accept\n", verdict.OPEN),
    ("nftables", "ward", r"515-520", "515-521", verdict.OPEN),
    ("nftables", "ward", r'(?m)^.*iifname "ward0" counter drop.*\n', "", verdict.OPEN),
    ("nftables", "ward", r'(?m)^.*oifname "ward0" counter drop.*\n', "", verdict.OPEN),
    ("nftables", "ward", r"(policy accept;\n)", r"\1\t\tmeta l4proto icmp accept\n", verdict.OPEN),
    ("nftables", "ward", r"02:10:0a:14:00:15 counter drop", "02:10:0a:14:00:16 counter drop", verdict.OPEN),
    ("nftables", "ward", r"(?m)^.*keep ntp.*\n", "", verdict.CUT),
    ("nftables", "own-station", r"(policy accept;\n)", r"\1\t\tip daddr 202.114.4.0/24 drop\n", verdict.CUT),
    ("nftables", "alone", r'(?m)^.*iifname "ward0".*\n', "", verdict.OPEN),
    ("iptables", "own-station", r"-I FORWARD 1 -j WARDWATCH", "-A FORWARD -j WARDWATCH", verdict.OPEN),
    ("iptables", "alone", r"-m comment --comment \"contain what is behind ward0: from it\"", "-p tcp", verdict.OPEN),
]  # fmt: skip
QUICK = {0, 7, 9, 10}
# What is read as a difference only where it is one: an appended jump is a hole because of rules in front of it.


@lab
@pytest.mark.parametrize(
    ("dialect", "policy", "old", "new", "rule"),
    [pytest.param(*hole, marks=() if number in QUICK else pytest.mark.long) for number, hole in enumerate(HOLES)],
)
def test_a_planted_hole_is_shown_by_packets(  # noqa: PLR0913, PLR0917  # one case
    dialect: str, policy: str, old: str, new: str, rule: str, tmp_path: Path
) -> None:
    if "-I FORWARD" in old:
        new = "-A FORWARD -j WARDWATCH"
    proof = contain_proof.prove(planned(tmp_path / "plan", policy, dialect, old, new), dialect, tmp_path / "key")
    assert proof.judgement.verdict == "not-proven"
    found = [finding for finding in proof.judgement.findings if finding.rule == rule]
    assert found, [finding.rule for finding in proof.judgement.findings]
    if rule == verdict.OPEN:
        evidence = [each.where for each in found[0].evidence if "number" in each.where]
        assert evidence
        assert all(f"{each['file']}" in proof.files for each in evidence)


@pytest.mark.parametrize("name", ["ward", "own-station", "alone"])
def test_each_attempt_is_what_the_policy_says_of_it(name: str, load: Load) -> None:
    policy = load(name)
    made = scenery(policy, KNOWN)
    for place in range(2):
        tried = attempts(policy, made, place)
        assert any(not each.kept for each in tried)
        for each in tried:
            assert decide(policy, packet(each, policy, made, place)).passes is each.kept, each


def packet(attempt: Attempt, policy: Policy, made: object, place: int) -> Packet:
    """The first packet of an attempt as the gateway sees it."""
    device = next(device for device in policy.devices if device.name == attempt.device)
    attached = device.attachments[min(place, len(device.attachments) - 1)]
    far = attempt.target if attempt.outward else attempt.origin
    ports = {port.node: port.interface for port in made.network.ports}  # type: ignore[attr-defined]  # a Scenery
    assert far in ports
    peer = attempt.dst if attempt.outward else attempt.src
    side = next((keep.interface for keep in policy.keeps if peer in keep.peers and keep.interface), "edge0")
    side = "edge0" if far == OUTSIDE else side
    sides = (attached.interface, side) if attempt.outward else (side, attached.interface)
    protocol = {How.TCP: "tcp", How.UDP: "udp", How.FRAGMENTS: "udp", How.PING: "icmp"}[attempt.how]
    mac = attached.mac or "02:00:5e:00:53:01"
    state = State.ONWARD if attempt.standing else State.NEW
    return Packet(*sides, mac, attempt.src, attempt.dst, protocol, 40000, attempt.port, state)


@lab
def test_a_proof_is_sealed_and_a_changed_one_is_seen(tmp_path: Path) -> None:
    proof = contain_proof.prove(POLICIES / "alone.yaml", "nftables")
    folder = tmp_path / "proof"
    contain_proof.save(proof, folder)
    found = contain_proof.verify(folder)
    assert found.manifest["verdict"] == "proven"
    assert contain_proof.is_own(found)
    with pytest.raises(InputError, match="another key"):
        contain_proof.verify(folder, "00" * 32)
    with pytest.raises(UsageError, match="not empty"):
        contain_proof.save(proof, folder)
    for name in sorted(proof.files):
        path = folder / name
        kept = path.read_bytes()
        path.write_bytes(kept.replace(b"1", b"2", 1) if b"1" in kept else kept + b" ")
        with pytest.raises(InputError):
            contain_proof.verify(folder)
        path.unlink()
        with pytest.raises(InputError):
            contain_proof.verify(folder)
        path.write_bytes(kept)
    (folder / "more.txt").write_text("more", encoding="ascii")
    with pytest.raises(InputError, match="not part"):
        contain_proof.verify(folder)


def in_lab() -> list[str]:
    """Every process of a lab on this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"wardwatch.lab.inside" in words and str(os.environ["XDG_STATE_HOME"]).encode() in environment(path):
            found.append(path.parent.name)
    return found


def environment(path: Path) -> bytes:
    try:
        return (path.parent / "environ").read_bytes()
    except OSError:
        return b""


@lab
def test_nothing_is_left_after_kill_9() -> None:
    command = [sys.executable, "-c", "from wardwatch.cli.main import run; run()"]
    words = [*command, "contain", "prove", str(POLICIES / "ward.yaml"), "--quiet"]
    with subprocess.Popen(words) as running:
        until(lambda: len(in_lab()) > 0)
        running.send_signal(signal.SIGKILL)
    until(lambda: not in_lab())


@lab
def test_a_stopped_lab_is_taken_down_at_the_next_start() -> None:
    command = [sys.executable, "-c", "from wardwatch.cli.main import run; run()"]
    words = [*command, "contain", "prove", str(POLICIES / "ward.yaml"), "--quiet"]
    with subprocess.Popen(words) as running:
        until(lambda: len(in_lab()) > 1)
        stopped = in_lab()
        for pid in stopped:
            os.kill(int(pid), signal.SIGSTOP)
        running.send_signal(signal.SIGKILL)
    assert in_lab()
    session.state.clean()
    until(lambda: not in_lab())


@lab
def test_two_proofs_run_side_by_side(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from wardwatch.cli.main import run; run()"]
    words = [*command, "contain", "prove", str(POLICIES / "alone.yaml"), "--quiet", "--key", str(tmp_path / "key")]
    both = [subprocess.Popen(words) for _ in range(2)]
    assert [each.wait(120) for each in both] == [0, 0]


def until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("not within a minute")
