"""In: one second of what a monitor sent. Out: the words all of `vitals` shares: seconds, waves, beats, derivations.

Time counts in seconds since the recording's first sample, on the recorder's steady clock, gaps included. Second k
holds the samples taken from k to k + 1 and the values displayed at k; it is complete, and may be judged, at k + 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from math import isnan
from typing import Final, NamedTuple, Protocol, Self, overload

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

LEADS: Final = (
    "I", "II", "III", "V", "V1", "V2", "V3", "V4", "V5", "V6", "MLI", "MLII", "MLIII", "MCL", "MCL1",
    "AVR", "AVL", "AVF", "ECG",
)  # fmt: skip
"""ECG leads by the names recordings give them, in upper case."""
PLETH: Final = "PLETH"
RESP: Final = "RESP"


class Quantity(StrEnum):
    """A number on the display, by the name of its column in a table of displayed values."""

    HR = "HR"
    RR = "RR"
    SPO2 = "SpO2"
    PR = "PR"
    NIBP_SYS = "NIBP_sys"
    NIBP_DIA = "NIBP_dia"
    NIBP_MAP = "NIBP_map"
    T1 = "T1"


DERIVED: Final = (Quantity.HR, Quantity.PR, Quantity.RR)
"""What waveforms tell by themselves; the rest can be looked at for plausibility only."""


class Kind(StrEnum):
    """What a signal is."""

    ECG = "ecg"
    PLETH = "pleth"
    RESP = "resp"
    OTHER = "other"


@lru_cache(maxsize=256)
def kind_of(signal: str) -> Kind:
    """What the signal called `signal` is."""
    name = signal.strip().upper()
    if name in LEADS:
        return Kind.ECG
    return {PLETH: Kind.PLETH, RESP: Kind.RESP}.get(name, Kind.OTHER)


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """The samples of one signal in one second, as the codes that were sent.

    `first`: the number of the first sample since the recording began, gaps included. `valid`: where a sample was
    measured; None where all were. `gain`: codes a unit, 0 where not known; `baseline`: the code of 0 units.
    """

    codes: Codes
    rate: float
    first: int
    gain: float = 0.0
    baseline: float = 0.0
    valid: Mask | None = None
    unit: str = ""

    @property
    def measured(self) -> int:
        """How many samples were measured."""
        return len(self.codes) if self.valid is None else int(np.count_nonzero(self.valid))

    def values(self) -> Values:
        """In units where the gain is known, else in codes; NaN where nothing was measured."""
        values: Values = (self.codes.astype(np.float64) - self.baseline) / (self.gain or 1.0)
        if self.valid is not None:
            values[~self.valid] = np.nan
        return values


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one alarm; `on` is None where it is not known whether they are in force."""

    low: float | None
    high: float | None
    on: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """One second of one monitor.

    `shown`: a number, or None for dashes; a quantity that is not there: nothing is known about it. `message`: the
    technical message on the screen ('' for none, None where not known). `probe`: whether the SpO2 probe is attached.
    `clock`: the monitor's own, which may be wrong. `cuff`: when NIBP was last measured, by that clock.
    `admitted`: the monitor said with this second that somebody was admitted or moved to another bed.
    A second that was not recorded is not there: `index` goes on behind it.
    """

    index: int
    waves: Mapping[str, Wave]
    shown: Mapping[str, float | None] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    message: str | None = None
    clock: datetime | None = None
    probe: bool | None = None
    cuff: datetime | None = None
    admitted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """What one detector found in one signal, as far as it is sure: peaks later than those told before.

    `times` in seconds since the recording began; `until`: no peak before this time will be told later.
    """

    signal: str
    detector: str
    times: Values
    until: float


@dataclass(frozen=True, slots=True)
class Derivation:
    """One number that follows from one signal at one moment (`at`, seconds), by one detector and averaging rule.

    `low` and `high` bound what a correct monitor could show by that rule; `quality` is 0 (noise) to 1.
    `value` is None where nothing could be derived, and then `reason` says why in plain words.
    """

    signal: str
    quantity: Quantity
    at: float
    value: float | None
    low: float | None = None
    high: float | None = None
    quality: float = 0.0
    detector: str = ""
    averaging: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.reason):
            raise ValueError("a derivation has a value, or a reason why it has none")


class Who(NamedTuple):
    """Which derivation: of which signal, of what, by which detector and averaging rule."""

    signal: str
    quantity: Quantity
    detector: str
    averaging: str


TOLD: Final = np.dtype(
    [("value", "<f8"), ("low", "<f8"), ("high", "<f8"), ("quality", "<f8"), ("why", "<i4"), ("paced", "<i4")]
)
"""What a derivation says, as the compiled library writes it. `value` is NaN where `why` is not 0.
`paced`: a pacemaker's spikes stand in the signal, and may have been counted as beats."""


class Derivations(Sequence[Derivation]):
    """All derivations of one moment, in columns: there are some fifty a second, and most are only compared.

    `who`: which they are; the same tuple as the second before where nothing changed. `told`: TOLD records. `reasons`:
    what each `why` means.
    """

    __slots__ = ("at", "reasons", "told", "who")

    def __init__(self, at: float, who: tuple[Who, ...], told: NDArray[np.void], reasons: Mapping[int, str]) -> None:
        self.at, self.who, self.told, self.reasons = at, who, told, reasons

    @classmethod
    def of(cls, derivations: Iterable[Derivation]) -> Self:
        """The same from single derivations."""
        every = tuple(derivations)
        texts = {text: number for number, text in enumerate(dict.fromkeys(["", *(one.reason for one in every)]))}
        told = np.zeros(len(every), TOLD)
        for place, one in enumerate(every):
            numbers = (np.nan if each is None else each for each in (one.value, one.low, one.high))
            told[place] = (*numbers, one.quality, texts[one.reason], 0)
        who = tuple(Who(one.signal, one.quantity, one.detector, one.averaging) for one in every)
        return cls(every[0].at if every else 0.0, who, told, {number: text for text, number in texts.items()})

    def __len__(self) -> int:
        return len(self.who)

    @overload
    def __getitem__(self, place: int) -> Derivation: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Derivation]: ...
    def __getitem__(self, place: int | slice) -> Derivation | Sequence[Derivation]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        signal, quantity, detector, averaging = self.who[place]
        value, low, high, quality, why, _ = self.told[place].item()
        if why:
            reason = self.reasons[why]
            return Derivation(signal, quantity, self.at, None, None, None, quality, detector, averaging, reason)
        least, most = (None if isnan(bound) else bound for bound in (low, high))
        return Derivation(signal, quantity, self.at, value, least, most, quality, detector, averaging)


class Deriver(Protocol):
    """Derives from one monitor's waves, second by second, in constant memory; a jump of `index` is a gap."""

    def feed(self, second: Second) -> tuple[list[Beats], Derivations]:
        """What the end of this second adds: beats newly found, and every derivation that holds at `index + 1`."""
        ...
