"""In: docs/contract.md. Out: whether the schema, the knowledge and the words say the same."""

import json
import re
from pathlib import Path

import pytest

from wardwatch.knowledge.catalogue import rules
from wardwatch.secrecy import user_key_path
from wardwatch.vocabulary import Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "src/wardwatch/report/schema/wardwatch.report.v1.json").read_text(encoding="utf-8"))


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def in_first_column(text: str) -> set[str]:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_the_page_names_what_the_schema_asks_for() -> None:
    assert in_first_column(section("JSON")) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    assert SCHEMA["properties"]["schema"]["const"] == "wardwatch.report.v1"


def test_the_page_names_every_rule() -> None:
    assert in_first_column(section("Rules")) == set(rules())


def test_the_page_names_the_verdicts_of_an_examination() -> None:
    assert set(Verdict) >= {"clear", "found", "unknown"}
    assert "`clear`, `found` or `unknown`" in section("JSON")


def test_the_page_says_where_the_key_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = user_key_path().relative_to(tmp_path).as_posix()
    assert f"`$XDG_STATE_HOME/{place}`" in section("Commands")
