"""In: a duration or a probability. Out: the same as people say it."""

from math import log
from typing import Final

_FINE: Final = 9.95
_SPANS: Final = ((2 * 86400, 86400, "d", 3600, "h"), (7200, 3600, "h", 60, "min"), (120, 60, "min", 1, "s"))


def duration(seconds: float) -> str:
    """A duration as people say it: `0.2 s`, `60 s`, `5 min`, `3 h 12 min`, `2 d 4 h`."""
    if seconds < _FINE:
        return f"{seconds:.2g} s" if seconds >= 1e-3 else "0 s"  # noqa: PLR2004  # a millisecond
    whole = round(seconds)
    for limit, size, name, rest, rest_name in _SPANS:
        if whole >= limit:
            big, small = divmod(round(whole / rest), size // rest)
            return f"{big} {name} {small} {rest_name}" if small else f"{big} {name}"
    return f"{whole} s"


def odds(p_value: float) -> str:
    """A small probability in words: `less than one in 10^9`, `at most one in 20,000`."""
    if p_value < 1e-9:  # noqa: PLR2004  # smaller ones mean the same to everybody
        return "less than one in 10^9"
    number = 1 / p_value
    digits = 10 ** max(int(log(number) / log(10)), 0)
    return f"at most one in {round(number / digits) * digits:,}"
