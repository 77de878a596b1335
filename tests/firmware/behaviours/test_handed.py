"""A peer that a real script hands to a program is found through variables; what is no peer stays unsaid."""

from pathlib import Path

import pytest

from wardwatch.firmware.examine import Question, examine_image
from wardwatch.vocabulary import Severity

RULE = "firmware.hard-coded-peer"


def peers(tmp_path: Path, script: str) -> set[str]:
    path = tmp_path / "rcS"
    path.write_text(f"#!/bin/sh\n{script}\n")
    found = examine_image(path, Question(show_code=False)).findings
    told = [finding for finding in found if finding.rule == RULE and finding.severity is not Severity.INFO]
    return {str(evidence.where["peer"]) for finding in told for evidence in finding.evidence}


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("SERVER=203.0.113.9; monitor $SERVER", {"203.0.113.9"}),
        ('N=203.0.113; H=.10; monitor -s "$N$H" &', {"203.0.113.10"}),
        ("start() { monitor --to $1:515; }\nstart 203.0.113.11", {"203.0.113.11:515"}),
        ("monitor a,203.0.113.12;203.0.113.13", {"203.0.113.12"}),
        ("monitor 203.0.113.14,203.0.113.15:99", {"203.0.113.14", "203.0.113.15:99"}),
        ("# monitor --server 203.0.113.16", set()),
        ("monitor --server $(cat /etc/peer)", set()),
        (". /etc/monitor.conf; monitor -s $PEER", set()),
        ("monitor 203.0.113.300 203.0.113.9.1 9203.0.113.9 203.0.113.9.tar", set()),
        ("monitor 203.0.113.17/24 203.0.113.18/path", {"203.0.113.18"}),
    ],
)
def test_what_a_script_hands_over(tmp_path: Path, script: str, wanted: set[str]) -> None:
    assert peers(tmp_path, script) == wanted
