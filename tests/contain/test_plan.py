"""In: reports and wishes. Out: whether the plan stops every path found, and keeps what it is told to."""

import json
import subprocess
import sys
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from wardwatch.contain import wishes
from wardwatch.contain.policy import Begins, Ports, Protocol
from wardwatch.contain.reported import read
from wardwatch.errors import InputError, UsageError
from wardwatch.workflows import contain

COMMAND = (sys.executable, "-c", "from wardwatch.cli.main import run; run()")
MONITOR = {"id": "10.20.0.21", "kind": "device", "name": "m", "addresses": ["10.20.0.21"], "profile": "contec-cms8000"}
SERVER = {"id": "10.20.9.9", "kind": "device", "name": "s", "addresses": ["10.20.9.9"], "profile": None}


def flow(src: str, dst: str, dport: int, proto: str = "tcp") -> dict[str, Any]:
    return {"kind": "flow", "where": {"src": src, "sport": 1, "dst": dst, "dport": dport, "proto": proto}}


def finding(*evidence: dict[str, Any], subject: str = "10.20.0.21", severity: str = "critical") -> dict[str, Any]:
    return {"id": "x", "rule": "traffic.phone-home", "subject": subject, "severity": severity, "evidence": evidence}


def report(folder: Path, *findings: dict[str, Any], exposure: tuple[dict[str, Any], ...] = ()) -> Path:
    path = folder / "report.json"
    content = {
        "schema": "wardwatch.report.v1",
        "subjects": [MONITOR, SERVER],
        "findings": findings,
        "exposure": exposure,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def wanted(**more: object) -> contain.Wanted:
    base: dict[str, Any] = {
        "name": "plan",
        "expires": date(2027, 2, 25),
        "attached": ("ward0",),
        "interfaces": ("ward0", "edge0"),
        "dialects": ("nftables",),
        "detections": ("suricata",),
    }
    return contain.Wanted(**{**base, **more})


def test_every_path_that_was_found_is_stopped(tmp_path: Path) -> None:
    exposed = {"subject": "10.20.0.21", "to": "203.0.113.9", "port": 6000, "outside": True}
    path = report(
        tmp_path,
        finding(flow("10.20.0.21", "202.114.4.119", 515)),
        finding(flow("10.20.0.21", "198.51.100.7", 443), flow("10.20.0.99", "10.20.0.21", 161, "udp")),
        finding(flow("10.20.0.21", "10.20.7.7", 80), severity="info"),
        finding({"kind": "packet", "where": {"file": "a", "number": 1}}),
        finding({"kind": "function", "where": {"peer": "203.0.113.77:21"}}, subject="image"),
        exposure=(exposed,),
    )
    written = contain.plan(wanted(report=path))
    ends = [(str(each.path.peer), each.path.inward, each.because) for each in written.plan.stopped]
    assert ends == [
        ("202.114.4.119", False, "block published"),
        ("198.51.100.7", False, "block found"),
        ("10.20.0.99", True, "contain 10.20.0.21"),
        ("203.0.113.77", False, "block found"),
        ("203.0.113.9", False, "block found"),
    ]
    blocks = {block.name: [str(net) for net in block.networks] for block in written.plan.policy.blocks}
    assert blocks["published"] == ["202.114.4.0/24", "64:ff9b::ca72:400/120", "2002:ca72:400::/40"]
    assert [net for net in blocks["found"] if ":" not in net] == [
        "198.51.100.7/32",
        "203.0.113.9/32",
        "203.0.113.77/32",
    ]
    assert [device.name for device in written.plan.policy.devices] == ["10.20.0.21"]
    assert "(findings: 1)" in written.left_out[0]
    sheet = written.files["plan.md"]
    for needed in ("2027-02-25", "202.114.4.119", "Roll back", "What it breaks", "nft delete table inet wardwatch"):
        assert needed in sheet
    assert set(contain.read_policy(saved(written, tmp_path)).devices) == set(written.plan.policy.devices)


def saved(written: contain.Written, folder: Path) -> Path:
    contain.save(written, folder / "plan")
    return folder / "plan"


def test_what_was_found_cannot_be_kept_as_well(tmp_path: Path) -> None:
    path = report(tmp_path, finding(flow("10.20.0.21", "10.20.7.7", 515)))
    with pytest.raises(UsageError, match="asked to be kept"):
        contain.plan(wanted(report=path, keeps=("station=10.20.7.7",)))


def test_the_hospitals_own_use_of_the_address(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="isolated segment"):
        contain.plan(wanted(devices=("m=10.20.0.21",), keeps=("station=202.114.4.119",)))
    keeps = ("station=202.114.4.119@station0",)
    every = {"interfaces": ("ward0", "station0", "edge0"), "dialects": (), "detections": ()}
    written = contain.plan(wanted(devices=("m=10.20.0.21",), keeps=keeps, **every))
    assert "route 202.114.4.119/32 to station0 statically" in written.files["plan.md"]
    assert all(not found.differences for found in contain.check(saved(written, tmp_path)).values())


def test_a_device_without_a_known_design_is_contained_when_named(tmp_path: Path) -> None:
    path = report(tmp_path, finding(flow("10.20.9.9", "198.51.100.7", 443), subject="10.20.9.9"))
    assert [d.name for d in contain.plan(wanted(report=path, only=("10.20.9.9",))).plan.policy.devices] == ["10.20.9.9"]
    with pytest.raises(UsageError, match="not in the report"):
        contain.plan(wanted(report=path, only=("10.20.9.8",)))


def test_a_dialect_that_cannot_is_left_out_with_its_reason() -> None:
    written = contain.plan(wanted(devices=("m=10.20.0.21",), attached=("ward0@02:10:0a:14:00:15",), dialects=()))
    assert "rules/nftables/wardwatch.nft" in written.files
    assert not any("cisco" in name for name in written.files)
    assert any("Cisco ASA" in line for line in written.left_out)
    with pytest.raises(UsageError, match="MAC"):
        contain.plan(wanted(devices=("m=10.20.0.21",), attached=("ward0@02:10:0a:14:00:15",), dialects=("cisco_asa",)))


KEPT = {
    "station=10.20.0.5": (("10.20.0.5",), Protocol.TCP, (Ports(515, 520),), Begins.DEVICE, None),
    "hl7=fd00::5": (("fd00::5",), Protocol.TCP, (Ports(511, 511), Ports(2575, 2575)), Begins.DEVICE, None),
    "ntp=[fd00::5]:124": (("fd00::5",), Protocol.UDP, (Ports(124, 124),), Begins.DEVICE, None),
    "x=10.20.0.5:1-9/udp@edge0": (("10.20.0.5",), Protocol.UDP, (Ports(1, 9),), Begins.DEVICE, "edge0"),
    "poll=10.20.0.5:7000,calls": (("10.20.0.5",), Protocol.TCP, (Ports(7000, 7000),), Begins.PEER, None),
}


@pytest.mark.parametrize("text", KEPT)
def test_a_kept_path_in_words(text: str) -> None:
    keep = wishes.keep(text)
    assert (tuple(map(str, keep.peers)), keep.protocol, keep.ports, keep.begins, keep.interface) == KEPT[text]


@pytest.mark.parametrize(
    "text",
    ["", "x", "x=10.20.0.5", "x=10.20.0:5", "=10.20.0.5:5", "x=10.20.0.5:0", "x=1.2.3.4:5/icmp", "x=10.20.0.5:9-8"],
)
def test_a_kept_path_that_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        wishes.keep(text)


@given(some.text(max_size=60))
def test_any_words_are_a_kept_path_or_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        wishes.keep(text + "=")


JSON = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(), some.text(max_size=20), some.just("202.114.4.119")),
    lambda inner: some.one_of(
        some.lists(inner, max_size=4), some.dictionaries(some.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON, JSON, JSON)
def test_any_report_is_read_or_refused(subjects: object, findings: object, exposure: object) -> None:
    content = {"schema": "wardwatch.report.v1", "subjects": subjects, "findings": findings, "exposure": exposure}
    read(json.dumps(content), "x")


@given(some.dictionaries(some.sampled_from(["id", "kind", "addresses", "rule", "subject", "evidence", "to"]), JSON))
def test_any_entry_is_read(entry: dict[str, object]) -> None:
    content = {
        "schema": "wardwatch.report.v1",
        "subjects": [{**entry, "kind": "device"}],
        "findings": [entry],
        "exposure": [entry],
    }
    read(json.dumps(content), "x")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "other"}', "[" * 50_000])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read(text, "x")


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, "contain", *words], capture_output=True, text=True, check=False, timeout=120)


def test_the_commands(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    words = ("--attach", "ward0", "--device", "m=10.20.0.21", "--keep", "station=10.21.0.5", "--interface", "edge0")
    made = run("plan", "--out", str(plan), *words, "--expires", "2027-02-25")
    assert (made.returncode, made.stderr) == (0, f"{plan}: 26 files\n"), made.stderr
    told, where = made.stdout.rsplit("\n\n", 1)
    assert (plan / "plan.md").read_text(encoding="utf-8").startswith(told)
    assert "What it breaks" in told
    assert "Install:" not in told
    assert where.strip().endswith(str(plan / "plan.md"))
    assert run("check", str(plan)).returncode == 0
    rules = plan / "rules" / "nftables" / "wardwatch.nft"
    rules.write_text(rules.read_text(encoding="utf-8").replace("515-520", "515-521"), encoding="utf-8")
    checked = run("check", str(plan))
    assert checked.returncode == 1
    assert "port 521" in checked.stdout
    rules.write_text("table inet x {\n", encoding="utf-8")
    assert run("check", str(plan)).returncode == 2
    assert run("plan", "--out", str(plan), *words, "--expires", "soon").returncode == 2
    assert run("verify", str(plan)).returncode == 2
    assert run("prove", str(plan), "--dialect", "cisco_asa").returncode == 2


def test_published_networks_are_the_ones_of_the_knowledge() -> None:
    assert ip_network("202.114.4.0/24") in contain._published()
    assert ip_address("202.114.4.120") in ip_network("202.114.4.0/24")


def asked_of(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, "contain", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("hole", [False, True])
def test_a_comparison_gives_the_documents_of_the_contract(hole: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a case
    asked = wanted(devices=("m=10.20.0.21",), dialects=("nftables", "fortios"), interfaces=("ward0", "edge0"))
    folder = saved(contain.plan(asked), tmp_path)
    if hole:
        rules = folder / "rules/fortios/wardwatch.fortios"
        rules.write_text(rules.read_text(encoding="utf-8").replace("set action deny", "set action accept"), "utf-8")
    done = asked_of("check", str(folder), "--json", "-", "--html", str(tmp_path / "x.html"), "--reveal")
    told = json.loads(done.stdout)
    assert done.returncode == int(hole)
    assert told["verdict"] == ("found" if hole else "clear")
    assert [finding["rule"] for finding in told["findings"]] == ["contain.rules-differ"] * hole
    paths = [entry["path"] for entry in told["inputs"]]
    assert paths == ["rules/fortios", "rules/nftables", "detect/suricata"]
    assert "<html" in (tmp_path / "x.html").read_text(encoding="utf-8")
    assert not asked_of("check", str(folder), "--quiet").stdout


def test_every_command_of_the_group_shows_an_example() -> None:
    for words in ((), ("plan",), ("check",), ("prove",), ("verify",)):
        assert "Example: wardwatch contain" in asked_of(*words, "--help").stdout


def test_rules_of_detection_are_written_when_asked_for(tmp_path: Path) -> None:
    asked = wanted(devices=("m=10.20.0.21",), dialects=("mud",), detections=("suricata", "stix"))
    folder = saved(contain.plan(asked), tmp_path)
    assert sorted(path.name for path in (folder / "detect").iterdir()) == ["stix", "suricata"]
    assert [path.name for path in (folder / "rules").iterdir()] == ["mud"]
    sheet = (folder / "plan.md").read_text(encoding="utf-8")
    for needed in ("suricata -T -S", "They stop nothing", "RFC 8520", "default-rule-path"):
        assert needed in sheet
    with pytest.raises(UsageError, match="no such format"):
        contain.plan(wanted(devices=("m=10.20.0.21",), detections=("ids",)))


def test_rules_of_detection_that_are_older_than_the_policy_are_told(tmp_path: Path) -> None:
    asked = wanted(devices=("m=10.20.0.21",), dialects=("mud",), keeps=("station=10.21.0.5",), detections=("suricata",))
    folder = saved(contain.plan(asked), tmp_path)
    assert not contain.checked(folder)[1].judgement.gaps
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("515-520", "515"), "utf-8")
    done, report = contain.checked(folder)
    assert done["mud"].differences
    assert [gap.what for gap in report.judgement.gaps] == ["detect/suricata"]
    assert "older than the policy" in asked_of("check", str(folder)).stdout


def test_what_expires_before_the_facts_were_known_has_no_stix() -> None:
    written = contain.plan(
        wanted(devices=("m=10.20.0.21",), dialects=("mud",), expires=date(2025, 1, 30), detections=())
    )
    assert any("STIX" in line for line in written.left_out)
    assert "detect/stix/wardwatch-stix.json" not in written.files
    with pytest.raises(UsageError, match="before the facts"):
        contain.plan(wanted(devices=("m=10.20.0.21",), detections=("stix",), expires=date(2025, 1, 30)))
