"""In: scripts written by hand, with what they run. Out: whether that is what is found, call by call."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from wardwatch.firmware.scripts import Files, analyse
from wardwatch.firmware.words import CodeFacts

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*/*.toml"))
ENDINGS = {"shell": ".sh", "python": ".py", "lua": ".lua"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_script_runs_what_its_sample_says(
    path: Path,
    tree: Callable[..., Files],
    lines_of: Callable[[CodeFacts], dict[str, list[str]]],
    expected: Callable[[Mapping[str, Any]], dict[str, list[str]]],
) -> None:
    sample = tomllib.loads(path.read_text(encoding="utf-8"))
    files = tree(sample.get("files", {}), sample.get("links"))
    facts = analyse(f"/s{ENDINGS[path.parent.name]}", sample["script"].encode(), files)
    assert facts.language == path.parent.name
    assert lines_of(facts) == expected(sample)
