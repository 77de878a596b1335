"""In: the tokens of a script in some language. Out: calls of named functions with their literal arguments.

No more than literals are followed: strings, their concatenation and formatting, and names that are given one literal once
in the file. Everything else is a hole. Control flow is not followed: every call counts as reached from the top level.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from wardwatch.firmware.words import Call, CodeFacts, Data, Edge, Hole, Peer, Place, Text, Unread, Value

from .files import Files
from .shell.examine import handed
from .shell.simple import decoded

LARGEST: Final = 1 << 19
MOST_TOKENS: Final = 200_000
MOST_CALLS: Final = 2_000
MOST_ARGUMENTS: Final = 64
DEEPEST: Final = 12
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_FORMAT: Final = re.compile(r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[A-Za-z%]")
_BRACES: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}")


class Token(NamedTuple):
    """`kind` is 'name', 'text', 'number', 'sign' or 'line' (its end); a text's holes stand between braces (f-strings)."""

    kind: str
    value: str
    line: int
    formatted: bool = False


class Argument(NamedTuple):
    """One argument: its keyword if any, a text, or a list of texts."""

    keyword: str
    text: Text
    items: tuple[Text, ...] | None = None


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


class Called(NamedTuple):
    """A call as the words of the firmware domain have it."""

    name: str
    arguments: tuple[Value, ...]
    notes: Mapping[str, str]


Maker = Callable[[str, tuple[Argument, ...]], Iterator[Called]]

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
                    break
        return found

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
                return _filled(parts, _FORMAT, self._values(number + 1, end))
            elif token.kind == "sign" and token.value == "." and self._at(number + 1).value == "format" and parts:
                return _filled(parts, _BRACES, self._values(number + 2, end))
            elif token.kind == "line":
                pass
            elif expects:
                number = self._operand(number, end, parts)
                expects = False
                continue
            else:
                return Text((Hole(f"an expression in line {token.line}"),))
            number += 1
        return _joined(parts)

    def _formatted(self, token: Token) -> list[str | Hole]:
        """A text; of an f-string the names that are constants are filled in."""
        if not token.formatted:
            return [token.value]
        pieces: list[str | Hole] = []
        at = 0
        for found in _BRACES.finditer(token.value):
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
            parts += _filled([first.value], _FORMAT, values).parts
        else:
            parts.append(Hole(f"returned by {name}", (f"return:{name}",)))
        return max(behind, number + 1)


_CLOSING: Final = frozenset(_OPENING.values())
_END: Final = Token("end", "", 0)


def _filled(parts: list[str | Hole], form: re.Pattern[str], values: list[Text]) -> Text:
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
    return _joined(out)


def _written(place: str, left: list[Text]) -> tuple[str | Hole, ...]:
    if place in {"%%", "{{", "}}"}:
        return (place[0],)
    if place in {"%s", "%d", "%i", "%u", "{}"} and left:
        return left.pop(0).parts
    return (Hole(f"written to {place}"),)


def _joined(parts: list[str | Hole]) -> Text:
    out: list[str | Hole] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, str) and isinstance(last, str):
            out[-1] = last + part
        elif part != "":
            out.append(part)
    return Text(tuple(out))


def shell(name: str) -> Maker:
    """A function whose first argument is text for a shell."""

    def make(_: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
        if arguments:
            yield Called(name, (arguments[0].text,), {})

    return make


def named(name: str, count: int = 1) -> Maker:
    """A function of the system with texts as arguments."""

    def make(_: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
        texts = tuple(argument.text for argument in arguments if not argument.keyword)[:count]
        if texts:
            yield Called(name, texts, {})

    return make


def words(*before: str) -> Maker:
    """A function whose arguments are the words of a command, `before` them those that it stands for."""

    def make(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
        given = tuple(argument.text for argument in arguments if not argument.keyword)
        if given:
            yield Called("command", (*(Text((word,)) for word in before), *given), {"as": name})

    return make


def process(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
    """A function that takes a list of words, or with shell=True text for a shell."""
    if not arguments:
        return
    in_shell = any(
        each.keyword == "shell" and each.text.parts == (Hole("variable True", ("variable:True",)),)
        for each in arguments
    )
    first = arguments[0]
    if in_shell:
        yield Called("system", (first.text,), {"as": name})
    else:
        yield Called("command", first.items if first.items is not None else (first.text,), {"as": name})


def connect(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
    """A connection to (host, port), given as a pair or as two arguments."""
    given = [each for each in arguments if not each.keyword]
    if not given:
        return
    if given[0].items is None and len(given) == 1:
        return  # no pair: a connection of another kind, to a database for instance
    pair = given[0].items if given[0].items is not None else tuple(each.text for each in given[:2])
    port = pair[1].literal if len(pair) > 1 else None
    number = int(port) if port and re.fullmatch(r"\d{1,5}", port) else None
    if pair:
        yield Called("connect", (Hole("a socket"), Peer(pair[0], number)), {"as": name})


def opened_url(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
    """A function that is given a URL, and perhaps data to send there."""
    given = [each for each in arguments if each.keyword in {"", "url"}]
    if not given:
        return
    sent = next((each for each in arguments if each.keyword in {"data", "json", "files"}), None)
    more = (Data(sent.text),) if sent else ()
    yield Called("urlopen", (given[0].text, *more), {"as": name})
