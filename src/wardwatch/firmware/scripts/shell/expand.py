"""In: words and the world they stand in. Out: the fields they expand to (POSIX.1-2024, volume 3, section 2.6)."""

import re
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Final, NamedTuple

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.words import Guard

from .arithmetic import value_of
from .patterns import MOST_COMPARED, cased, matched, splitter
from .syntax import Arithmetic, Given, Literal, Parameter, Part, Sequence, Substitution, Word
from .values import NOTHING, Choice, Value, chosen, closed, first_choice, hole, joined, literal, one_of, shown_as, text
from .world import World

MOST_FIELDS: Final = 512
_NODES_A_STEP: Final = 256
"""Nodes of the tree whose comparing with a pattern counts as a step."""
_SIGNS: Final = re.compile(r"[*?\[]")
_ESCAPED: Final = re.compile(r"([*?\[\]\\])")


class Expanded(NamedTuple):
    """One field. `loose`: a hole in it stood unquoted, so that it may be several words, or none."""

    value: Value
    loose: bool = False


class _Piece(NamedTuple):
    value: Value
    splits: bool
    quoted: bool


class Expander:
    """Expands words; each choice met is made one way, and `asked` says which were met."""

    def __init__(
        self,
        world: World,
        files: Files,
        run: Callable[[Sequence, World], Value],
        charge: Callable[[int], None],
        *,
        closes: bool = False,
    ) -> None:
        self.world = world
        self.files = files
        self.run = run
        self.charge = charge
        self.closes = closes
        self.fixed = dict(world.fixed)
        self.asked: dict[Hashable, Choice] = {}

    def fields(self, words: Iterable[Word], whole: Callable[[Word], bool] = lambda _: False) -> list[Expanded]:
        """All fields of all words; one a word where `whole` says so (`export A=$B`)."""
        out: list[Expanded] = []
        for number, word in enumerate(words):
            self.charge(int(number % 16 == 1))
            out.extend((Expanded(self.one(word)),) if whole(word) else self._word(word))
            if len(out) > MOST_FIELDS:
                return [*out[:MOST_FIELDS], Expanded(hole("the rest of a long list of words"), loose=True)]
        return out

    def one(self, word: Word) -> Value:
        """The word as one field: no splitting, no file names (assignments, redirections, case)."""
        pieces = self._pieces(word)
        return pieces[0].value if len(pieces) == 1 else joined(piece.value for piece in pieces)

    def pattern(self, word: Word) -> str | None:
        """The word as a pattern, its quoted signs meaning themselves; None where it is not known."""
        out = []
        for piece in self._pieces(word):
            known = literal(piece.value)
            if known is None:
                return None
            out.append(_ESCAPED.sub(r"[\1]", known) if piece.quoted else known)
        return "".join(out).replace("[\\]", "[\\\\]").replace("[]]", "]")

    def _word(self, word: Word) -> Iterable[Expanded]:
        if (plain := word.bare) is not None and not _SIGNS.search(plain) and not plain.startswith("~"):
            return (Expanded(text(plain)),) if plain else ()
        fields = list(self._fields(word))
        return [field for each in fields for field in self._file_names(*each)]

    def _fields(self, word: Word) -> Iterable[tuple[list[_Piece], bool]]:
        """Fields as pieces, section 2.6.5; whether something quoted was among them, so that they stay though empty."""
        field: list[_Piece] = []
        kept = False
        for piece in self._arguments_or_pieces(word):
            if piece is None:
                yield field, kept
                field, kept = [], False
            elif not piece.splits:
                field.append(piece)
                kept = True
            else:
                for number, part in enumerate(self._split(piece.value)):
                    if number and (field or kept):
                        yield field, kept
                        field, kept = [], False
                    if part:
                        field.append(_Piece(part, splits=True, quoted=False))
        if field or kept:
            yield field, kept

    def _arguments_or_pieces(self, word: Word) -> Iterable[_Piece | None]:
        """Pieces; None where "$@" ends one field and begins the next."""
        for part in word.parts:
            several = isinstance(part, Parameter) and part.name in "@*" and not part.operator
            if several and self.world.arguments is not None and not (part.quoted and _name(part) == "*"):
                for number, argument in enumerate(self.world.arguments):
                    if number:
                        yield None
                    yield _Piece(self.settled(argument), splits=not part.quoted, quoted=part.quoted)
            elif several and part.quoted and _name(part) == "@":
                yield _Piece(self._parameter("@"), splits=True, quoted=False)
            elif isinstance(part, Literal) and not part.quoted and part.text.startswith("~") and part is word.parts[0]:
                yield _Piece(self._home(part.text), splits=False, quoted=False)
            else:
                empty_beside_arguments = isinstance(part, Literal) and part.quoted and not part.text
                if not (empty_beside_arguments and any(_is_all(other) for other in word.parts)):
                    yield self._piece(part)

    def _home(self, written: str) -> Value:
        name, slash, rest = written.partition("/")
        return joined((self._parameter("HOME"), text(slash + rest))) if name == "~" else text(written)

    def _split(self, value: Value) -> list[Value]:
        """Split at the signs of IFS, where that is not known at blanks."""
        separators = literal(self.world.variables.get("IFS", (" \t\n",)))
        if separators == "":
            return [value]
        fields: list[list[Value]] = [[]]
        for part in value:
            if not isinstance(part, str):
                fields[-1].append((part,))
                continue
            first, *others = splitter(separators or " \t\n").split(part)
            fields[-1].append(text(first))
            fields.extend([text(other)] for other in others)
        return [joined(field) for field in fields]

    def _file_names(self, pieces: list[_Piece], kept: bool) -> Iterable[Expanded]:  # noqa: FBT001  # a pair, unpacked
        value = pieces[0].value if len(pieces) == 1 else joined(piece.value for piece in pieces)
        if not value and not kept:
            return ()
        loose = any(piece.splits and closed(piece.value).holes for piece in pieces)
        known = literal(value)
        if known is None or not _SIGNS.search(known) or all(piece.quoted for piece in pieces):
            return (Expanded(value, loose),)
        if any(piece.quoted and _SIGNS.search(literal(piece.value) or "") for piece in pieces):
            return (Expanded(value),)
        folder = literal(self.world.variables.get("PWD", ("/",)))
        if not known.startswith("/") and folder is None:
            return (Expanded(value),)
        self.charge(1 + known.count("*") * len(self.files) // _NODES_A_STEP)
        found = self.files.matching(known if known.startswith("/") else f"{folder}/{known}")
        if not known.startswith("/"):
            found = tuple(path[len(folder or "") :].lstrip("/") for path in found)
        return tuple(Expanded(text(path)) for path in found) or (Expanded(value),)

    def _pieces(self, word: Word) -> list[_Piece]:
        return [self._piece(part) for part in word.parts]

    def _piece(self, part: Part) -> _Piece:
        if isinstance(part, Literal):
            return _Piece(text(part.text), splits=False, quoted=part.quoted)
        if isinstance(part, Given):
            return _Piece((part.hole,), splits=not part.quoted, quoted=part.quoted)
        if isinstance(part, Substitution):
            return _Piece(self.settled(self.run(part.body, self.world)), splits=not part.quoted, quoted=part.quoted)
        if isinstance(part, Arithmetic):
            return _Piece(value_of(self.one(part.expression), self.lookup), splits=False, quoted=part.quoted)
        return _Piece(self.settled(self._operated(part)), splits=not part.quoted, quoted=part.quoted)

    def settled(self, value: Value) -> Value:
        """`value` with its choices made: as `fixed` says, the others the first way and asked for."""
        value = chosen(value, self.fixed)
        while choice := first_choice(value, {}):
            if self.closes:
                return tuple(one_of(o for _, o in p.options) if isinstance(p, Choice) else p for p in value)
            self.asked.setdefault(choice.key, choice)
            self.fixed[choice.key] = 0
            value = chosen(value, self.fixed)
        return value

    def lookup(self, name: str) -> Value:
        """A variable, its choices made."""
        return self.settled(self._parameter(name))

    def _parameter(self, name: str) -> Value:  # noqa: PLR0911  # one return a kind of parameter
        world = self.world
        if name.isdigit():
            return world.argument(int(name)) if name != "0" else text(world.place.file)
        if name in "@*":
            if world.arguments is None:
                return hole("arguments of the script", "argument:@")
            return joined(x for n, a in enumerate(world.arguments) for x in ((text(" ") if n else NOTHING), a))
        if name == "#":
            return hole("number of arguments") if world.arguments is None else text(str(len(world.arguments)))
        if name == "?":
            return text(str(world.status)) if isinstance(world.status, int) else (world.status.subject,)
        if name in "$!-":
            return hole("number of a process" if name != "-" else "options of the shell")
        return world.get(name)

    def _operated(self, part: Parameter) -> Value:
        value = self._parameter(part.name)
        operator = part.operator.lstrip(":") if part.operator != ":" else ":"
        if not operator:
            return value
        if operator in {"-", "=", "?", "+"}:
            return self._default(part, value, operator)
        known = literal(self.settled(value))
        if operator == "#len":
            return hole(f"length of {part.name}") if known is None else text(str(len(known)))
        if known is None or operator in {"element", "indirect"}:
            sources = closed(value).holes[0].sources if closed(value).holes else ("unknown",)
            return hole(f"part of {shown_as(value)}", *sources)
        return self._changed(known, operator, part.argument or Word())

    def _default(self, part: Parameter, value: Value, operator: str) -> Value:
        """`${x:-y}` and kin: where it is not known whether x is empty, both, each under its condition."""
        value = self.settled(value)
        other = partial(self.one, part.argument or Word())
        if operator == "?":
            return value
        if _is_certain(value):
            empty = not value
            return (NOTHING if empty else other()) if operator == "+" else (other() if empty else value)
        subject = closed(value).holes[0]
        filled, empty_guard = Guard(subject, "!=", ""), Guard(subject, "==", "")
        options = (
            ((filled, other()), (empty_guard, NOTHING))
            if operator == "+"
            else ((filled, value), (empty_guard, other()))
        )
        choice = Choice(("empty", subject), tuple(((guard,), option) for guard, option in options))
        result = self.settled((choice,))
        if operator == "=":
            self.world.set(part.name, (choice,))
        return result

    def _changed(self, known: str, operator: str, argument: Word) -> Value:
        if operator in {"^", "^^", ",", ",,"}:
            return text(cased(known, operator))
        if operator == ":":
            return _sliced(known, self.one(argument), self.lookup)
        replacement = None
        if operator in {"/", "//"}:
            argument, replacement = _halves(argument)
        pattern = self.pattern(argument)
        other = literal(self.one(replacement)) if replacement else ""
        if pattern is None or other is None:
            return hole(f"part of {known}")
        self.charge(1 + min(len(known), MOST_COMPARED) // 16)
        return text(matched(known, operator, pattern, other))


def _name(part: Part) -> str:
    return part.name if isinstance(part, Parameter) else ""


def _is_all(part: Part) -> bool:
    return isinstance(part, Parameter) and part.name == "@" and not part.operator


def _is_certain(value: Value) -> bool:
    """Whether it is known if the value is empty."""
    return not value or any(isinstance(part, str) for part in value)


def _sliced(known: str, argument: Value, lookup: Callable[[str], Value]) -> Value:
    written = literal(argument)
    if written is None:
        return hole(f"part of {known}")
    numbers = [literal(value_of(text(piece), lookup)) for piece in written.split(":")[:2]]
    if not all(number is not None and re.fullmatch(r"-?\d{1,9}", number) for number in numbers):
        return hole(f"part of {known}")
    start, *length = (int(number or 0) for number in numbers)
    start = max(0, start + len(known)) if start < 0 else start
    if not length:
        return text(known[start:])
    return text(known[start : start + length[0]] if length[0] >= 0 else known[start : length[0]])


def _halves(word: Word) -> tuple[Word, Word]:
    """The pattern and the replacement of `${x/pattern/replacement}`."""
    for number, part in enumerate(word.parts):
        if isinstance(part, Literal) and not part.quoted and "/" in part.text:
            before, _, after = part.text.partition("/")
            return Word((*word.parts[:number], Literal(before))), Word((Literal(after), *word.parts[number + 1 :]))
    return word, Word()
