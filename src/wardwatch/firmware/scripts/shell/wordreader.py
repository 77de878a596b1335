"""In: a cursor before a word. Out: the word's parts: quoting, expansions, and holes the text came with.

POSIX.1-2024, volume 3, sections 2.2 and 2.6; of Bash and BusyBox ash also `$'...'`, `${x/a/b}`, `${x:1:2}`, `<(...)`.
"""

import re
from typing import Final

from wardwatch.firmware.words import Hole

from .cursor import DEEPEST, Cursor
from .syntax import Arithmetic, Given, Literal, Parameter, Part, Sequence, Substitution, Word

HOLE_MARKS: Final = 0xF0000
"""Holes of a text stand in it as characters from here on (private use, plane 15), one for each."""

_MARK: Final = re.compile("[\U000f0000-\U000ffffd]")
_PLAIN: Final = re.compile(r"""[^ \t\r\f\v\n|&;()<>"'\\$`]+""")
_PLAIN_INSIDE: Final = re.compile(r"[^\"\\$`}]+")
_IN_QUOTES: Final = re.compile(r'[^"\\$`]+')
_PARAMETER: Final = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_IN_BRACES: Final = re.compile(r"(#|!)?([A-Za-z_]\w*|[0-9]+|[@*#?$!-])(\[[^\]\n]*\])?")
_OPERATOR: Final = re.compile(r":[-=?+]|##?|%%?|//?|\^\^?|,,?|:|@|[-=?+]")
_ANSI: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_ANSI_END: Final = re.compile(r"((?:[^'\\]|\\.)*)'", re.DOTALL)
_BACKQUOTED: Final = re.compile(r"((?:[^`\\]|\\.)*)`", re.DOTALL)
_ANSI_SIGNS: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_PAREN: Final = re.compile("[()]")

DEEP: Final = Given(Hole("a construct nested too deeply to be read"), quoted=True)


def ansi(text: str) -> str:
    r"""`text` with backslash escapes resolved, as in `$'...'` and in printf's format."""

    def sign(found: re.Match[str]) -> str:
        if found[1] or found[2]:
            return chr(int(found[1], 16) if found[1] else int(found[2], 8) & 0xFF)
        return _ANSI_SIGNS.get(found[3], found[3] if found[3] in "\\'\"?" else found[0])

    return _ANSI.sub(sign, text)


class WordReader:
    """Reads words; what stands inside `$(...)` is read by `commands`, which the parser adds."""

    def __init__(self, cursor: Cursor, holes: tuple[Hole, ...]) -> None:
        self.cursor = cursor
        self.holes = holes

    def commands(self) -> Sequence:
        """The commands up to a closing parenthesis or the text's end."""
        raise NotImplementedError

    def inner(self, text: str) -> Sequence:
        """The commands of `text`, which stood within backquotes."""
        raise NotImplementedError

    def word(self) -> Word:
        """The word that stands here; no parts where none does."""
        parts: list[Part] = []
        while not self.cursor.ended and self._piece(parts):
            pass
        return Word(_joined(parts))

    def quoted_text(self, text: str, line: int) -> Word:
        """`text` expanded as inside double quotes, where a double quote means itself: a here-document."""
        reader = type(self)(Cursor(text, line, self.cursor.depth + 1), self.holes)
        if reader.cursor.depth > DEEPEST:
            return Word((DEEP,))
        parts: list[Part] = []
        while not reader.cursor.ended:
            if reader.cursor.eat('"'):
                parts.append(Literal('"', quoted=True))
            else:
                reader.quoted_piece(parts)
        self.cursor.problems.extend(reader.cursor.problems)
        return Word(_joined(parts))

    def literal(self, text: str, *, quoted: bool) -> list[Part]:
        """`text` as parts: a mark becomes the hole it stands for."""
        if not self.holes or not _MARK.search(text):
            return [Literal(text, quoted)]
        parts: list[Part] = []
        for piece in re.split(f"({_MARK.pattern})", text):
            number = ord(piece) - HOLE_MARKS if len(piece) == 1 else -1
            if 0 <= number < len(self.holes):
                parts.append(Given(self.holes[number], quoted))
            elif piece:
                parts.append(Literal(piece, quoted))
        return parts

    def _piece(self, parts: list[Part], plain: re.Pattern[str] = _PLAIN) -> bool:
        cursor = self.cursor
        if found := cursor.take(plain):
            parts.extend(self.literal(found[0], quoted=False))
        elif cursor.eat("'"):
            parts.extend(self.literal(cursor.until("'", "a single quote"), quoted=True))
        elif cursor.eat('"'):
            self._double_quoted(parts)
        elif cursor.eat("\\"):
            self._escaped(parts)
        elif cursor.eat("$"):
            parts.append(self._dollar(quoted=False))
        elif cursor.eat("`"):
            parts.append(self._backquoted(quoted=False))
        elif cursor.text.startswith(("<(", ">("), cursor.at):
            cursor.at += 2
            self._enclosed()
            parts.append(Given(Hole("a pipe to other commands"), quoted=True))
        else:
            return False
        return True

    def _escaped(self, parts: list[Part]) -> None:
        sign = self.cursor.next
        self.cursor.at += 1
        if sign != "\n":
            parts.extend(self.literal(sign or "\\", quoted=True))

    def _double_quoted(self, parts: list[Part]) -> None:
        parts.append(Literal("", quoted=True))
        while not self.cursor.eat('"'):
            if self.cursor.ended:
                self.cursor.problem("a double quote is not closed")
                return
            self.quoted_piece(parts)

    def quoted_piece(self, parts: list[Part]) -> None:
        """One piece of what stands in double quotes."""
        cursor = self.cursor
        if found := cursor.take(_IN_QUOTES):
            parts.extend(self.literal(found[0], quoted=True))
        elif cursor.eat("\\"):
            sign = cursor.next
            cursor.at += 1
            if sign != "\n":
                parts.extend(self.literal(sign if sign and sign in '$`"\\' else "\\" + sign, quoted=True))
        elif cursor.eat("$"):
            parts.append(self._dollar(quoted=True))
        elif cursor.eat("`"):
            parts.append(self._backquoted(quoted=True))

    def _dollar(self, *, quoted: bool) -> Part:  # noqa: PLR0911  # one return a kind of expansion
        cursor = self.cursor
        if cursor.text.startswith("((", cursor.at) and (end := self._arithmetic_end(cursor.at + 2)):
            inside = cursor.text[cursor.at + 2 : end]
            line, cursor.at = cursor.line, end + 2
            return Arithmetic(self.quoted_text(inside, line), quoted)
        if cursor.eat("("):
            return self._substituted(quoted=quoted)
        if cursor.eat("{"):
            return self._braced(quoted=quoted)
        if not quoted and cursor.eat("'"):
            found = cursor.take(_ANSI_END)
            return Literal(ansi(found[1] if found else cursor.until("'", "a quote")), quoted=True)
        if not quoted and cursor.next == '"':
            return Literal("", quoted=True)
        if found := cursor.take(_PARAMETER):
            return Parameter(found[0], quoted=quoted)
        return Literal("$", quoted=quoted)

    def _arithmetic_end(self, start: int) -> int:
        """Where `))` closes what `$((` began; 0 where it is a subshell inside `$(...)`."""
        depth = 2
        for found in _PAREN.finditer(self.cursor.text, start):
            depth += 1 if found[0] == "(" else -1
            if depth == 1:
                end = found.start()
                return end if self.cursor.text[end + 1 : end + 2] == ")" else 0
        return 0

    def _substituted(self, *, quoted: bool) -> Part:
        body = self._enclosed()
        return DEEP if body is None else Substitution(body, quoted)

    def _enclosed(self) -> Sequence | None:
        """The commands up to the closing parenthesis; None, and the rest is given up, where it is too deep."""
        cursor = self.cursor
        if not self.deeper():
            return None
        body = self.commands()
        cursor.depth -= 1
        if not cursor.eat(")"):
            cursor.problem("a parenthesis is not closed")
        return body

    def deeper(self) -> bool:
        """Count one more construct within constructs; give up the rest of the text where it is one too many."""
        self.cursor.depth += 1
        if self.cursor.depth <= DEEPEST:
            return True
        self.cursor.depth -= 1
        self.cursor.problem("constructs are nested too deeply; what follows was not read")
        self.cursor.at = len(self.cursor.text)
        return False

    def _backquoted(self, *, quoted: bool) -> Part:
        cursor = self.cursor
        found = cursor.take(_BACKQUOTED)
        text = found[1] if found else cursor.until("`", "a backquote")
        if cursor.depth >= DEEPEST:
            cursor.problem("commands are nested too deeply")
            return DEEP
        return Substitution(self.inner(re.sub(r'\\([`\\$"])' if quoted else r"\\([`\\$])", r"\1", text)), quoted)

    def _braced(self, *, quoted: bool) -> Part:
        cursor = self.cursor
        found = cursor.take(_IN_BRACES)
        if not found:
            return Literal("${" + cursor.until("}", "a brace"), quoted)
        prefix, name, index = found[1] or "", found[2], found[3] or ""
        if prefix == "#" and cursor.next != "}":
            cursor.at = found.start() + 1
            prefix, name = "", "#"
        elif cursor.eat("}"):
            operator = {"#": "#len", "!": "indirect"}.get(prefix, "")
            return Parameter(name, operator if index in {"", "[@]", "[*]"} else "element", quoted=quoted)
        operator = self._operator()
        return Parameter(name, operator, self._argument(quoted=quoted), quoted)

    def _operator(self) -> str:
        found = self.cursor.take(_OPERATOR)
        return found[0] if found else "?"

    def _argument(self, *, quoted: bool) -> Word:
        if not self.deeper():
            return Word((DEEP,))
        parts: list[Part] = []
        while not self.cursor.eat("}"):
            if self.cursor.ended:
                self.cursor.problem("a brace is not closed")
                break
            self._inside_braces(parts, quoted=quoted)
        self.cursor.depth -= 1
        return Word(_joined(parts))

    def _inside_braces(self, parts: list[Part], *, quoted: bool) -> None:
        if quoted and self.cursor.next == "'":
            self.cursor.at += 1
            parts.append(Literal("'", quoted=True))
        elif quoted and self.cursor.next == '"':
            self.cursor.at += 1  # inner quotes of "${x:-"y"}" only group
        elif not self._piece(parts, _PLAIN_INSIDE if quoted else _PLAIN_IN_BRACES):
            parts.append(Literal(self.cursor.next))
            self.cursor.at += 1


_PLAIN_IN_BRACES: Final = re.compile(r"""[^"'\\$`}<>]+""")


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Neighbouring literals of one quoting as one."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.quoted == last.quoted:
            out[-1] = Literal(last.text + part.text, part.quoted)
        else:
            out.append(part)
    return tuple(out)
