"""In: wards of the twin, scanned. Out: whether the scan's account of what was exposed is the truth's, to the byte."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from wardwatch.cli.main import wardwatch
from wardwatch.twin.events import SECOND
from wardwatch.twin.plan import Central, Plan
from wardwatch.twin.record import Impairments, write

START = 1_772_359_200 * SECOND
Key = tuple[str, str, int]
EXACT = ("first", "last", "sessions", "bytes", "records")


def scanned(folder: Path, plan: Plan, impairments: Impairments) -> dict[Key, dict[str, object]]:
    """Exposures that the scan reports, by the device's address, destination and port."""
    write(plan, (folder / "ward.pcap", folder / "truth.jsonl"), impairments)
    arguments = ["scan", str(folder / "ward.pcap"), "--json", str(folder / "report.json"), "--quiet"]
    CliRunner().invoke(wardwatch, arguments, standalone_mode=False)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    addresses = {subject["id"]: subject["addresses"][0] for subject in report["subjects"]}
    return {(addresses[one["subject"]], one["to"], one["port"]): one for one in report["exposure"]}


def told(folder: Path) -> dict[Key, dict[str, object]]:
    """What the truth says of each service that got a patient's data."""
    lines = [json.loads(line) for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    return {
        (line["address"], service["to"], service["port"]): service
        for line in lines
        if line["kind"] == "monitor"
        for service in line["services"]
        if service["people"]
    }


def people(service: dict[str, object]) -> int:
    known = service["people"]
    assert isinstance(known, list)
    return len(known)


def bounded(found: dict[str, object], service: dict[str, object]) -> bool:
    low, high = found["patients_min"], found["patients_max"]
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low <= people(service) <= high


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "start missing"])
@pytest.mark.parametrize("central", [Central.DOCUMENTED, Central.OWN, Central.STATION])
def test_a_lossless_capture_is_accounted_for_exactly(tmp_path: Path, central: Central, *, missing: bool) -> None:
    plan = Plan(START, 240, 8, 3, central, stay=60, start_missing=missing)
    found, truth = scanned(tmp_path, plan, Impairments()), told(tmp_path)
    assert len(truth) >= 8
    for key, service in truth.items():
        assert {name: found[key][name] for name in EXACT} == {name: service[name] for name in EXACT}
        assert set(service["identifying"]) <= set(found[key]["fields"])  # type: ignore[call-overload]  # JSON
        assert bounded(found[key], service)
        assert missing or found[key]["patients_min"] == found[key]["patients_max"] == people(service)
    assert not [key for key in found if key[0].startswith("10.20.1") and key not in truth]


def test_with_losses_the_bounds_hold_and_nothing_is_invented(tmp_path: Path) -> None:
    plan = Plan(START, 240, 8, 4, Central.DOCUMENTED, stay=60)
    found = scanned(tmp_path, plan, Impairments(loss=0.02, reorder=0.02, duplicate=0.02))
    for key, service in told(tmp_path).items():
        assert bounded(found[key], service)
        for name in ("bytes", "records"):
            assert found[key][name] <= service[name]  # type: ignore[operator]  # JSON
        assert found[key]["bytes"] > 0.9 * service["bytes"]  # type: ignore[operator]  # JSON


def test_order_and_repetition_alone_change_nothing(tmp_path: Path) -> None:
    plan = Plan(START, 120, 5, 5, Central.STATION, stay=60)
    found = scanned(tmp_path, plan, Impairments(reorder=0.05, duplicate=0.05))
    for key, service in told(tmp_path).items():
        exact = ("sessions", "bytes", "records")
        assert {name: found[key][name] for name in exact} == {name: service[name] for name in exact}
