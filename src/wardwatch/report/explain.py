"""In: a `Rule`. Out: its text for `wardwatch explain RULE`, 80 columns wide."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from wardwatch.report.units import clean
from wardwatch.vocabulary import Rule

_WIDTH: Final = 80
_INDENT: Final = "  "


def explain(rule: Rule, width: int = _WIDTH) -> str:
    """`rule` as text: what it finds, why it matters, what to do, what looks alike, and the references."""
    return "\n".join(_lines(rule, width)) + "\n"


def _lines(rule: Rule, width: int) -> Iterator[str]:
    yield from _wrapped(rule.title, width, "")
    yield from _wrapped(rule.name, width, "")
    for heading, text in (
        ("What it finds", rule.finds),
        ("Why it matters", rule.matters),
        ("What to do", rule.remedy),
    ):
        yield from _section(heading, _wrapped(text, width, _INDENT))
    yield from _section("What looks alike and is harmless", _bullets(rule.lookalikes, width))
    yield from _section("References", _wrapped(", ".join(rule.references), width, _INDENT))


def _section(heading: str, body: Iterator[str]) -> Iterator[str]:
    lines = list(body)
    if lines:
        yield from ("", heading, *lines)


def _bullets(texts: Sequence[str], width: int) -> Iterator[str]:
    for text in texts:
        first, *rest = list(_wrapped(text, width, _INDENT * 2)) or [""]
        yield f"{_INDENT}- {first.strip()}"
        yield from rest


def _wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    """Lines of at most `width` columns; a word longer than that is broken, a reference is not cut at its hyphen."""
    line = " ".join(clean(" ".join(text.split())).split())
    yield from textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
