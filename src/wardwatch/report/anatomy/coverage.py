"""In: the stretches of an image. Out: one bar to scale, as paths in a strip 1000 wide, and what each colour means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wardwatch.dissection import Stretch
from wardwatch.report.units import cut, size

WIDTH: Final = 1000
HEIGHT: Final = 28
STATES: Final = ("examined", "padding", "not understood")
MARKS: Final = {"examined": "●", "padding": "○", "not understood": "◆"}
_THINNEST: Final = 1.0
_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class Share:
    """One state: its bytes, its part of the whole in words, and the path of its bars."""

    state: str
    mark: str
    bytes: str
    part: str
    path: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The whole image as one bar. `label` says the same in words."""

    shares: tuple[Share, ...]
    label: str
    total: str


def bar(stretches: Sequence[Stretch]) -> Bar | None:
    """Draw the stretches to scale; None where there is nothing to draw."""
    total = sum(each.size for each in stretches)
    if not total:
        return None
    shares = tuple(
        _share(state, stretches, total) for state in STATES if any(each.state == state for each in stretches)
    )
    label = ", ".join(f"{share.part} {share.state}" for share in shares)
    return Bar(shares, label, size(total))


def _share(state: str, stretches: Sequence[Stretch], total: int) -> Share:
    chosen = [each for each in stretches if each.state == state]
    amount = sum(each.size for each in chosen)
    return Share(state, MARKS[state], size(amount), percent(amount, total), _path(chosen, total))


def percent(amount: int, total: int) -> str:
    """'37 %', and never '0 %' of something or '100 %' of less than all."""
    value = 100 * amount / total
    if 0 < value < 1:
        return "under 1 %"
    if amount < total and round(value) == 100:  # noqa: PLR2004  # rounded up to the whole, which it is not
        return "over 99 %"
    return f"{value:.0f} %"


def _path(chosen: Sequence[Stretch], total: int) -> str:
    """Rectangles; one that is thinner than a unit is drawn a unit wide, and those that would cover it are joined."""
    drawn: list[tuple[float, float]] = []
    for each in chosen:
        left = min(WIDTH * each.offset / total, WIDTH - _THINNEST)
        width = max(_THINNEST, WIDTH * each.size / total)
        if drawn and left <= drawn[-1][1]:
            drawn[-1] = (drawn[-1][0], max(drawn[-1][1], left + width))
        else:
            drawn.append((left, left + width))
    return "".join(f"M{left:.1f} 0H{min(right, WIDTH):.1f}V{HEIGHT}H{left:.1f}z" for left, right in drawn)


def place(stretch: Stretch) -> str:
    """'0x140000 to 0x180000'."""
    return f"{stretch.offset:#x} to {stretch.offset + stretch.size:#x}"


def told(stretch: Stretch) -> str:
    """'cramfs, 1.2 MB' or '4 kB, 7.9 bits of entropy a byte'."""
    what = cut(stretch.what, _NAME)
    sure = f"{stretch.entropy:.1f} bits of entropy a byte" if stretch.state == "not understood" else ""
    return ", ".join(filter(None, (what, sure)))
