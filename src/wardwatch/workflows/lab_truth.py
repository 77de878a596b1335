"""In: what was played, and what came to the services. Out: the truth of it, and where a report says something else.

What must be found stands in the scenario; how much was sent was counted by those who got it, without any codec.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from wardwatch.errors import InputError
from wardwatch.lab.receivers import CMS, MLLP, Count
from wardwatch.lab.scenario import CAPTURES, Scenario
from wardwatch.twin.places import HL7_ADDRESS, STATION_ADDRESS
from wardwatch.vocabulary import Exposure, Report, rfc3339

SCHEMA: Final = "wardwatch.lab-truth.v1"
TRUTH: Final = "truth.json"
DOCUMENTED: Final = (STATION_ADDRESS, HL7_ADDRESS)
_WITH_PEOPLE: Final = (CMS, MLLP)
_LARGEST: Final = 16 << 20
Key = tuple[str, str, int]


def told(  # noqa: PLR0913, PLR0917  # all that belongs to it
    scenario: Scenario,
    addresses: Mapping[str, str],
    counts: Mapping[Key, Count],
    parts: Mapping[str, str],
    times: tuple[float, float],
    lost: Mapping[str, int],
) -> dict[str, Any]:
    """The truth as JSON has it."""
    began, ended = (rfc3339(datetime.fromtimestamp(moment, UTC)) for moment in times)
    return {
        "schema": SCHEMA, "scenario": scenario.name, "about": scenario.about, "began": began, "ended": ended,
        "parts": dict(sorted(parts.items())),
        "machines": [
            {"name": each.name, "role": each.role, "address": addresses[each.name],
             **({"firmware": each.firmware} if each.role == "monitor" else {})}
            for each in scenario.machines
        ],
        "services": [_service(key, count, _passes(key, scenario)) for key, count in sorted(counts.items())],
        "captures": {
            name: {
                "verdict": truth.verdict, "not_recorded": lost.get(name, 0),
                "findings": [
                    {"severity": severity, "rule": rule, "address": addresses[subject]}
                    for severity, rule, subject in truth.findings
                ],
            }
            for name, truth in scenario.truth.items()
        },
    }  # fmt: skip


def write(truth: Mapping[str, Any], folder: Path) -> None:
    """Into the folder of its captures."""
    (folder / TRUTH).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """The truth in a folder; InputError where there is none."""
    path = folder / TRUTH
    try:
        with path.open("rb") as stream:
            truth = json.loads(stream.read(_LARGEST))
    except (OSError, ValueError) as error:
        raise InputError("holds no truth of a lab", where=str(path), cure="Name a folder of 'lab run'.") from error
    if not isinstance(truth, dict) or truth.get("schema") != SCHEMA:
        raise InputError("is no truth of a lab", where=str(path), cure="Name a folder of 'wardwatch lab run'.")
    return truth


def differences(truth: Mapping[str, Any], capture: str, report: Report) -> tuple[str, ...]:
    """Where the report on a capture says something else than the truth, in words; none: it reproduces it."""
    return (*_findings(truth["captures"][capture], report), *_exposures(truth, capture, report))


def _service(key: Key, count: Count, passes: tuple[str, ...]) -> dict[str, Any]:
    client, server, port = key
    return {
        "from": client, "to": server, "port": port, "protocol": count.protocol, "sessions": count.sessions,
        "bytes": count.received, "records": count.records, "patients": len(count.patients),
        "passes": passes,
    }  # fmt: skip


def _findings(truth: Mapping[str, Any], report: Report) -> Iterator[str]:
    if truth["not_recorded"]:
        yield f"the capture lacks {truth['not_recorded']} frames"
    if str(report.judgement.verdict) != truth["verdict"]:
        yield f"the verdict is {report.judgement.verdict}, and should be {truth['verdict']}"
    by_id = _addresses(report)
    found = {
        (str(each.severity), each.rule, by_id.get(each.subject, each.subject)) for each in report.judgement.findings
    }
    true = {(each["severity"], each["rule"], each["address"]) for each in truth["findings"]}
    yield from (f"not found: {' '.join(each)}" for each in sorted(true - found))
    yield from (f"found, and not so: {' '.join(each)}" for each in sorted(found - true))


def _addresses(report: Report) -> dict[str, str]:
    """The first address of each subject that has one, which is its latest."""
    return {
        subject.id: subject.device.addresses[0]
        for subject in report.subjects
        if subject.device and subject.device.addresses
    }


def _exposures(truth: Mapping[str, Any], capture: str, report: Report) -> Iterator[str]:
    by_id = _addresses(report)
    found = {(by_id.get(each.subject, each.subject), each.to, each.port): each for each in report.exposures}
    true = {
        (each["from"], each["to"], each["port"]): each for each in truth["services"]
        if each["protocol"] in _WITH_PEOPLE and each["bytes"] and capture in each["passes"]
    }  # fmt: skip
    for key, service in true.items():
        where = f"{key[0]} to {key[1]}:{key[2]}"
        if key not in found:
            yield f"{where}: not seen"
            continue
        yield from (f"{where}: {said}" for said in _amounts(service, found[key]))
    for key in sorted(set(found) - set(true)):
        yield f"{key[0]} to {key[1]}:{key[2]}: seen, and nothing came there"


def _amounts(service: Mapping[str, Any], found: Exposure) -> Iterator[str]:
    for name in ("protocol", "sessions", "bytes", "records"):
        if getattr(found, name) != service[name]:
            yield f"{name} are {getattr(found, name)}, and should be {service[name]}"
    if not found.patients_min <= service["patients"] <= found.patients_max:
        yield f"patients are {found.patients_min} to {found.patients_max}, and should be {service['patients']}"


def _passes(key: Key, scenario: Scenario) -> tuple[str, ...]:
    """By which captures it came: only a documented address that is not the hospital's own station lies outside."""
    leaves = key[1] in DOCUMENTED and scenario.hospital.station != "documented"
    return CAPTURES if leaves else CAPTURES[:1]
