"""The monitor's versions, told in lines: what each says, and the document of one comparison, kept as an example."""

import importlib.util
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from wardwatch.report.context import Context
from wardwatch.report.formats.json_report import FORMAT
from wardwatch.vocabulary import Report

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("told", HERE / "told.py")
assert spec
assert spec.loader
told = importlib.util.module_from_spec(spec)
spec.loader.exec_module(told)
SCHEMA = json.loads(files("wardwatch.report").joinpath("schema/wardwatch.report.v1.json").read_text("utf-8"))
Play = Callable[[str], Any]


def changes(report: Report) -> dict[str, set[str]]:
    assert report.comparison
    found: dict[str, set[str]] = {}
    for change in report.comparison.changes:
        found.setdefault(change.rule, set()).add(change.verdict)
    return found


def test_what_2_0_6_does(play: Play) -> None:
    one = told.side("2.0.6", (HERE / "examples/cms8000-2.0.6.play").read_text(), play)
    backdoors = [each for each in one.findings if each.rule == "firmware.reverse-backdoor"]
    assert {str(each.evidence[0].where["trigger"]) for each in backdoors} == {"menu", "key"}
    assert {str(each.evidence[0].where["file"]) for each in backdoors} == {"/opt/bin/monitor", "/opt/bin/update"}
    peers = {str(e.where.get("peer")) for each in one.findings for e in each.evidence} - {"None"}
    assert peers == {"202.114.4.119", "202.114.4.119:515", "202.114.4.120:511"}
    assert "firmware.clear-telemetry" in {each.rule for each in one.findings}


def test_2_0_8_is_not_fixed_and_says_why(play: Play) -> None:
    report = told.example("2.0.6", "2.0.8", play)
    assert report.judgement.verdict.value == "not-fixed"
    assert changes(report)["firmware.reverse-backdoor"] == {"not-fixed"}
    assert "fixed" not in {verdict for verdicts in changes(report).values() for verdict in verdicts}
    why = [c.why for c in report.comparison.changes if c.rule == "firmware.reverse-backdoor"]
    assert all("the start-up takes eth0 down" in each and "takes eth0 up again" in each for each in why)


def test_2025_07_is_fixed_and_says_what_was_checked(play: Play) -> None:
    report = told.example("2.0.6", "2025-07", play)
    assert report.judgement.verdict.value == "fixed"
    assert {verdict for verdicts in changes(report).values() for verdict in verdicts} == {"fixed"}
    assert all(change.checked for change in report.comparison.changes)


def test_the_document_is_the_one_kept(play: Play) -> None:
    said = FORMAT.render(told.example("2.0.6", "2.0.8", play), Context(version="0"))
    jsonschema.validate(json.loads(said), SCHEMA)
    kept = HERE / "examples" / "cms8000-2.0.8.json"
    assert said == kept.read_text(encoding="utf-8"), "read the difference; then write the document anew"
