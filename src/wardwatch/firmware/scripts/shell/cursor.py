"""In: text and a position in it. Out: the same, moved; lines are counted, depth and problems are bounded."""

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from .syntax import Problem

DEEPEST: Final = 40
"""Constructs within constructs; each costs some frames of Python's stack."""
MOST_PROBLEMS: Final = 20

_BLANK: Final = re.compile(r"(?:[ \t\f\v]|\\\n)*(?:#[^\n]*)?")


class Cursor:
    """Where the parser stands."""

    def __init__(self, text: str, line: int = 1, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.problems: list[Problem] = []
        self._first = line
        self._starts = list(accumulate((len(row) + 1 for row in text.split("\n")), initial=0))

    @property
    def line(self) -> int:
        """The line the cursor stands on."""
        return self._first + bisect_right(self._starts, self.at) - 1

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    @property
    def next(self) -> str:
        """The next character, or ''."""
        return self.text[self.at : self.at + 1]

    def blank(self) -> None:
        """Pass over blanks, continued lines and a comment."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What `pattern` matches here, passed over."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def eat(self, text: str) -> bool:
        """Pass over `text` if it stands here."""
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def until(self, end: str, what: str) -> str:
        """Everything up to `end`, which is passed over; where it is missing, up to the text's end."""
        found = self.text.find(end, self.at)
        if found < 0:
            self.problem(f"{what} is not closed")
            found = len(self.text)
        inside, self.at = self.text[self.at : found], found + len(end)
        return inside

    def problem(self, why: str) -> None:
        """Remember what was not understood."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.line, why))
