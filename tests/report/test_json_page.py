"""In: the schema and docs/json.md. Out: the page names every key and every allowed word of the schema, and no other."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

SCHEMA = json.loads(files("wardwatch.report").joinpath("schema/wardwatch.report.v1.json").read_text("utf-8"))
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


def inside(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # a JSON Schema is any JSON
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from inside(value)
    if isinstance(node, list):
        for value in node:
            yield from inside(value)


KEYS = {
    name
    for node in inside(SCHEMA)
    if node.get("type") in ("object", ["object", "null"])  # a component has a key called `properties`
    for name in node.get("properties", {})
}
WORDS = {word for node in inside(SCHEMA) for word in node.get("enum", []) if isinstance(word, str)}


@pytest.mark.parametrize("word", sorted(KEYS | WORDS))
def test_the_page_names(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_the_page_promises_no_key_that_the_schema_does_not_know() -> None:
    promised = {
        name
        for row in re.findall(r"^\| (`[a-z_0-9`, ]+) \|", PAGE, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert promised <= KEYS | WORDS
    assert len(promised) > 40


def test_every_object_of_the_schema_is_closed_but_where() -> None:
    for node in inside(SCHEMA):
        if node.get("type") in ("object", ["object", "null"]):
            assert node.get("additionalProperties") in (False, {"$ref": "#/$defs/value"})
