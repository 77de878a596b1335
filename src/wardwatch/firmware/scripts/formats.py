"""In: a format of printf's kind or with braces, and values. Out: the text that comes of it, with holes."""

import re
from typing import Final

from wardwatch.firmware.words import Hole, Text

FORMAT: Final = re.compile(r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[A-Za-z%]")
BRACES: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}")


def filled(parts: list[str | Hole], form: re.Pattern[str], values: list[Text]) -> Text:
    """A format with `values` written into it in their order; a hole where there is none, or the place names one."""
    left = list(values)
    out: list[str | Hole] = []
    for part in parts:
        if isinstance(part, Hole):
            out.append(part)
            continue
        at = 0
        for found in form.finditer(part):
            out.append(part[at : found.start()])
            out += _written(found[0], left)
            at = found.end()
        out.append(part[at:])
    return joined(out)


def _written(place: str, left: list[Text]) -> tuple[str | Hole, ...]:
    if place in {"%%", "{{", "}}"}:
        return (place[0],)
    if place in {"%s", "%d", "%i", "%u", "{}"} and left:
        return left.pop(0).parts
    return (Hole(f"written to {place}"),)


def joined(parts: list[str | Hole]) -> Text:
    """The parts as a text: no two literals side by side."""
    out: list[str | Hole] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, str) and isinstance(last, str):
            out[-1] = last + part
        elif part != "":
            out.append(part)
    return Text(tuple(out))
