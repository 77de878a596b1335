"""In: trials of a containment, made by hand. Out: what their page says, shows and counts."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wardwatch.report import render
from wardwatch.report.context import Context
from wardwatch.report.facts import Facts
from wardwatch.report.proof import values
from wardwatch.report.sentences import verdict
from wardwatch.report.steps import steps
from wardwatch.tried import Crossing, Latency, PathsTried
from wardwatch.vocabulary import (
    Asked,
    Device,
    Evidence,
    EvidenceKind,
    Examined,
    Finding,
    Gap,
    Report,
    Severity,
    Subject,
    SubjectKind,
    judge,
)

PHASES = ("before", "with the rules", "after the rollback")
Counts = tuple[int, int, int]


def crossing(party: str, open_: Counts, of: Counts, *, kept: bool = False, end: str = "192.0.2.9") -> Crossing:
    return Crossing("monitor-3", end, party, kept, inward=False, open=open_, of=of)


def report(*crossings: Crossing, findings: tuple[Finding, ...] = (), gaps: tuple[Gap, ...] = ()) -> Report:
    judgement = judge(findings, gaps, Asked.PROOF)
    device = Subject(
        "monitor-3", SubjectKind.DEVICE, "monitor-3", judgement, Device("monitor-3", "monitor-3", ("192.0.2.3",))
    )
    inputs = (Examined("policy.yaml", "policy", 10, 12, 12, "attempts", "0" * 64),)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    tried = PathsTried(PHASES, crossings, (Latency("192.0.2.3 to 192.0.2.5: tcp 515", 1.25, 1.5),))
    return Report(judgement, inputs, (device,), first=now, last=now, tried=tried)


def found() -> Finding:
    evidence = (Evidence(EvidenceKind.LINE, {"file": "paths.json"}, "x"),)
    return Finding("contain.path-open", "monitor-3", "A path is open", Severity.CRITICAL, 1.0, "open", evidence)


HOLDS = (
    crossing("station", (6, 6, 6), (6, 6, 6), kept=True, end="192.0.2.5"),
    crossing("block published", (12, 0, 12), (12, 8, 12)),
    crossing("anybody else", (3, 0, 3), (3, 3, 3), end="192.0.2.77"),
)


def test_what_holds_is_said_with_its_numbers() -> None:
    assert verdict(Facts(report(*HOLDS)), UTC) == (
        "Proven: with the rules none of 15 forbidden paths was open, and none of 6 kept paths was cut. "
        "Before the rules 15 of the forbidden paths were open; after the rollback all worked."
    )


def test_a_leak_and_a_cut_and_what_was_not_restored_are_counted() -> None:
    bad = (
        crossing("station", (6, 4, 6), (6, 6, 6), kept=True),
        crossing("block published", (12, 1, 10), (12, 8, 12)),
    )
    assert verdict(Facts(report(*bad, findings=(found(),))), UTC) == (
        "Not proven: with the rules 1 of 12 forbidden paths was open, and 2 of 6 kept paths were cut. "
        "Before the rules 12 of the forbidden paths were open; after the rollback all but 2 worked."
    )


def test_what_cannot_be_told_names_the_gap() -> None:
    gap = Gap("monitor-3", "a path", "it did not work before the rules either", ("contain.path-open",))
    said = verdict(Facts(report(*HOLDS, gaps=(gap,))), UTC)
    assert said.startswith("Cannot tell: ")
    assert said.endswith("a path: it did not work before the rules either.")


def test_only_what_holds_is_to_be_installed(context: Context) -> None:
    assert steps(Facts(report(*HOLDS)), context)[0].startswith("Install these rules")
    assert not any("Install these" in each for each in steps(Facts(report(*HOLDS, findings=(found(),))), context))


def test_the_maps_show_what_is_open_and_what_is_shut(context: Context) -> None:
    before, ruled = values(Facts(report(*HOLDS)), context)["maps"]
    assert [(line.party, line.said, line.state, line.mark) for line in before.lines] == [
        ("station", "6 of 6 answered", "clear", "●"),
        ("anybody else", "3 of 3 came through", "found", "▲"),
        ("block published", "12 of 12 came through", "found", "▲"),
    ]
    assert [(line.said, line.state, bool(line.cross)) for line in ruled.lines] == [
        ("6 of 6 answered", "clear", False),
        ("0 of 3 came through", "clear shut", True),
        ("0 of 8 came through", "clear shut", True),
    ]


def test_a_cut_path_is_drawn_as_wrong(context: Context) -> None:
    cut = crossing("station", (6, 0, 6), (6, 6, 6), kept=True)
    _, ruled = values(Facts(report(cut, findings=(found(),))), context)["maps"]
    assert [(line.state, line.mark) for line in ruled.lines] == [("found shut", "▲")]


def test_the_page_holds_maps_table_and_times(context: Context) -> None:
    leak = crossing("block published", (12, 2, 12), (12, 8, 12), end="192.0.2.8")
    page = render("html", report(*HOLDS, leak, findings=(found(),)), context)
    rows = re.findall(
        r'<tr role="row">(<th role="rowheader".*?)</tr>', page.split('id="paths"')[1].split("</section>")[0]
    )
    told = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    assert told[0] == "monitor-3 to 192.0.2.8 block published shut ● 12 of 12 ▲ 2 of 8 ● 12 of 12"
    assert told[1] == "monitor-3 to 192.0.2.5 station open ● 6 of 6 ● 6 of 6 ● 6 of 6"
    assert "192.0.2.3 to 192.0.2.5: tcp 515 1.2 ms 1.5 ms" in told
    assert page.count('<figure class="network">') == 2
    assert "namespaces" in page.split('id="method"')[1]


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '" onload="x', "\u202e" * 5, "A" * 10_000])
def test_hostile_names_stay_text_and_are_cut(evil: str, context: Context) -> None:
    crossings = [replace(each, party=evil, device=evil, end=evil) for each in HOLDS]
    page = render("html", report(*crossings), context)
    assert "<script" not in page
    assert ' onload="x' not in page
    assert "\u202e" not in page
    assert len(page) < 100_000


def test_many_parties_are_bounded(context: Context) -> None:
    many = [crossing(f"party {at:03}", (1, 0, 1), (1, 1, 1)) for at in range(200)]
    before, _ = values(Facts(report(*many)), context)["maps"]
    assert len(before.lines) == 10
    assert before.left_out == "190 more parties not drawn; the table has all."
