"""In: what is true of this run, not of what was examined. Out: the `Context` a format is given beside the `Report`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final, Protocol

from wardwatch.vocabulary import Report, Rule

NARROWEST: Final = 40
"""Columns below which no terminal document is drawn."""


@dataclass(frozen=True, slots=True)
class Context:
    """How to speak: by which tool, in whose time zone, to which width, and with whose names for the peers.

    `zone` is the site's time zone. `rules` holds the text of each rule by its name. `peers` says of an address to whom
    it belongs, `profiles` of a device profile what to call it. `revealed`: patients are named, not pseudonyms. `rows`
    bounds the rows of every table (None: each format's own bound). `width` counts terminal columns; `colour` allows
    terminal colours.
    """

    tool: str = "wardwatch"
    version: str = "0"
    zone: tzinfo = UTC
    rules: Mapping[str, Rule] = field(default_factory=dict)
    peers: Mapping[str, str] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)
    revealed: bool = False
    rows: int | None = None
    width: int = 80
    colour: bool = False

    def __post_init__(self) -> None:
        """Refuse what no document can be drawn with."""
        if self.rows is not None and self.rows < 1:
            raise ValueError("a table has at least one row")
        if self.width < NARROWEST:
            object.__setattr__(self, "width", NARROWEST)


class Format(Protocol):
    """One kind of document: data, and one pure method."""

    @property
    def name(self) -> str:
        """What it is asked for by: 'json'."""
        ...

    @property
    def suffix(self) -> str:
        """How its files end: '.json'."""
        ...

    @property
    def about(self) -> str:
        """For whom it is, in one sentence."""
        ...

    def render(self, report: Report, context: Context) -> str:
        """Return the whole document, the same text for the same values."""
        ...


def wants_colour(environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Whether to colour: on a terminal, unless NO_COLOR is set and not empty (no-color.org) or TERM is 'dumb'."""
    return is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
