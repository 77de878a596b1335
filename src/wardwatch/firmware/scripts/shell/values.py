"""In: literal texts, holes and choices between them. Out: values of variables and words, and the texts they may be."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Final, NamedTuple

from wardwatch.firmware.words import Guard, Hole, Text

LONGEST: Final = 1 << 16
MOST_PARTS: Final = 48
_SHOWN: Final = 80


class Choice(NamedTuple):
    """One of several values, each under its conditions; choices of one `key` are made alike."""

    key: Hashable
    options: "tuple[tuple[tuple[Guard, ...], Value], ...]"


Value = tuple[str | Hole | Choice, ...]
"""A text as far as it is known: literals, holes and choices, in order."""

NOTHING: Final[Value] = ()


def hole(origin: str, *sources: str) -> Value:
    """A value of which only the origin is known."""
    return (Hole(origin, sources or ("unknown",)),)


def text(literal: str) -> Value:
    """A value that is known."""
    return (literal,) if literal else NOTHING


def joined(values: Iterable[Value]) -> Value:
    """The values as one: no two literals side by side, bounded in length and number of parts."""
    out: list[str | Hole | Choice] = []
    length = 0
    for part in (part for value in values for part in value):
        if not isinstance(part, str):
            out.append(part)
        elif out and isinstance(out[-1], str):
            out[-1] += part
        elif part:
            out.append(part)
        length += len(part) if isinstance(part, str) else 1
        if length > LONGEST:
            return (*out[:MOST_PARTS], Hole("the rest of a long text"))
    return _bounded(tuple(out))


def _bounded(value: Value) -> Value:
    if _leaves(value) <= MOST_PARTS:
        return value
    flat = tuple(_closed(part) if isinstance(part, Choice) else part for part in value)
    return flat if len(flat) <= MOST_PARTS else (*flat[:MOST_PARTS], Hole("the rest of a long text"))


def _leaves(value: Value) -> int:
    """Parts, those of choices included; stops counting where there are too many."""
    count = 0
    for part in value:
        count += 1
        if isinstance(part, Choice):
            for _, option in part.options:
                count += _leaves(option)
        if count > MOST_PARTS:
            break
    return count


def _closed(choice: Choice) -> Hole:
    """A choice that is not followed further."""
    return one_of(option for _, option in choice.options)


def one_of(values: Iterable[Value]) -> Hole:
    """A hole that says which values were possible."""
    shown = [shown_as(value)[:_SHOWN] for value in values]
    return Hole(f"one of: {' | '.join(shown[:6])}{' ...' if len(shown) > 6 else ''}", ("unknown",))  # noqa: PLR2004  # as many as a reader takes in


def shown_as(value: Value) -> str:
    """The value for people, as `Text` shows it."""
    return str(closed(value))


def closed(value: Value) -> Text:
    """The value as one text; a choice in it becomes a hole."""
    if len(value) <= 1 and not any(isinstance(part, Choice) for part in value):
        return Text(value)  # type: ignore[arg-type]  # no choice among them
    out: list[str | Hole] = []
    for part in value:
        plain = _closed(part) if isinstance(part, Choice) else part
        if isinstance(plain, str) and out and isinstance(out[-1], str):
            out[-1] += plain
        else:
            out.append(plain)
    return Text(tuple(out))


def literal(value: Value) -> str | None:
    """The whole text, where all of it is known."""
    if not value:
        return ""
    if len(value) == 1:
        return value[0] if isinstance(value[0], str) else None
    return "".join(value) if all(isinstance(part, str) for part in value) else None  # type: ignore[arg-type]  # as checked


def first_choice(value: Value, fixed: Mapping[Hashable, int]) -> Choice | None:
    """The first choice in `value` that is not made yet."""
    for part in value:
        if isinstance(part, Choice) and part.key not in fixed:
            return part
    return None


def chosen(value: Value, fixed: Mapping[Hashable, int]) -> Value:
    """`value` with the choices made that `fixed` settles."""
    if not any(isinstance(part, Choice) for part in value):
        return value
    return joined(
        chosen(part.options[fixed[part.key]][1], fixed)
        if isinstance(part, Choice) and fixed.get(part.key, len(part.options)) < len(part.options)
        else (part,)
        for part in value
    )


def holes_of(value: Value) -> tuple[Hole, ...]:
    """What is not known of the value."""
    return closed(value).holes
