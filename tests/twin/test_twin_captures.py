"""In: captures of the twin. Out: whether tshark, which knows nothing of it, sees in them what the truth says."""

import json
import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wardwatch.errors import UsageError
from wardwatch.twin.events import SECOND
from wardwatch.twin.plan import Central, Plan
from wardwatch.twin.record import Impairments, write

START = 1_772_359_200 * SECOND
CHECKED = ("-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
WRONG = (
    "ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0 || _ws.malformed "
    "|| _ws.expert.severity>=6291456 || tcp.analysis.flags"
)
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark, the oracle, is not installed")


def made(folder: Path, plan: Plan, impairments: Impairments = Impairments(), name: str = "ward.pcap") -> Path:  # noqa: B008  # frozen
    write(plan, (folder / name, folder / "truth.jsonl"), impairments)
    return folder / name


def truth(folder: Path) -> dict[str, list[dict[str, object]]]:
    """The truth's lines by kind."""
    kinds: dict[str, list[dict[str, object]]] = {}
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        content = json.loads(line)
        kinds.setdefault(content["kind"], []).append(content)
    return kinds


def tshark(capture: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["tshark", "-n", "-r", str(capture), *CHECKED, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def services(folder: Path) -> list[tuple[dict[str, object], dict[str, object]]]:
    return [(monitor, service) for monitor in truth(folder)["monitor"] for service in monitor["services"]]  # type: ignore[attr-defined]  # JSON


@needs_tshark
@pytest.mark.parametrize("central", [Central.DOCUMENTED, Central.OWN, Central.STATION])
def test_nothing_is_wrong_with_a_lossless_capture(tmp_path: Path, central: Central) -> None:
    capture = made(tmp_path, Plan(START, seconds=150, monitors=6, central=central, background=1, stay=40))
    assert tshark(capture, "-Y", WRONG) == []


@needs_tshark
def test_calls_that_nobody_answers_are_repeated_and_nothing_else_is_wrong(tmp_path: Path) -> None:
    capture = made(tmp_path, Plan(START, seconds=200, monitors=6, background=1))
    odd = tshark(
        capture, "-Y", WRONG, "-T", "fields", "-e", "ip.dst", "-e", "tcp.flags.syn", "-e", "tcp.analysis.retransmission"
    )
    assert set(odd) == {"202.114.4.119\t1\t1", "202.114.4.120\t1\t1"} or set(odd) == {
        "202.114.4.119\tTrue\t1",
        "202.114.4.120\tTrue\t1",
    }
    fields = ("-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "tcp.dstport", "-e", "tcp.srcport")
    syns = tshark(capture, "-Y", "tcp.flags==2 && ip.dst==202.114.4.0/24", *fields)
    seen, ports = (
        Counter(line.rsplit("\t", 1)[0] for line in syns),
        Counter(line.rsplit("\t", 1)[0] for line in set(syns)),
    )
    for monitor, service in services(tmp_path):
        key = f"{monitor['address']}\t{service['to']}\t{service['port']}"
        assert (seen.pop(key), ports[key]) == (service["syns"], service["attempts"])
        assert service["sessions"] == service["records"] == service["bytes"] == 0
    assert not seen


def utc(shown: str) -> str:
    """tshark's seconds since 1970 as the truth writes times."""
    seconds, _, rest = shown.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.") + rest[:6] + "Z"


@needs_tshark
@pytest.mark.parametrize("missing", [False, True], ids=["whole", "start missing"])
@pytest.mark.parametrize("central", [Central.DOCUMENTED, Central.STATION])
def test_the_truth_counts_what_tshark_counts(tmp_path: Path, central: Central, *, missing: bool) -> None:
    plan = Plan(START, seconds=240, monitors=7, central=central, background=0, stay=60, start_missing=missing)
    capture = made(tmp_path, plan)
    fields = ("ip.src", "ip.dst", "tcp.dstport", "tcp.stream", "tcp.len", "frame.time_epoch")
    shown = tshark(capture, "-Y", "tcp.len>0", "-T", "fields", *(word for field in fields for word in ("-e", field)))
    rows = [line.split("\t") for line in shown]
    for monitor, service in services(tmp_path):
        key = [monitor["address"], service["to"], str(service["port"])]
        mine = [row for row in rows if row[:3] == key]
        assert sum(int(row[4]) for row in mine) == service["bytes"]
        assert len({row[3] for row in mine}) == service["sessions"]
        for row, name in ((mine[0], "first"), (mine[-1], "last")) if mine else ():
            assert utc(row[5]) == service[name]
        rows = [row for row in rows if row[:3] != key]
    assert not [row for row in rows if row[0].startswith("10.20.1")]  # no payload of a monitor is left over


@needs_tshark
def test_other_protocols_are_what_they_are_meant_to_be(tmp_path: Path) -> None:
    plan = Plan(START, seconds=300, monitors=4, central=Central.OWN, background=2, stay=60)
    capture = made(tmp_path, plan)
    tree = " ".join(tshark(capture, "-q", "-z", "io,phs"))
    for protocol in (
        "arp",
        "dns",
        "dhcp",
        "ntp",
        "mdns",
        "ssdp",
        "nbns",
        "tls",
        "hl7",
        "lpd",
        "dicom",
        "http",
        "nfs",
        "mount",
    ):
        assert f" {protocol} " in tree, protocol
    names = set(tshark(capture, "-Y", "dhcp.option.hostname", "-T", "fields", "-e", "dhcp.option.hostname"))
    assert {str(monitor["dhcp_name"]) for monitor in truth(tmp_path)["monitor"]} <= names
    jobs = tshark(capture, "-Y", "lpd && ip.dst==10.10.0.20 && tcp.len==8", "-T", "fields", "-e", "tcp.payload")
    assert b"\x02ward-1\n".hex() in {job.replace(":", "") for job in jobs}


@needs_tshark
def test_the_update_function_mounts_reads_and_lets_go(tmp_path: Path) -> None:
    plan = Plan(START, seconds=120, monitors=4, central=Central.OWN, background=0, update=2)
    capture = made(tmp_path, plan)
    assert tshark(capture, "-Y", f"udp && ({WRONG})") == []
    fields = ("-T", "fields", "-e", "ip.src", "-e", "rpc.msgtyp", "-e", "mount.path", "-e", "nfs.name")
    rows = [row.split("\t") for row in tshark(capture, "-Y", "rpc", *fields)]
    called = [row for row in rows if row[1] == "0"]
    assert {row[0] for row in called} == {"10.20.16.1", "10.20.16.2"}
    assert len(rows) == 2 * len(called)
    assert {row[2] for row in called if row[2]} == {"/pm"}
    assert {row[3] for row in called if row[3]} == {"monitor", "update"}
    versions = tshark(capture, "-Y", "nfs && rpc.msgtyp==0", "-T", "fields", "-e", "ip.src", "-e", "rpc.programversion")
    assert {row.split(",")[0] for row in versions} == {"10.20.16.1\t2", "10.20.16.2\t3"}
    counted = Counter(row[0] for row in called)
    for monitor in truth(tmp_path)["monitor"]:
        told = [service for service in monitor["services"] if service["protocol"] in ("portmap", "mount", "nfs")]  # type: ignore[attr-defined]  # JSON
        assert sum(service["records"] for service in told) == counted[str(monitor["address"])]


@needs_tshark
@pytest.mark.parametrize("central", [Central.NONE, Central.STATION])
def test_the_update_function_calls_the_built_in_address_even_in_vain(tmp_path: Path, central: Central) -> None:
    capture = made(tmp_path, Plan(START, seconds=120, monitors=2, central=central, background=0, update=1))
    fields = ("-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "udp.dstport", "-e", "rpc.xid")
    rows = tshark(capture, "-Y", "rpc", *fields)
    assert len(rows) == 3
    assert len(set(rows)) == 1
    assert rows[0].startswith("10.20.16.1\t202.114.4.119\t111\t")


@needs_tshark
@pytest.mark.parametrize(
    ("central", "distances", "answered"),
    [(Central.DOCUMENTED, {47}, 0), (Central.OWN, {63, 64}, 1), (Central.STATION, {64}, 0)],
)
def test_each_answer_comes_from_where_it_should(
    tmp_path: Path, central: Central, distances: set[int], answered: int
) -> None:
    capture = made(tmp_path, Plan(START, seconds=60, monitors=4, central=central, background=0))
    ttl = tshark(capture, "-Y", "tcp.srcport==515", "-T", "fields", "-e", "ip.ttl", "-e", "eth.src")
    assert {int(line.split("\t")[0]) for line in ttl} == distances
    gateway = "02:01:00:00:00:01"
    assert ({line.split("\t")[1] for line in ttl} == {gateway}) is (central is Central.DOCUMENTED)
    asked = tshark(capture, "-Y", "arp.opcode==1 && arp.dst.proto_ipv4==202.114.4.119")
    told = tshark(capture, "-Y", "arp.opcode==2 && arp.src.proto_ipv4==202.114.4.119")
    assert bool(asked) is (central is not Central.STATION)
    assert bool(told) is bool(answered)


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    plan = Plan(START, seconds=30, monitors=3, central=Central.STATION)
    first = made(tmp_path, plan, name="a.pcap.gz").read_bytes(), (tmp_path / "truth.jsonl").read_bytes()
    again = made(tmp_path, plan, name="a.pcap.gz").read_bytes(), (tmp_path / "truth.jsonl").read_bytes()
    other = Plan(START, seconds=30, monitors=3, central=Central.STATION, seed=2)
    assert first == again
    assert made(tmp_path, other, name="a.pcap.gz").read_bytes() != first[0]
    assert not list(tmp_path.glob("*.part"))


@needs_tshark
def test_every_form_of_file_holds_the_same_packets(tmp_path: Path) -> None:
    plan = Plan(START, seconds=30, monitors=2, central=Central.STATION)
    shown = [
        tshark(
            made(tmp_path, plan, name=f"ward.pcap{suffix}"), "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len"
        )
        for suffix in ("", ".gz", ".zst")
    ]
    assert len(shown[0]) > 100
    assert shown[0] == shown[1] == shown[2]
    write(plan, (tmp_path / "nano.pcap", None), Impairments(), resolution=1)
    fine = [
        line.split("\t")
        for line in tshark(tmp_path / "nano.pcap", "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len")
    ]
    assert [(utc(time), length) for time, length in fine] == [
        (utc(row.split("\t")[0]), row.split("\t")[1]) for row in shown[0]
    ]
    assert any(not time.endswith("000") for time, _ in fine)


def frames(capture: Path) -> list[bytes]:
    """A reader of its own for little-endian microsecond pcap files."""
    data, at, found = capture.read_bytes(), 24, []
    while at < len(data):
        size = int.from_bytes(data[at + 8 : at + 12], "little")
        found.append(data[at + 16 : at + 16 + size])
        at += 16 + size
    return found


def test_what_the_capture_misses_swaps_and_repeats_is_counted(tmp_path: Path) -> None:
    plan = Plan(START, seconds=120, monitors=5, central=Central.DOCUMENTED)
    whole = frames(made(tmp_path, plan))
    lossless = services(tmp_path)
    bad = frames(made(tmp_path, plan, Impairments(loss=0.03, duplicate=0.05)))
    said = truth(tmp_path)["capture"][0]
    missing, more = Counter(whole) - Counter(bad), Counter(bad) - Counter(whole)
    assert (sum(missing.values()), sum(more.values())) == (said["lost"], said["duplicated"])
    assert len(bad) == said["packets"] == len(whole) - said["lost"] + said["duplicated"]  # type: ignore[operator]  # JSON
    assert 0.02 < sum(missing.values()) / len(whole) < 0.04
    assert services(tmp_path) == lossless  # what was on the wire stays true
    swapped = frames(made(tmp_path, plan, Impairments(reorder=0.05)))
    said = truth(tmp_path)["capture"][0]
    assert Counter(swapped) == Counter(whole)
    assert swapped != whole
    assert said["reordered"] > 0.03 * len(whole)  # type: ignore[operator]  # JSON


def test_the_blocks_add_up_to_the_summaries(tmp_path: Path) -> None:
    made(tmp_path, Plan(START, seconds=200, monitors=6, central=Central.STATION, stay=40, start_missing=True))
    lines = truth(tmp_path)
    assert [line["schema"] for line in lines["ward"]] == ["wardwatch.truth.v1"]
    records = Counter((line["monitor"], line["to"], line["port"]) for line in lines["block"])
    patients = {
        (line["monitor"], line["values"]["number"])  # type: ignore[index]  # JSON
        for line in lines["block"]
        if "number" in line["values"]  # type: ignore[operator]  # JSON
    }
    for monitor, service in services(tmp_path):
        assert service["records"] == records[monitor["monitor"], service["to"], service["port"]]
        assert {(monitor["monitor"], number) for number in service["patients"]} <= patients  # type: ignore[attr-defined]  # JSON
    times = [str(line["time"]) for line in lines["block"]]
    assert times == sorted(times)
    assert min(times) >= "2026-03-01T10:00:00"


def test_a_large_ward_is_only_more_of_the_same(tmp_path: Path) -> None:
    made(tmp_path, Plan(START, seconds=10, monitors=150, central=Central.STATION, background=1, start_missing=True))
    said = truth(tmp_path)["monitor"]
    assert len({monitor["address"] for monitor in said}) == len({monitor["mac"] for monitor in said}) == 150
    assert sum(bool(monitor["services"]) for monitor in said) > 140


@pytest.mark.parametrize(
    "wrong", [{"monitors": 0}, {"monitors": 5001}, {"background": 11}, {"update": 9}, {"seconds": 1}]
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Plan(START, **wrong)  # type: ignore[arg-type]  # each is a whole number


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Choose a folder"):
        write(Plan(START, seconds=10), (tmp_path / "no" / "a.pcap", None), Impairments())


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "start missing"])
def test_people_are_those_named_and_those_named_before_the_start(tmp_path: Path, *, missing: bool) -> None:
    plan = Plan(START, seconds=120, monitors=6, central=Central.STATION, background=0, stay=60, start_missing=missing)
    made(tmp_path, plan)
    streams = [service for _, service in services(tmp_path) if service["protocol"] == "cms"]
    assert all(set(service["patients"]) <= set(service["people"]) for service in streams)  # type: ignore[call-overload]  # JSON
    assert any(service["patients"] != service["people"] for service in streams) is missing


def test_what_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    plan, paths = Plan(START, seconds=100, central=Central.STATION), (tmp_path / "a.pcap", tmp_path / "a.jsonl")
    with pytest.raises(KeyboardInterrupt):
        write(plan, paths, Impairments(), progress=stop)
    assert not list(tmp_path.iterdir())
