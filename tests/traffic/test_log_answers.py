"""Flow logs answer where their fields allow it, and say where they do not."""

from pathlib import Path

import pytest

from wardwatch.secrecy import Pseudonyms
from wardwatch.traffic.examine import Answer, Question, examine_logs
from wardwatch.traffic.networks import site

FIELDS = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto duration conn_state history orig_bytes resp_bytes"
HEAD = "#separator \\x09\n#fields\t" + FIELDS.replace(" ", "\t") + "\n"


def _ask(tmp_path: Path, *rows: str) -> Answer:
    path = tmp_path / "conn.log"
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return examine_logs([path], Question(site([]), Pseudonyms(bytes(32))))


def _row(at: float, source: str, target: str, state: str = "S0", sent: str = "-") -> str:
    address, port = target.split(":")
    history = "S" if state == "S0" else "ShADadFf"
    return "\t".join(map(str, (at, "C1", source, 40000, address, port, "tcp", 0.5, state, history, sent, sent)))


def test_a_known_address_is_found_with_its_line(tmp_path: Path) -> None:
    answer = _ask(
        tmp_path, _row(1_767_600_000, "10.0.0.8", "10.0.0.1:53"), _row(1_767_600_060, "10.0.0.21", "202.114.4.119:515")
    )
    (finding,) = [finding for finding in answer.findings if finding.rule == "traffic.known-address"]
    assert (finding.subject, finding.severity.value) == ("10.0.0.21", "high")
    assert "Nothing answered" in finding.summary
    assert finding.evidence[0].kind.value == "line"
    assert finding.evidence[0].where["line"] == 4


def test_a_beacon_is_found(tmp_path: Path) -> None:
    answer = _ask(tmp_path, *(_row(1_767_600_000 + 60 * i, "10.0.0.77", "203.0.113.5:4444") for i in range(30)))
    (finding,) = [finding for finding in answer.findings if finding.rule == "traffic.phone-home"]
    assert (finding.subject, finding.severity.value) == ("10.0.0.77", "medium")


@pytest.mark.parametrize("rule", ["traffic.cms-stream", "traffic.patient-data-clear", "traffic.foreign-arp"])
def test_what_no_log_shows_stays_open(tmp_path: Path, rule: str) -> None:
    answer = _ask(tmp_path, _row(1_767_600_000, "10.0.0.8", "10.0.0.1:53"))
    assert not answer.findings
    assert any(rule in gap.bears_on for gap in answer.gaps)


def test_nfs_outside_is_told_by_its_port_only(tmp_path: Path) -> None:
    answer = _ask(tmp_path, _row(1_767_600_000, "10.0.0.8", "203.0.113.8:2049", "SF", "100"))
    (finding,) = [finding for finding in answer.findings if finding.rule == "traffic.remote-mount"]
    assert finding.confidence == 0.5
    assert "only the port" in finding.summary
