"""What decides stands in one file; the page tells the same numbers, and both were written by one program."""

import re
from pathlib import Path

import pytest

from wardwatch.knowledge.catalogue import thresholds

PAGE = Path(__file__).resolve().parents[2] / "docs" / "vitals.md"
ROWS = re.findall(r"^\| `([\w.]+)\.(\w+)` \| ([0-9.]+) \| ([0-9.]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_calibrated_threshold_is_on_the_page() -> None:
    assert {(section, key) for section, key, _, _ in ROWS} == {
        ("display.HR", "limit"), ("display.PR", "limit"), ("display.RR", "limit"),
        ("replay_noisy", "correlation"), ("replay_noisy", "alone_correlation"),
    }  # fmt: skip


@pytest.mark.parametrize(("section", "key", "told", "highest"), ROWS)
def test_the_page_tells_what_is_in_use_and_it_is_above_every_genuine_patient(
    section: str, key: str, told: str, highest: str
) -> None:
    entry = thresholds("vitals")
    for part in section.split("."):
        entry = entry[part]
    assert entry[key] == float(told)
    assert float(told) > float(highest)
