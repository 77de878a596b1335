"""In: an arithmetic expression. Out: its value as the shell has it, or a hole.

POSIX.1-2024, volume 3, section 2.6.4.
"""

import re
from collections.abc import Callable
from typing import Final

from .values import Value, closed, hole, literal, text

_TOKEN: Final = re.compile(r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^!~()?:])")
_BINARY: Final = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_BOUND: Final = 1 << 63
_LONGEST: Final = 2048
_DEEPEST: Final = 12
_MOST_SHIFTED: Final = 63
_MOST_NAMES: Final = 8

_OPERATIONS: Final[dict[str, Callable[[int, int], int]]] = {
    "||": lambda a, b: int(bool(a or b)),
    "&&": lambda a, b: int(bool(a and b)),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "<<": lambda a, b: a << (b & _MOST_SHIFTED),
    ">>": lambda a, b: a >> (b & _MOST_SHIFTED),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    "%": lambda a, b: abs(a) % abs(b) * (1 if a >= 0 else -1),
}


class _NotKnown(Exception):  # noqa: N818  # no error: what is not known becomes a hole
    """The expression has no value that is known here."""


def value_of(expression: Value, lookup: Callable[[str], Value]) -> Value:
    """The value as text; a hole where a part of it is not known, or it is no expression."""
    written = literal(expression)
    try:
        if written is None or len(written) > _LONGEST:
            _raise()
        return text(str(_Reader(written or "", lookup).whole()))
    except (_NotKnown, ZeroDivisionError):
        names = re.findall(r"[A-Za-z_]\w*", written or "")[:_MOST_NAMES]
        values = (expression, *(lookup(name) for name in dict.fromkeys(names)))
        sources = dict.fromkeys(source for value in values for part in closed(value).holes for source in part.sources)
        return hole(f"value of $(({closed(expression)}))", *(sources or ("unknown",)))


class _Reader:
    def __init__(self, written: str, lookup: Callable[[str], Value]) -> None:
        self.tokens = _tokens(written)
        self.lookup = lookup
        self.at = 0
        self.depth = 0

    def whole(self) -> int:
        value = self._conditional() if self.tokens else 0
        if self.at != len(self.tokens):
            raise _NotKnown
        return value

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _eat(self, token: str) -> bool:
        found = self._next() == token
        self.at += found
        return found

    def _conditional(self) -> int:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _NotKnown
        value = self._binary(0)
        if self._eat("?"):
            first = self._conditional()
            if not self._eat(":"):
                raise _NotKnown
            second = self._conditional()
            value = first if value else second
        self.depth -= 1
        return value

    def _binary(self, level: int) -> int:
        if level == len(_BINARY):
            return self._unary()
        value = self._binary(level + 1)
        while (operator := self._next()) in _BINARY[level]:
            self.at += 1
            value = _wrapped(_OPERATIONS[operator](value, self._binary(level + 1)))
        return value

    def _unary(self) -> int:
        signs: list[str] = []
        while self._next() in {"-", "+", "!", "~"}:
            signs.append(self._next())
            self.at += 1
        value = self._primary()
        for sign in reversed(signs):
            value = {"-": -value, "+": value, "!": int(not value), "~": ~value}[sign]
        return _wrapped(value)

    def _primary(self) -> int:
        word = self._next()
        self.at += 1
        if word == "(":
            value = self._conditional()
            if not self._eat(")"):
                raise _NotKnown
            return value
        if word[:1].isdigit():
            return _number(word)
        if word[:1].isalpha() or word[:1] == "_":
            known = literal(self.lookup(word))
            return _number((known or "0").strip()) if known is not None else _raise()
        raise _NotKnown


def _tokens(written: str) -> list[str]:
    tokens, at = [], 0
    written = written.rstrip()
    while at < len(written):
        found = _TOKEN.match(written, at)
        if not found:
            raise _NotKnown
        tokens.append(found[1])
        at = found.end()
    return tokens


def _number(token: str) -> int:
    if not re.fullmatch(r"[-+]?(0[xX][0-9a-fA-F]{1,16}|\d{1,20})", token):
        raise _NotKnown
    sign = -1 if token.startswith("-") else 1
    digits = token.lstrip("+-")
    try:
        octal = digits.startswith("0") and digits.isdigit()
        return _wrapped(sign * int(digits, 8 if octal else 0))
    except ValueError:
        return _raise()


def _wrapped(value: int) -> int:
    """As a long of 64 bits."""
    return (value + _BOUND) % (2 * _BOUND) - _BOUND


def _raise() -> int:
    raise _NotKnown
