"""In: reports. Out: the verdict as a sentence and the steps after it, word for word."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from wardwatch.report.context import Context
from wardwatch.report.facts import Facts
from wardwatch.report.sentences import verdict
from wardwatch.report.steps import steps
from wardwatch.vocabulary import (
    Evidence,
    EvidenceKind,
    Examined,
    Finding,
    Gap,
    Report,
    Severity,
    Subject,
    SubjectKind,
    TimelineMark,
    TimelineRow,
    judge,
)

ZONE = ZoneInfo("Europe/Berlin")


def said(report: Report) -> str:
    return verdict(Facts(report), ZONE)


def advised(report: Report) -> list[str]:
    return steps(Facts(report), Context())


def alone(report: Report) -> Report:
    """One monitor of the ward by itself."""
    subject = report.subjects[16]
    return replace(
        report,
        judgement=subject.judgement,
        subjects=(subject,),
        exposures=report.exposures[:1],
        timeline=report.timeline[:1],
    )


def clear(report: Report) -> Report:
    subjects = tuple(replace(subject, judgement=judge((), ())) for subject in report.subjects)
    return replace(report, judgement=judge((), ()), subjects=subjects, exposures=(), timeline=())


def test_a_ward_with_three_found(example: Report) -> None:
    assert said(example) == (
        "3 of 41 monitors sent data of 12 to 14 patients to 202.114.4.119 between 12 and 31 January 2026. "
        "Nothing answered. For 1 more it cannot be told."
    )


def test_one_monitor(example: Report) -> None:
    assert said(alone(example)) == (
        "The monitor sent data of 4 to 5 patients to 202.114.4.119 between 12 and 29 January 2026. Nothing answered."
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1, 1, "data of 1 patient to"),
        (0, 3, "data of up to 3 patients to"),
        (0, 1, "data of up to 1 patient to"),
        (0, 0, "1.2 GB in clear text to"),
        (7, 7, "data of 7 patients to"),
    ],
)
def test_the_number_of_patients(example: Report, low: int, high: int, words: str) -> None:
    sent = replace(example.exposures[0], patients=(), patients_min=low, patients_max=high, reasons=("x",))
    assert f"sent {words} 202.114.4.119" in said(replace(alone(example), exposures=(sent,)))


def test_that_somebody_answered_is_said(example: Report) -> None:
    one = alone(example)
    answered = replace(one.exposures[0], answered=True)
    unseen = replace(one.exposures[0], answered=None)
    assert said(replace(one, exposures=(answered,))).endswith(" The destination answered.")
    assert said(replace(one, exposures=(unseen,))).endswith(" January 2026.")
    assert said(replace(one, exposures=(answered, replace(unseen, to="203.0.113.9")))).endswith(
        " 1 of 2 destinations answered."
    )


def test_data_that_stays_inside_is_said_to(example: Report) -> None:
    inside = replace(alone(example).exposures[0], to="10.0.0.5", outside=False, answered=True)
    assert " to 10.0.0.5 inside the site between " in said(replace(alone(example), exposures=(inside,), timeline=()))


def test_attempts_alone(example: Report) -> None:
    rows = (replace(example.timeline[1], marks=example.timeline[1].marks[:300]),)
    assert said(replace(alone(example), exposures=(), timeline=rows)) == (
        "The monitor tried to reach 202.114.4.120 between 12 and 30 January 2026. 300 attempts. Nothing answered."
    )


def test_sessions_without_patients(example: Report) -> None:
    start = example.timeline[0].marks[0].first
    talk = TimelineMark("session", start, start + timedelta(hours=1), bytes=12)
    quiet = replace(talk, bytes=0)
    report = replace(alone(example), exposures=(), timeline=(TimelineRow("10.20.3.17", "202.114.4.119", (talk,)),))
    assert said(report).startswith("The monitor exchanged data with 202.114.4.119 on 12 January 2026 between ")
    report = replace(
        report, timeline=(TimelineRow("10.20.3.17", "202.114.4.119", (talk, *[replace(talk, kind="attempt")] * 2)),)
    )
    assert said(report).endswith(" 2 attempts stayed without answer, 1 session took place.")
    report = replace(report, timeline=(TimelineRow("10.20.3.17", "202.114.4.119", (quiet,)),))
    assert said(report).startswith("The monitor connected to 202.114.4.119 on ")


def test_who_only_called_is_not_forgotten(example: Report) -> None:
    assert "2 other monitors called 202.114.4.119. " in said(replace(example, exposures=example.exposures[:1]))
    assert "Something was found on 2 more." in said(
        replace(example, exposures=example.exposures[:1], timeline=example.timeline[:1])
    )


def test_a_finding_elsewhere_is_named_by_its_title() -> None:
    where = Evidence(EvidenceKind.FUNCTION, {"file": "monitor", "address": 4096})
    finding = Finding(
        "firmware.remote-mount", "img", "A share is mounted", Severity.HIGH, 1.0, "It is.", (where,), (), "Cut it."
    )
    image = Subject("img", SubjectKind.IMAGE, "img", judge((finding,), ()))
    report = Report(image.judgement, (Examined("img.bin", "image", 10, 10, 10, "bytes"),), (image,))
    assert said(report) == "Something was found on the image: 'A share is mounted'."
    assert advised(report) == ["Cut it."]
    assert said(replace(report, subjects=())) == "Something was found on this input: 'A share is mounted'."


def test_clear(example: Report) -> None:
    report = clear(example)
    assert said(report) == "Nothing was found in 2 captures (1.2 GB, spanning 19 d 8 h). 41 monitors were seen."
    assert said(replace(report, subjects=report.subjects[:1])).endswith(" 1 monitor was seen.")
    assert said(replace(report, subjects=(), first=None, last=None)) == (
        "Nothing was found in 2 captures (1.2 GB). No monitor was recognised in them, so this says little."
    )


def test_unknown_names_the_gap_that_weighs_most(example: Report) -> None:
    gaps = (
        Gap("a", "a little", "it was small", ("vitals.frozen",)),
        Gap("b", "the whole stream", "the disk was full", ("*",)),
        Gap("c", "two things", "they are encrypted", ("vitals.frozen", "vitals.replayed")),
        Gap("d", "a remark", "of no weight"),
    )
    report = replace(clear(example), judgement=judge((), gaps), subjects=())
    assert said(report) == (
        "Cannot tell: the whole stream (the disk was full). 2 more gaps leave questions open. "
        "Nothing was found in 2 captures (1.2 GB, spanning 19 d 8 h)."
    )
    assert advised(report)[0].startswith("Do not read this as clear")


def test_monitors_are_counted_among_the_monitors(example: Report) -> None:
    stranger = replace(example.subjects[0], device=None)
    assert said(replace(example, subjects=(stranger, *example.subjects[1:]))).startswith("3 of 40 monitors sent")
    sender = replace(example.subjects[16], device=None)
    report = replace(example, subjects=(sender, *example.subjects[20:]), exposures=example.exposures[:1])
    assert said(report).startswith("1 of 22 devices sent")


def test_calls_to_the_outside_come_before_data_inside(example: Report) -> None:
    inside = replace(example.exposures[1], to="10.0.0.5", outside=False)
    report = replace(example, exposures=(inside,), timeline=example.timeline[1:2])
    assert said(report) == (
        "1 of 41 monitors tried to reach 202.114.4.120 between 12 and 30 January 2026. 300 attempts. Nothing answered. "
        "1 other monitor sent data of 4 patients to 10.0.0.5 inside the site. "
        "Something was found on 1 more. For 1 more it cannot be told."
    )


def test_both_and_all_are_said_so(example: Report) -> None:
    two = replace(example, subjects=example.subjects[16:18], exposures=example.exposures[:2])
    assert said(two).startswith("Both monitors sent")
    three = replace(example, subjects=example.subjects[16:19])
    assert said(three).startswith("All 3 monitors sent")


def test_intent_is_never_said(example: Report) -> None:
    words = " ".join([said(example), *advised(example)]).lower()
    assert not any(word in words for word in ("malicious", "attack", "hacker", "spy", "deliberate", "backdoor"))


def test_the_patient_comes_first_and_no_more_than_five_steps(example: Report) -> None:
    chosen = advised(example)
    assert len(chosen) == 5
    assert "at the bedside" in chosen[0]
    assert "Take 10.20.3.17, 10.20.3.18 and 10.20.3.19 off the network" in chosen[1]
    assert chosen[2] == "Block 202.114.4.0/24 at the firewall, in both directions and on every port."
    assert "FDA" in chosen[3]
    assert "data of 12 to 14 patients left the site" in chosen[4]


def test_another_address_is_blocked_by_itself(example: Report) -> None:
    sent = replace(example.exposures[0], to="203.0.113.9")
    one = replace(alone(example), exposures=(sent,), timeline=())
    stranger = replace(one.subjects[0], device=replace(one.subjects[0].device, profile="Other", reasons=("x",)))  # type: ignore[type-var]  # a device is there
    assert "Block 203.0.113.9 at the firewall, in both directions and on every port." in advised(
        replace(one, subjects=(stranger,))
    )


def test_many_monitors_are_not_listed_by_name(example: Report) -> None:
    five = [replace(example.subjects[16], id=f"10.0.0.{at}", name=f"10.0.0.{at}") for at in range(5)]
    sent = tuple(replace(example.exposures[0], subject=each.id) for each in five)
    assert "Take all 5 monitors off the network" in advised(replace(example, subjects=tuple(five), exposures=sent))[1]


def test_inside_the_site_the_advice_is_separation(example: Report) -> None:
    finding = replace(example.judgement.findings[0], rule="traffic.patient-data-clear", remedy="Encrypt it.")
    subject = replace(example.subjects[16], judgement=judge((finding,), ()))
    inside = replace(example.exposures[0], to="10.0.0.5", outside=False)
    report = replace(example, judgement=judge((finding,), ()), subjects=(subject,), exposures=(inside,), timeline=())
    report = replace(report, subjects=(replace(subject, device=replace(subject.device, profile="Other")),))  # type: ignore[type-var]  # a device is there
    separate, encrypt = advised(report)
    assert separate.startswith("Put the monitors and their central station into a network of their own that nothing")
    assert encrypt == "Encrypt it."


def test_a_clear_cms8000_is_still_kept_off_the_network(example: Report) -> None:
    assert [step[:46] for step in advised(clear(example))] == ["Keep the CMS8000 off the network even so, and "]
    assert advised(replace(clear(example), subjects=())) == []
