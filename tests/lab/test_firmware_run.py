"""In: every personality of the twin's firmware. Out: whether what it does is seen, and was found by reading as well."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from wardwatch.errors import UsageError
from wardwatch.firmware.image import open_image
from wardwatch.lab.seen import Run, Seen, lines, run_from_json
from wardwatch.twin import firmware
from wardwatch.twin.firmware.personalities import PERSONALITIES
from wardwatch.vocabulary import Verdict
from wardwatch.workflows import firmware_run
from wardwatch.workflows.documents import context, document
from wardwatch.workflows.firmware_run import RunRequest, Watched, run
from wardwatch.workflows.firmware_seen import only_seen, told

pytestmark = pytest.mark.usefixtures("arm_here")
Ask = Callable[[str, str, str], Watched]
HIDING = [version for version, each in PERSONALITIES.items() if each.commands]
ROOT = Path(__file__).resolve().parents[2]
MONITOR, UPDATE = "/opt/bin/monitor", "/opt/bin/update"


@pytest.fixture(scope="session")
def watched(images: Path) -> Ask:
    @cache
    def ask(version: str, program: str, keys: str) -> Watched:
        does_it = bool(keys) and (version in HIDING or (version, program) == ("signed", UPDATE))
        until = {"until": "unmount", "patience": 40.0} if does_it else {}  # a busy machine takes its time
        return run(images / version, RunRequest((program,), keys=keys, seconds=2.5 if does_it else 4, **until))

    return ask


def kinds(seen: Run) -> list[str]:
    return [each.kind for each in seen.seen]


def first(seen: Run, kind: str) -> Seen:
    return next(each for each in seen.seen if each.kind == kind)


@pytest.mark.parametrize("version", HIDING)
@pytest.mark.parametrize(("program", "keys"), [(MONITOR, "m3"), (UPDATE, "C")])
def test_the_hidden_function_is_seen_step_by_step(watched: Ask, version: str, program: str, keys: str) -> None:
    seen = watched(version, program, keys).runs[0]
    up, mount, gone = first(seen, "interface"), first(seen, "mount"), first(seen, "unmount")
    assert (up.what, up.to, up.fails) == ("eth0", "up", "")
    assert (mount.what, mount.to, mount.how) == ("202.114.4.119:/pm", "/mnt", "nfs, nolock")
    assert gone.what == "/mnt"
    written = [each for each in seen.seen if each.kind == "write" and each.what in seen.taken]
    assert {MONITOR, UPDATE} <= {each.what for each in written}
    order = [seen.seen.index(each) for each in (up, mount, written[0], gone)]
    assert order == sorted(order)
    assert all(each.by[0] == program for each in (up, mount, gone, *written))


@pytest.mark.parametrize("version", HIDING)
def test_the_stream_to_the_documented_address_is_seen(watched: Ask, version: str) -> None:
    session = watched(version, MONITOR, "m3").runs[0].sessions[0]
    assert (session.address, session.port, session.transport, session.sessions) == ("202.114.4.119", 515, "tcp", 1)
    assert session.received > 1000
    assert "Central-station stream" in told(watched(version, MONITOR, "m3").runs[0])


@pytest.mark.parametrize("version", HIDING)
def test_without_its_key_the_function_is_not_seen_and_nothing_is_called_absent(watched: Ask, version: str) -> None:
    answer = watched(version, MONITOR, "")
    assert kinds(answer.runs[0]) == ["connect"]
    assert answer.report.judgement.verdict is Verdict.FOUND
    remarks = [gap for gap in answer.report.judgement.gaps if "not observed in a run" in gap.what]
    assert any("/opt/bin/monitor for 4 s without a key" in gap.why for gap in remarks)
    assert not any(gap.is_open for gap in remarks)
    assert "absent" not in json.dumps([(gap.what, gap.why) for gap in remarks])


@pytest.mark.parametrize(("program", "keys"), [(MONITOR, "m3"), (UPDATE, "C")])
def test_the_version_without_networking_does_none_of_it(watched: Ask, program: str, keys: str) -> None:
    answer = watched("2025-07", program, keys)
    assert answer.runs[0].seen == ()
    assert answer.runs[0].sessions == ()
    assert answer.runs[0].output.splitlines()[0].endswith("2025-07")
    assert answer.acts == ()


def test_the_signed_version_is_seen_verifying_and_refusing(watched: Ask) -> None:
    seen = watched("signed", UPDATE, "C").runs[0]
    assert first(seen, "mount").what == "192.168.1.3:/updates"
    assert any("usign -V -m /mnt/monitor -x /mnt/monitor.sig" in each.what for each in seen.seen)
    assert "/var/log/update.log" in {each.what for each in seen.seen if each.kind == "write"}
    assert seen.taken == ()
    assert watched("signed", UPDATE, "C").acts == ()  # its settings name the peer


COMPARED = [(version, *each) for version in firmware.VERSIONS for each in ((MONITOR, "m3"), (UPDATE, "C"))]


@pytest.mark.parametrize(("version", "program", "keys"), COMPARED)
def test_what_is_seen_was_found_by_reading_the_code(watched: Ask, version: str, program: str, keys: str) -> None:
    answer = watched(version, program, keys)
    missed = only_seen(answer.read.findings, answer.acts)
    assert [(act.rule, act.by[:1], act.said) for act in missed] == []


@pytest.mark.parametrize("version", HIDING)
def test_what_is_seen_makes_the_finding_surer_and_joins_its_evidence(watched: Ask, version: str) -> None:
    answer = watched(version, MONITOR, "m3")
    for rule in PERSONALITIES[version].fires[:3]:
        findings = [each for each in answer.report.judgement.findings if each.rule == rule]
        mine = [each for each in findings if any("observed" in evidence.where for evidence in each.evidence)]
        assert mine, rule
        assert {each.confidence for each in mine} == {0.99}
        assert all("Observed in a run" in each.summary for each in mine)
        before = {
            each.id: each.confidence
            for each in answer.read.findings
            if (each.rule, each.severity != "info") == (rule, True)
        }
        assert all(before.get(each.id, 0.0) < 0.99 for each in mine)
        assert not before or any(each.id in before for each in mine)


def test_a_file_of_the_share_that_is_started_is_seen(images: Path) -> None:
    answer = run(images / "2.0.8", RunRequest(("/sbin/init",), keys="C", seconds=40))
    assert ("interface", "eth0", "down") in {(each.kind, each.what, each.to) for each in answer.runs[0].seen}
    assert "firmware.runs-remote-file" in {act.rule for act in answer.acts}
    assert answer.runs[0].ended == 0


def test_a_program_by_itself_runs_with_the_twins_tools(images: Path, tmp_path: Path) -> None:
    node = open_image(images / "2.0.6").index[MONITOR]
    (tmp_path / "monitor").write_bytes(node.read(node.size))
    seen = run(tmp_path / "monitor", RunRequest(keys="m3", seconds=2.5, until="unmount", patience=40.0)).runs[0]
    assert [each.to for each in seen.seen if each.kind == "interface"] == ["up"]
    assert first(seen, "mount").what == "202.114.4.119:/pm"


def test_the_report_keeps_the_form_of_the_contract(watched: Ask) -> None:
    schema = json.loads((ROOT / "src/wardwatch/report/schema/wardwatch.report.v1.json").read_text(encoding="utf-8"))
    report = json.loads(document("json", watched("2.0.6", MONITOR, "m3").report, context()))
    Draft202012Validator(schema).validate(report)
    where = [each["where"] for finding in report["findings"] for each in finding["evidence"] if each["kind"] == "file"]
    assert {"mount", "interface", "write", "connect"} <= {each.get("observed") for each in where}


def test_what_was_sent_and_shown_is_not_in_the_log(watched: Ask) -> None:
    seen = watched("2.0.6", MONITOR, "m3").runs[0]
    assert seen.sessions[0].head
    told_lines = [json.loads(line) for line in lines(seen).splitlines()]
    assert len(told_lines) == 1 + len(seen.seen)
    assert "head" not in told_lines[0]["sessions"][0]
    assert "output" not in told_lines[0]
    assert run_from_json(json.loads(json.dumps(seen.to_json()))) == seen


def test_without_an_emulator_there_is_a_gap(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware_run, "emulator", lambda _head: None)
    answer = run(images / "2025-07", RunRequest((MONITOR,)))
    assert answer.runs == ()
    assert any("qemu-arm" in gap.why and gap.is_open for gap in answer.report.judgement.gaps)


def test_a_program_that_is_not_there_is_said(images: Path) -> None:
    with pytest.raises(UsageError, match="not in the image"):
        run(images / "2025-07", RunRequest(("/opt/bin/nothing",)))
