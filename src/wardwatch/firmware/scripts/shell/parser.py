"""In: the text of a shell script. Out: what it is made of; what is not understood is a problem, and reading goes on.

POSIX.1-2024, volume 3, section 2.10, and of Bash and BusyBox ash what scripts use: `[[ ]]`, `(( ))`, `function`,
arrays, `&>`. A parser of our own because tree-sitter-bash cannot be bounded: 32 kB of `a|` take gigabytes in it.
"""

import re
from collections.abc import Callable  # noqa: TC003  # a local annotation; a block for it would be longer
from functools import lru_cache
from typing import Final

from wardwatch.firmware.words import Hole

from .commandreader import CommandReader
from .cursor import Cursor
from .syntax import (
    AndOr,
    Background,
    Case,
    Command,
    Definition,
    For,
    If,
    Literal,
    Loop,
    Node,
    Pipeline,
    Redirected,
    Script,
    Sequence,
    Subshell,
    Word,
)

_CLOSING: Final = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
_DEFINITION: Final = re.compile(r"""([^\s|&;()<>"'\\$`=#][^\s|&;()<>"'\\$`=]*)[ \t]*\([ \t]*\)""")
_NAME: Final = re.compile(r"""[^\s|&;()<>"'\\$`]+""")
_JOIN: Final = re.compile(r"&&|\|\|")
_PIPE: Final = re.compile(r"\|&?(?!\|)")
_BACKGROUND: Final = re.compile(r"&(?![&>])")
_SEPARATOR: Final = re.compile(r";(?![;&])")
_CASE_END: Final = re.compile(r";;&|;;|;&")
_IN: Final = re.compile(r"in(?=\s|\Z)")
_STRAY: Final = re.compile(r"[A-Za-z]+|;;|.", re.DOTALL)


class Parser(CommandReader):
    """Reads commands."""

    def script(self) -> Script:
        """Everything."""
        items: list[Node] = []
        while not self.cursor.ended:
            items.extend(self.commands().items)
            if stray := self.cursor.take(_STRAY):
                self.cursor.problem(f"'{stray[0]}' where no command can stand")
        return Script(Sequence(tuple(items)), tuple(self.cursor.problems))

    def commands(self) -> Sequence:
        """Commands up to what closes them; the caller looks at what that is."""
        items: list[Node] = []
        while node := self._item():
            items.append(node)
        return Sequence(tuple(items))

    def inner(self, text: str) -> Sequence:
        """The commands of `text`, which stood within backquotes."""
        inside = Parser(Cursor(text, self.cursor.line, self.cursor.depth + 1), self.holes)
        body = inside.script()
        self.cursor.problems.extend(body.problems)
        return body.body

    def _item(self) -> Node | None:
        self._newlines()
        node = self._and_or()
        if node is None:
            return None
        self.cursor.blank()
        if self.cursor.take(_BACKGROUND):
            return Background(node)
        self.cursor.take(_SEPARATOR)
        return node

    def _and_or(self) -> Node | None:
        first = self._pipeline()
        if first is None:
            return None
        rest: list[tuple[str, Node]] = []
        while joined := self.cursor.take(_JOIN):
            self._newlines()
            following = self._pipeline()
            if following is None:
                self.cursor.problem(f"nothing follows '{joined[0]}'")
                break
            rest.append((joined[0], following))
        return AndOr(first, tuple(rest)) if rest else first

    def _pipeline(self) -> Node | None:
        negated = self._negated()
        parts = [part for part in (self._command(),) if part]
        while parts and self._blank_then(_PIPE):
            self._newlines()
            part = self._command()
            if part is None:
                self.cursor.problem("nothing follows '|'")
                break
            parts.append(part)
        if not parts:
            return None
        return Pipeline(tuple(parts), negated) if negated or len(parts) > 1 else parts[0]

    def _command(self) -> Node | None:
        if self._negated():
            self.cursor.problem("'!' stands where no pipeline begins")
        word, line = self._reserved(), self.cursor.line
        if word in _CLOSING or self.cursor.ended:
            return None
        if not word and self.cursor.next != "(":
            return self._definition() or self._simple()
        if not self.deeper():
            return None
        node = self._compound(word)
        self.cursor.depth -= 1
        redirections = self._redirections()
        return Redirected(node, redirections, line) if redirections else node

    def _compound(self, word: str) -> Node:
        readers: dict[str, Callable[[], Node]] = {
            "if": self._if,
            "while": self._loop,
            "until": lambda: self._loop(negated=True),
            "for": self._for,
            "select": self._for,
            "case": self._case,
            "{": self._group,
            "function": self._function,
            "[[": self._test,
        }
        self.cursor.at += len(word)
        return readers[word]() if word else self._parenthesis()

    def _expect(self, word: str) -> bool:
        """Pass over a word that must stand here; where it does not, say so and go on without it."""
        self._newlines()
        if self._reserved() == word:
            self.cursor.at += len(word)
            return True
        self.cursor.problem(f"'{word}' is missing")
        return False

    def _if(self) -> If:
        arms: list[tuple[Sequence, Sequence]] = []
        otherwise = Sequence()
        while True:
            condition = self.commands()
            self._expect("then")
            arms.append((condition, self.commands()))
            if self._reserved() != "elif":
                break
            self.cursor.at += 4
        if self._reserved() == "else":
            self.cursor.at += 4
            otherwise = self.commands()
        self._expect("fi")
        return If(tuple(arms), otherwise)

    def _body(self) -> Sequence:
        self._blank_then(_SEPARATOR)
        self._expect("do")
        body = self.commands()
        self._expect("done")
        return body

    def _loop(self, *, negated: bool = False) -> Loop:
        condition = self.commands()
        return Loop(condition, self._body(), negated)

    def _for(self) -> Node:
        line = self.cursor.line
        self.cursor.blank()
        if self.cursor.eat("(("):
            self.cursor.until("))", "an expression")
            return For("", (Word(),), self._body(), line)
        name = self.cursor.take(_NAME)
        self._newlines()
        words: tuple[Word, ...] | None = None
        if self.cursor.take(_IN):
            words = tuple(self._words())
        return For(name[0] if name else "", words, self._body(), line)

    def _case(self) -> Case:
        line = self.cursor.line
        self.cursor.blank()
        subject = self.word()
        self._newlines()
        if not self.cursor.take(_IN):
            self.cursor.problem("'in' is missing")
        arms: list[tuple[tuple[Word, ...], Sequence, str]] = []
        while True:
            self._newlines()
            if self._reserved() == "esac" or self.cursor.ended:
                break
            patterns = self._patterns()
            if patterns is None:
                break
            body = self.commands()
            end = self.cursor.take(_CASE_END)
            arms.append((patterns, body, end[0] if end else ";;"))
            if not end and self._reserved() != "esac":
                break
        self._expect("esac")
        return Case(subject, tuple(arms), line)

    def _patterns(self) -> tuple[Word, ...] | None:
        self.cursor.eat("(")
        patterns: list[Word] = []
        while True:
            self.cursor.blank()
            patterns.append(self.word())
            self.cursor.blank()
            if not self.cursor.eat("|"):
                break
        if self.cursor.eat(")"):
            return tuple(patterns)
        self.cursor.problem("')' is missing behind a pattern")
        return None

    def _group(self) -> Node:
        body = self.commands()
        self._expect("}")
        return body

    def _parenthesis(self) -> Node:
        if self.cursor.text.startswith("((", self.cursor.at) and (end := self._arithmetic_end(self.cursor.at + 2)):
            inside = self.cursor.text[self.cursor.at + 2 : end]
            line, self.cursor.at = self.cursor.line, end + 2
            words = (Word((Literal("let"),)), self.quoted_text(inside, line))
            return Command((), words, (), line)
        self.cursor.at += 1
        body = self.commands()
        if not self.cursor.eat(")"):
            self.cursor.problem("a parenthesis is not closed")
        return Subshell(body)

    def _test(self) -> Node:
        """`[[ ... ]]` as a command of words, its operators among them."""
        line, words = self.cursor.line, [Word((Literal("[["),))]
        while not self.cursor.ended:
            self._newlines()
            before = self.cursor.at
            word = self.word()
            if self.cursor.at == before:
                operator = self.cursor.take(_JOIN) or self.cursor.take(_STRAY)
                word = Word((Literal(operator[0] if operator else ""),))
            words.append(word)
            if word.bare == "]]":
                return Command((), tuple(words), (), line)
        self.cursor.problem("']]' is missing")
        return Command((), tuple(words), (), line)

    def _function(self) -> Node:
        self.cursor.blank()
        name = self.cursor.take(_NAME)
        self._blank_then(re.compile(r"\([ \t]*\)"))
        return self._defined(name[0] if name else "")

    def _definition(self) -> Node | None:
        found = self.cursor.take(_DEFINITION)
        if not found or not self.deeper():
            return None
        node = self._defined(found[1])
        self.cursor.depth -= 1
        return node

    def _defined(self, name: str) -> Node:
        first = self.cursor.line
        self._newlines()
        body = self._command()
        if body is None:
            self.cursor.problem(f"the function '{name}' has no body")
        return Definition(name, body or Sequence(), first, self.cursor.line)


def parse(text: str, holes: tuple[Hole, ...] = (), line: int = 1, depth: int = 0) -> Script:
    """What `text` is made of. Characters from HOLE_MARKS on stand for `holes`."""
    return _parsed(text.replace("\r\n", "\n").replace("\0", ""), holes, line, depth)


@lru_cache(maxsize=64)
def _parsed(text: str, holes: tuple[Hole, ...], line: int, depth: int) -> Script:
    return Parser(Cursor(text, line, depth), holes).script()
