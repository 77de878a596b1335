"""In: the tokens of a script in some language. Out: calls of named functions with their literal arguments.

No more than literals are followed: strings, their concatenation and formatting, and names that are given one literal
once in the file. Everything else is a hole. Control flow is not followed: every call counts as reached from the top.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from wardwatch.firmware.words import Call, CodeFacts, Edge, Hole, Place, Text, Unread

from .files import Files
from .formats import BRACES, FORMAT, filled, joined
from .literal_calls import Argument, Called, Maker
from .shell.examine import handed
from .shell.starting import decoded

LARGEST: Final = 1 << 19
MOST_TOKENS: Final = 200_000
MOST_CALLS: Final = 2_000
MOST_ARGUMENTS: Final = 64
DEEPEST: Final = 12
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    """`kind` is 'name', 'text', 'number', 'sign' or 'line' ; a formatted text's holes stand between braces."""

    kind: str
    value: str
    line: int
    formatted: bool = False


@dataclass(frozen=True, slots=True)
class Grammar:
    """What differs between languages: how tokens are read, what joins texts, and which functions matter.

    `functions` maps the end of a dotted name to what makes calls of its arguments. `bare`: a function may be called
    with a text and no parentheses.
    """

    name: str
    tokens: Callable[[str], Iterator[Token]]
    joining: str
    functions: Mapping[str, "Maker"]
    bare: bool = False


UNKNOWN: Final = Text((Hole("an argument that is not given"),))


def examined(file: str, data: bytes, files: Files, grammar: Grammar) -> CodeFacts:
    """The literal calls of a script."""
    tokens = list(_bounded(grammar.tokens(decoded(data[:LARGEST]))))
    reader = _Reader(tokens, grammar)
    calls: list[Call] = []
    edges: dict[Edge, None] = {}
    for line, called in reader.calls():
        at = Place(file, line=line)
        calls.append(
            Call(
                called.name, called.arguments, at, order=len(calls) + 1, notes={"literal": grammar.name, **called.notes}
            )
        )
        for edge in _started(called, at, files):
            edges[edge] = None
        if len(calls) >= MOST_CALLS:
            break
    cut = len(data) > LARGEST or len(tokens) >= MOST_TOKENS or len(calls) >= MOST_CALLS
    unread = (
        (Unread(Place(file), "the rest of the script", "it is longer than what is read of one", ("*",)),) if cut else ()
    )
    return CodeFacts(file, grammar.name, tuple(calls), tuple(edges), unread=unread, code_bytes=min(len(data), LARGEST))


def _bounded(tokens: Iterator[Token]) -> Iterator[Token]:
    for number, token in enumerate(tokens):
        if number >= MOST_TOKENS:
            return
        yield token


def _started(called: Called, at: Place, files: Files) -> tuple[Edge, ...]:
    """What of the image a command or a text for a shell starts."""
    texts = [argument for argument in called.arguments if isinstance(argument, Text)]
    if called.name in {"system", "popen"} and texts:
        return handed(texts[0], at, files)[1]
    if called.name == "command" and texts and (known := texts[0].literal):
        return handed(Text((known,)), at, files)[1] if re.fullmatch(r"[\w./+-]+", known) else ()
    return ()


class _Reader:
    def __init__(self, tokens: list[Token], grammar: Grammar) -> None:
        self.tokens = tokens
        self.grammar = grammar
        self.constants = self._constants()

    def _at(self, number: int) -> Token:
        return self.tokens[number] if 0 <= number < len(self.tokens) else _END

    def _constants(self) -> dict[str, str]:
        """Names given a literal text, and given anything only once."""
        given: dict[str, list[str | None]] = {}
        for number, token in enumerate(self.tokens):
            following = self._at(number + 1)
            if (
                token.kind != "name"
                or following.value != "="
                or following.kind != "sign"
                or self._at(number - 1).value in {".", ":"}
            ):
                continue
            value, behind = self._at(number + 2), self._at(number + 3)
            plain = (
                value.kind == "text"
                and not value.formatted
                and behind.value not in {self.grammar.joining, "%", ".", "("}
            )
            given.setdefault(token.value, []).append(value.value if plain and behind.kind != "text" else None)
        return {name: values[0] for name, values in given.items() if len(values) == 1 and values[0] is not None}

    def calls(self) -> Iterator[tuple[int, Called]]:
        """Each call of a function that matters, in the order of the text."""
        for number, token in enumerate(self.tokens):
            follows = self._at(number + 1)
            opens = follows.kind == "sign" and follows.value == "("
            bare = self.grammar.bare and follows.kind == "text"
            if token.kind != "name" or not (opens or bare) or self._at(number - 1).value in {"def", "function"}:
                continue
            name = self._dotted(number)
            if maker := self._maker(name):
                arguments = self._arguments(number + 2) if opens else (Argument("", Text((follows.value,))),)
                yield from ((token.line, called) for called in maker(name, arguments))

    def _dotted(self, number: int) -> str:
        name = self._at(number).value
        for _ in range(DEEPEST):
            if self._at(number - 1).value not in {".", ":"} or self._at(number - 2).kind != "name":
                break
            number -= 2
            name = f"{self._at(number).value}.{name}"
        return name

    def _maker(self, name: str) -> Maker | None:
        functions = self.grammar.functions
        last = name.rpartition(".")[2]
        return (
            functions.get(name)
            or functions.get(".".join(name.split(".")[-2:]))
            or functions.get(f"*.{last}" if "." in name else last)
        )

    def _arguments(self, at: int) -> tuple[Argument, ...]:
        found: list[Argument] = []
        for start, end in self._divided(at, ")"):
            if len(found) < MOST_ARGUMENTS and end > start:
                found.append(self._argument(start, end))
        return tuple(found)

    def _divided(self, at: int, closing: str) -> list[tuple[int, int]]:
        """The stretches between commas up to what closes them."""
        found: list[tuple[int, int]] = []
        depth, start = 0, at
        for number in range(at, min(len(self.tokens), at + 4096)):
            token = self.tokens[number]
            if token.kind != "sign":
                continue
            if token.value in _OPENING:
                depth += 1
            elif depth and token.value in _CLOSING:
                depth -= 1
            elif token.value in {",", closing} and not depth:
                found.append((start, number))
                start = number + 1
                if token.value == closing:
                    return found
        return [*found, (start, min(len(self.tokens), at + MOST_ARGUMENTS))]

    def _argument(self, start: int, end: int) -> Argument:
        keyword = ""
        if self._at(start).kind == "name" and self._at(start + 1).value == "=" and start + 1 < end:
            keyword, start = self._at(start).value, start + 2
        first = self._at(start)
        if first.kind == "sign" and first.value in {"[", "(", "{"} and self._at(end - 1).value == _OPENING[first.value]:
            items = tuple(self._text(s, e) for s, e in self._divided(start + 1, _OPENING[first.value]) if e > s)
            return Argument(keyword, items[0] if items else UNKNOWN, items[:MOST_ARGUMENTS])
        return Argument(keyword, self._text(start, end))

    def _text(self, start: int, end: int) -> Text:
        """The tokens as one text: literals joined, everything else a hole."""
        parts: list[str | Hole] = []
        number, expects = start, True
        while number < end:
            token = self._at(number)
            if token.kind == "text" and (expects or self.grammar.joining == "+"):
                parts += self._formatted(token)
                expects = False
            elif token.kind == "sign" and token.value == self.grammar.joining and not expects:
                expects = True
            elif token.kind == "sign" and token.value == "%" and parts and not expects:
                return filled(parts, FORMAT, self._values(number + 1, end))
            elif token.kind == "sign" and token.value == "." and self._at(number + 1).value == "format" and parts:
                return filled(parts, BRACES, self._values(number + 2, end))
            elif token.kind == "line":
                pass
            elif expects:
                number = self._operand(number, end, parts)
                expects = False
                continue
            else:
                return Text((Hole(f"an expression in line {token.line}"),))
            number += 1
        return joined(parts)

    def _formatted(self, token: Token) -> list[str | Hole]:
        """A text; of an f-string the names that are constants are filled in."""
        if not token.formatted:
            return [token.value]
        pieces: list[str | Hole] = []
        at = 0
        for found in BRACES.finditer(token.value):
            pieces.append(token.value[at : found.start()])
            name = found[0][1:-1]
            doubled = found[0] in {"{{", "}}"}
            known = found[0][0] if doubled else self.constants.get(name)
            pieces.append(Hole(f"value of {name}", (f"variable:{name}",)) if known is None else known)
            at = found.end()
        return [*pieces, token.value[at:]]

    def _values(self, start: int, end: int) -> list[Text]:
        """What is written into a format: one value, or several in parentheses."""
        if self._at(start).value != "(":
            return [self._text(start, end)]
        return [self._text(first, behind) for first, behind in self._divided(start + 1, ")") if behind > first]

    def _operand(self, number: int, end: int, parts: list[str | Hole]) -> int:
        """A name, a call or a number: its constant, or a hole; the place behind it."""
        token = self._at(number)
        if token.kind == "number":
            parts.append(token.value)
            return number + 1
        begin, name = number, token.value
        while number + 1 < end and self._at(number + 1).value in {".", ":"}:
            number += 2
            name = f"{name}.{self._at(number).value}"
        if token.kind != "name":
            parts.append(Hole(f"an expression in line {token.line}"))
            return end
        if self._at(number + 1).value == "(" and number + 1 < end:
            return self._returned(name, number, end, parts)
        if begin == number and name in self.constants:
            parts.append(self.constants[name])
        else:
            parts.append(Hole(f"variable {name}", (f"variable:{name}",)))
        return number + 1

    def _returned(self, name: str, number: int, end: int, parts: list[str | Hole]) -> int:
        stretches = self._divided(number + 2, ")")
        behind = stretches[-1][1] + 1 if stretches else end
        first = self._at(number + 2)
        if name in {"string.format", "format"} and first.kind == "text":
            values = [self._text(s, e) for s, e in stretches[1:] if e > s]
            parts += filled([first.value], FORMAT, values).parts
        else:
            parts.append(Hole(f"returned by {name}", (f"return:{name}",)))
        return max(behind, number + 1)


_CLOSING: Final = frozenset(_OPENING.values())
_END: Final = Token("end", "", 0)
