"""In: a cursor before a simple command. Out: its assignments, words and redirections; here-documents behind its line.

POSIX.1-2024, volume 3, sections 2.7 and 2.9.1; of Bash and BusyBox ash arrays, `<<<` and `&>`.
"""

import re
from typing import Final

from wardwatch.firmware.words import Hole

from .cursor import Cursor
from .syntax import Assignment, Command, Literal, Redirection, Word
from .wordreader import WordReader

_RESERVED: Final = re.compile(
    r"(if|then|elif|else|fi|while|until|for|select|do|done|case|esac|function|\{|\}|!|time|\[\[)(?=[\s;&|()<>]|\Z)"
)
_ASSIGNED: Final = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]\n]*\])?(\+)?=")
_REDIRECTED: Final = re.compile(r"([0-9]*)(<<-|<<<|<<|<>|<&|<(?!\()|>>|>&|>\||>(?!\())|()(&>>|&>)")
_HERE: Final = frozenset({"<<", "<<-"})


class CommandReader(WordReader):
    """Reads simple commands."""

    def __init__(self, cursor: Cursor, holes: tuple[Hole, ...]) -> None:
        super().__init__(cursor, holes)
        self._pending: list[Redirection] = []

    def _newlines(self) -> None:
        self.cursor.blank()
        while self.cursor.eat("\n"):
            for here in self._pending:
                self._here_document(here)
            self._pending.clear()
            self.cursor.blank()

    def _here_document(self, here: Redirection) -> None:
        """The lines up to the word, section 2.7.4; expanded unless a part of the word was quoted."""
        cursor, line = self.cursor, self.cursor.line
        end = "".join(part.text for part in here.target.parts if isinstance(part, Literal))
        tabs = r"\t*" if here.operator == "<<-" else ""
        found = re.compile(rf"^{tabs}{re.escape(end)}\r?$", re.MULTILINE).search(cursor.text, cursor.at)
        if not found:
            cursor.problem("a here-document is not closed")
        stop = found.start() if found else len(cursor.text)
        body, cursor.at = cursor.text[cursor.at : stop], found.end() if found else stop
        if tabs:
            body = re.sub(r"^\t+", "", body, flags=re.MULTILINE)
        if here.target.bare is not None:
            here.target = self.quoted_text(body, line)
        else:
            here.target = Word(tuple(self.literal(body, quoted=True)))

    def _blank_then(self, pattern: re.Pattern[str]) -> bool:
        self.cursor.blank()
        return bool(self.cursor.take(pattern))

    def _reserved(self) -> str:
        self.cursor.blank()
        found = _RESERVED.match(self.cursor.text, self.cursor.at)
        return found[1] if found else ""

    def _negated(self) -> bool:
        """Pass over what may stand before a pipeline; whether its outcome is turned round."""
        negated = False
        while (word := self._reserved()) in {"!", "time"}:
            self.cursor.at += len(word)
            negated ^= word == "!"
        return negated

    def _words(self) -> list[Word]:
        words: list[Word] = []
        while True:
            self.cursor.blank()
            before = self.cursor.at
            word = self.word()
            if self.cursor.at == before:
                return words
            words.append(word)

    def _simple(self) -> Command | None:
        cursor, line = self.cursor, self.cursor.line
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            cursor.blank()
            before = cursor.at
            if redirected := self._redirection():
                redirections.append(redirected)
            elif not words and (assigned := cursor.take(_ASSIGNED)):
                assignments.append(Assignment(assigned[1], self._value(), bool(assigned[2])))
            elif (word := self.word()).parts or cursor.at > before:
                words.append(word)
            elif words and cursor.next == "(":
                cursor.problem("'(' inside a command")
                cursor.at += 1
            elif cursor.next == "\r":
                cursor.at += 1
            else:
                break
        if not (assignments or words or redirections):
            return None
        return Command(tuple(assignments), tuple(words), tuple(redirections), line)

    def _value(self) -> Word:
        if not self.cursor.eat("("):
            return self.word()
        parts: list[Word] = []
        while True:
            self._newlines()
            more = self._words()
            if not more:
                break
            parts.extend(more)
        if not self.cursor.eat(")"):
            self.cursor.problem("a list of values is not closed")
        joined = [part for word in parts for part in (*word.parts, Literal(" ", quoted=False))]
        return Word(tuple(joined[:-1]))

    def _redirections(self) -> tuple[Redirection, ...]:
        found: list[Redirection] = []
        self.cursor.blank()
        while redirected := self._redirection():
            found.append(redirected)
            self.cursor.blank()
        return tuple(found)

    def _redirection(self) -> Redirection | None:
        found = self.cursor.take(_REDIRECTED)
        if not found:
            return None
        self.cursor.blank()
        redirected = Redirection(found[1] or "", found[2] or found[4], self.word())
        if redirected.operator in _HERE:
            self._pending.append(redirected)
        return redirected
