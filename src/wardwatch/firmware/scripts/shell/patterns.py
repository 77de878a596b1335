"""In: a shell's pattern or set of separators, and text. Out: what matches, what is left, where it is split.

POSIX.1-2024, volume 3, sections 2.6.2, 2.6.5 and 2.14.
"""

import re
from fnmatch import translate
from functools import lru_cache
from typing import Final


def cased(known: str, operator: str) -> str:
    """`${x^}`, `${x^^}`, `${x,}`, `${x,,}`."""
    change = str.upper if "^" in operator else str.lower
    return change(known) if len(operator) > 1 else change(known[:1]) + known[1:]


@lru_cache(maxsize=256)
def splitter(separators: str) -> re.Pattern[str]:
    """What stands between fields: blanks of IFS in any number, any other sign of it once."""
    blanks = "".join(sign for sign in separators if sign in " \t\n")
    others = "".join(sign for sign in separators if sign not in " \t\n")
    some = f"[{re.escape(blanks)}]" if blanks else ""
    single = f"{some}*[{re.escape(others)}]{some}*" if some and others else f"[{re.escape(others)}]"
    return re.compile("|".join(([single] if others else []) + ([f"{some}+"] if some else [])))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("[^", "[!")))


MOST_COMPARED: Final = 1024
"""Longer texts and patterns are not compared: a hostile pattern may take its time on them."""


def matches(pattern: str, known: str) -> bool:
    """Whether a shell's pattern stands for the whole of `known`."""
    if len(pattern) > MOST_COMPARED or len(known) > MOST_COMPARED:
        return pattern == known
    return bool(_compiled(pattern).match(known))


def matched(known: str, operator: str, pattern: str, replacement: str) -> str:
    """`known` without the beginning or end the pattern stands for, or with what it stands for replaced."""
    known = known[:MOST_COMPARED]
    if operator in {"/", "//"}:
        body = translate(pattern).removeprefix("(?s:").removesuffix(r")\Z")
        return re.sub(f"(?s:{body})", lambda _: replacement, known, count=operator == "/") if pattern else known
    sizes = range(len(known) + 1)
    if operator in {"#", "##"}:
        cut = next((n for n in (sizes if operator == "#" else reversed(sizes)) if matches(pattern, known[:n])), 0)
        return known[cut:]
    cut = next((n for n in (reversed(sizes) if operator == "%" else sizes) if matches(pattern, known[n:])), len(known))
    return known[:cut]
