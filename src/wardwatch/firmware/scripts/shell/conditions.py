"""In: the arguments of `test`, `[` or `[[`. Out: how it may end, and what must hold for each end (test(1), POSIX)."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Final

from wardwatch.firmware.words import Guard, Hole

from .patterns import matches
from .values import Value, closed, literal, shown_as
from .world import opposite

Outcome = tuple[tuple[Guard, ...], bool]
"""What must hold, and whether the test is then true."""

MOST_OUTCOMES: Final = 8
MOST_ARGUMENTS: Final = 64
_FILE_KINDS: Final = {
    "-e": "exists", "-a": "exists", "-f": "a file", "-d": "a folder", "-x": "executable", "-r": "readable",
    "-w": "writable", "-s": "not empty", "-L": "a link", "-h": "a link", "-b": "a block device",
    "-c": "a character device", "-p": "a pipe", "-S": "a socket", "-u": "set-user-id", "-g": "set-group-id",
    "-k": "sticky", "-O": "owned", "-G": "owned by the group", "-N": "new",
}  # fmt: skip  # a table
_NUMBERS: Final[dict[str, tuple[str, Callable[[int, int], bool]]]] = {
    "-eq": ("==", operator.eq),
    "-ne": ("!=", operator.ne),
    "-lt": ("<", operator.lt),
    "-le": ("<=", operator.le),
    "-gt": (">", operator.gt),
    "-ge": (">=", operator.ge),
}
_TEXTS: Final = {"=": "==", "==": "==", "!=": "!="}
_OTHERS: Final = frozenset({"=~", "<", ">", "-nt", "-ot", "-ef"})
_BINARY: Final = frozenset({*_NUMBERS, *_TEXTS, *_OTHERS})
_UNARY: Final = frozenset({*_FILE_KINDS, "-n", "-z", "-t", "-v", "-o"})
_UNARY_SIZE, _BINARY_SIZE = 2, 3


def either(guard: Guard) -> list[Outcome]:
    """Both ends of a question that is open."""
    return [((guard,), True), ((opposite(guard),), False)]


def outcomes(arguments: Sequence[Value], *, patterns: bool = False) -> list[Outcome]:
    """How the test of `arguments` may end; `patterns`: `[[` compares with patterns."""
    if len(arguments) > MOST_ARGUMENTS:
        return either(_unknown(arguments))
    return _bounded(_any(list(arguments), patterns=patterns), arguments)


def _bounded(found: list[Outcome], arguments: Sequence[Value]) -> list[Outcome]:
    return found if len(found) <= MOST_OUTCOMES else either(_unknown(arguments))


def _unknown(arguments: Sequence[Value]) -> Guard:
    shown = " ".join(shown_as(argument) for argument in arguments)[:200]
    sources = tuple(source for argument in arguments for source in _sources(argument))
    return Guard(Hole(f"[ {shown} ]", tuple(dict.fromkeys(sources)) or ("unknown",)), "==", 0)


def _sources(value: Value) -> tuple[str, ...]:
    return tuple(source for part in closed(value).holes for source in part.sources)


def _any(arguments: list[Value], *, patterns: bool) -> list[Outcome]:
    head, tail = _divided(arguments, {"-o", "||"})
    first = _all(head, patterns=patterns)
    if tail is None:
        return first
    second = _any(tail, patterns=patterns)
    return _bounded([end for one in first for end in ([one] if one[1] else _after(one, second))], arguments)


def _all(arguments: list[Value], *, patterns: bool) -> list[Outcome]:
    head, tail = _divided(arguments, {"-a", "&&"})
    first = _not(head, patterns=patterns)
    if tail is None:
        return first
    second = _all(tail, patterns=patterns)
    return _bounded([end for one in first for end in (_after(one, second) if one[1] else [one])], arguments)


def _after(one: Outcome, following: list[Outcome]) -> list[Outcome]:
    return [((*one[0], *guards), holds) for guards, holds in following]


def _divided(arguments: list[Value], signs: set[str]) -> tuple[list[Value], list[Value] | None]:
    """What stands before and behind the first of `signs` outside parentheses, where it can be an operator."""
    depth = 0
    for number, argument in enumerate(arguments):
        sign = literal(argument)
        depth += {"(": 1, ")": -1}.get(sign or "", 0)
        if sign in signs and not depth and 0 < number < len(arguments) - 1 and not _is_operand(arguments, number):
            return arguments[:number], arguments[number + 1 :]
    return arguments, None


def _is_operand(arguments: list[Value], number: int) -> bool:
    """Whether the sign at `number` is compared with something: `[ "$x" = -a ]`."""
    return number > 0 and literal(arguments[number - 1]) in _BINARY and number > 1


def _not(arguments: list[Value], *, patterns: bool) -> list[Outcome]:
    negated = False
    while len(arguments) > 1 and literal(arguments[0]) == "!" and not _is_comparison(arguments):
        arguments, negated = arguments[1:], not negated
    if len(arguments) > _UNARY_SIZE and literal(arguments[0]) == "(" and literal(arguments[-1]) == ")":
        found = _any(arguments[1:-1], patterns=patterns)
    else:
        found = _primary(arguments, patterns=patterns)
    return [(guards, holds ^ negated) for guards, holds in found]


def _is_comparison(arguments: list[Value]) -> bool:
    return len(arguments) == _BINARY_SIZE and literal(arguments[1]) in _BINARY


def _primary(arguments: list[Value], *, patterns: bool) -> list[Outcome]:
    if not arguments:
        return [((), False)]
    if len(arguments) == 1:
        return _filled(arguments[0])
    if _is_comparison(arguments):
        return _compared(arguments[0], literal(arguments[1]) or "", arguments[2], patterns=patterns)
    sign = literal(arguments[0])
    if len(arguments) == _UNARY_SIZE and sign in _UNARY:
        return _unary(sign or "", arguments[1])
    return either(_unknown(arguments))


def _filled(value: Value) -> list[Outcome]:
    if any(isinstance(part, str) for part in value) or not value:
        return [((), bool(value))]
    return either(Guard(_subject(value), "!=", ""))


def _subject(value: Value) -> Hole:
    holes = closed(value).holes
    if len(value) == 1 and holes:
        return holes[0]
    return Hole(shown_as(value), _sources(value) or ("unknown",))


def _unary(sign: str, value: Value) -> list[Outcome]:
    if sign == "-n":
        return _filled(value)
    if sign == "-z":
        return [(guards, not holds) for guards, holds in _filled(value)]
    kind = _FILE_KINDS.get(sign)
    if not kind:
        return either(_unknown([(sign,), value]))
    path = literal(value)
    sources = (f"file:{path}",) if path is not None else _sources(value)
    return either(Guard(Hole(f"file {shown_as(value)}", sources), "==", kind))


def _compared(left: Value, sign: str, right: Value, *, patterns: bool) -> list[Outcome]:
    left, right = _without_common(left, right)
    one, other = literal(left), literal(right)
    if sign in _OTHERS:
        return either(_unknown([left, (sign,), right]))
    if one is not None and other is not None:
        return [((), _holds(one, sign, other, patterns=patterns))]
    if other is None and one is not None:
        left, other = right, one
        sign = {"-lt": "-gt", "-gt": "-lt", "-le": "-ge", "-ge": "-le"}.get(sign, sign)
    constant: int | str = shown_as(right) if other is None else other
    relation = _TEXTS.get(sign) or _NUMBERS[sign][0]
    if sign in _NUMBERS and re.fullmatch(r"-?\d{1,18}", str(constant)):
        constant = int(constant)
    return either(Guard(_subject(left), relation, constant))


def _without_common(left: Value, right: Value) -> tuple[Value, Value]:
    """`x$1` and `xstart` compare as `$1` and `start` do."""
    if (
        left
        and right
        and len(left) + len(right) > _UNARY_SIZE
        and isinstance(left[0], str)
        and isinstance(right[0], str)
    ):
        size = min(len(left[0]), len(right[0]))
        if left[0][:size] == right[0][:size]:
            return _shortened(left, size), _shortened(right, size)
    return left, right


def _shortened(value: Value, size: int) -> Value:
    rest = str(value[0])[size:]
    return (rest, *value[1:]) if rest else value[1:]


def _holds(one: str, sign: str, other: str, *, patterns: bool) -> bool:
    if sign in _NUMBERS:
        numbers = [int(side) if re.fullmatch(r"\s*[-+]?\d{1,18}\s*", side) else None for side in (one, other)]
        return None not in numbers and _NUMBERS[sign][1](numbers[0] or 0, numbers[1] or 0)
    same = matches(other, one) if patterns else one == other
    return same == (sign != "!=")
