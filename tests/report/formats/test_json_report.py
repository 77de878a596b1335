"""In: reports. Out: the JSON document holds what the contract says, validates, and is the same byte for byte."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from wardwatch.report import render
from wardwatch.report.context import Context
from wardwatch.vocabulary import Report

SCHEMA = json.loads(files("wardwatch.report").joinpath("schema/wardwatch.report.v1.json").read_text("utf-8"))
CHECKER = FormatChecker()


@CHECKER.checks("date-time", raises=ValueError)
def is_time(value: object) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None


VALIDATOR = Draft202012Validator(SCHEMA, format_checker=CHECKER)


def document(report: Report, context: Context | None = None) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(render("json", report, context or Context()))
    return parsed


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_report_validates(reports: st.SearchStrategy[Report], data: st.DataObject) -> None:
    VALIDATOR.validate(document(data.draw(reports)))


def test_the_example_is_as_reviewed(example: Report, context: Context, golden: Callable[[str, str], None]) -> None:
    text = render("json", example, context)
    VALIDATOR.validate(json.loads(text))
    golden("json-ward.json", text)


def test_keys_stand_in_the_contracts_order(example: Report) -> None:
    said = document(example)
    assert list(said) == [
        "schema", "tool", "verdict", "inputs", "subjects", "findings", "exposure", "gaps", "dissections", "comparison",
    ]  # fmt: skip
    assert list(said["findings"][0]) == [
        *("id", "rule", "title", "subject", "severity", "confidence", "summary", "evidence", "references", "remedy")
    ]
    assert list(said["exposure"][0])[:12] == [
        *("subject", "to", "port", "protocol", "first", "last", "sessions", "bytes", "patients_min", "patients_max"),
        *("fields", "records"),
    ]


def test_the_order_of_putting_together_does_not_matter(example: Report) -> None:
    shuffled = replace(
        example,
        subjects=example.subjects[::-1],
        exposures=example.exposures[::-1],
        judgement=replace(example.judgement, findings=example.judgement.findings[::-1]),
    )
    assert render("json", shuffled, Context()) == render("json", example, Context())


def test_subjects_are_sorted_by_the_numbers_in_their_addresses(example: Report) -> None:
    ids = [subject["id"] for subject in document(example)["subjects"]]
    assert ids[:3] == ["10.20.3.1", "10.20.3.2", "10.20.3.3"]
    assert ids[-1] == "10.20.3.41"


def test_a_finding_of_the_whole_and_of_its_subject_is_said_once(example: Report) -> None:
    said = document(example)
    assert len(said["findings"]) == 6
    assert [finding["severity"] for finding in said["findings"]][-1] == "info"
    assert len(said["gaps"]) == 2


def test_where_is_there_only_if_a_gap_has_one(example: Report) -> None:
    assert all("where" not in gap for gap in document(example)["gaps"])
    gap = replace(example.judgement.gaps[0], where={"signal": "II"})
    changed = replace(example, judgement=replace(example.judgement, gaps=(gap,)), subjects=())
    assert document(changed)["gaps"][0]["where"] == {"signal": "II"}


def test_the_number_of_characters_cut_earlier_is_kept(example: Report) -> None:
    finding = replace(example.judgement.findings[0], summary="a" * 10_000)
    changed = replace(example, judgement=replace(example.judgement, findings=(finding,)), subjects=())
    assert document(changed)["findings"][0]["summary"].endswith("(5904 more characters)")


@pytest.mark.parametrize("evil", ["\x1b]0;owned\x07", "\u202egnp.exe", '"},{"', "<script>", "\ud800", "\u2028"])
def test_hostile_text_stays_text(evil: str, hostile: Callable[[str], Report]) -> None:
    text = render("json", hostile(evil), Context(tool=evil, version=evil))
    VALIDATOR.validate(json.loads(text))
    assert text.encode("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text


def _drop_verdict(said: dict[str, Any]) -> None:
    del said["verdict"]


def _invent_key(said: dict[str, Any]) -> None:
    said["findings"][0]["cvss"] = 9.8


def _unknown_verdict(said: dict[str, Any]) -> None:
    said["subjects"][0]["verdict"] = "fine"


def _local_time(said: dict[str, Any]) -> None:
    said["exposure"][0]["first"] = "2026-01-12T00:14:05.250000+01:00"


def _no_such_day(said: dict[str, Any]) -> None:
    said["exposure"][0]["first"] = "2026-02-31T00:14:05.250000Z"


def _packet_without_number(said: dict[str, Any]) -> None:
    del said["findings"][0]["evidence"][0]["where"]["number"]


def _packet_zero(said: dict[str, Any]) -> None:
    said["findings"][0]["evidence"][0]["where"]["number"] = 0


def _no_evidence(said: dict[str, Any]) -> None:
    said["findings"][0]["evidence"] = []


def _certain_beyond_one(said: dict[str, Any]) -> None:
    said["findings"][0]["confidence"] = 1.01


def _nested_where(said: dict[str, Any]) -> None:
    said["findings"][0]["evidence"][0]["where"]["more"] = {"deep": 1}


@pytest.mark.parametrize(
    "spoil",
    [
        *(_drop_verdict, _invent_key, _unknown_verdict, _local_time, _no_such_day, _packet_without_number),
        *(_packet_zero, _no_evidence, _certain_beyond_one, _nested_where),
    ],
)
def test_the_schema_refuses_what_the_contract_does_not_say(
    spoil: Callable[[dict[str, Any]], None], example: Report
) -> None:
    said = deepcopy(document(example))
    spoil(said)
    with pytest.raises(ValidationError):
        VALIDATOR.validate(said)
