"""In: updates of the live state, and what one page wants to see. Out: the frames it gets, with its bounds kept.

Pure: `socket.py` carries the frames. A page sees up to `SCREEN` beds at once, or one bed with all its signals.
"""

import json
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from wardwatch.station.live import Live
from wardwatch.station.views import PlaceView, Update
from wardwatch.station.words import Quantity, Signal, Truth

from . import shown
from .shown import Reader, Shown
from .wire import Samples, state_frame, waves_frame

SCREEN: Final = 64
OVERVIEW: Final = (Signal.II, Signal.PLETH)
_FIRST_SECONDS: Final = 1
_EVIDENCE_SECONDS: Final = 8
_EVENTS: Final = 100
_WANTED_BYTES: Final = 1024
_NUMBERS: Final = 1 << 16
_MANY_NUMBERS: Final = 4096
_WAVE_OF: Final[Mapping[Quantity, Signal]] = {
    Quantity.HR: Signal.II,
    Quantity.PR: Signal.PLETH,
    Quantity.RR: Signal.RESP,
}
_RATE_OF: Final[Mapping[Signal, int]] = {Signal.II: 256, Signal.PLETH: 256, Signal.RESP: 128}

Finder = Callable[[Signal, bytes], list[int]]
"""(signal, samples) -> where its beats or breaths lie, in samples: the marks of the evidence."""


@dataclass(slots=True)
class BedNumbers:
    """A number for each place by its name, for addresses and frames; the same as long as the place is there.

    Numbers have 16 bits in a frame. One that was given up is given again only after all others, since a page may still
    show the place it belonged to.
    """

    _by_name: dict[str, int] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _next: int = 0

    def __len__(self) -> int:
        return len(self._names)

    def of(self, name: str) -> int:
        """The number of the place called `name`."""
        if name not in self._by_name:
            while self._next in self._names:
                self._next = (self._next + 1) % _NUMBERS
            self._by_name[name] = self._next
            self._names[self._next] = name
            self._next = (self._next + 1) % _NUMBERS
        return self._by_name[name]

    def name(self, number: int) -> str | None:
        """The place of that number."""
        return self._names.get(number)

    def only(self, names: Container[str]) -> None:
        """Give up the numbers of all other places."""
        for name in [name for name in self._by_name if name not in names]:
            del self._names[self._by_name.pop(name)]


def no_beats(_signal: Signal, _wave: bytes) -> list[int]:
    """Where nothing looks for beats."""
    return []


@dataclass(slots=True)
class Watch:
    """What one open page sees."""

    live: Live
    numbers: BedNumbers
    reader: Reader
    may_admit: bool = False
    may_silence: bool = False
    find: Finder = no_beats
    troubles: Callable[[], Iterable[str]] = tuple
    """What is wrong with the station as a whole."""
    bed: int | None = None
    """The bed whose page is open; None: the overview."""
    first: int = 0
    """The overview's first bed, counted from 0."""
    _shown: dict[str, int] = field(default_factory=dict)

    def ask(self, text: str) -> list[bytes]:
        """What the page asked for, and all frames that show it. ValueError where it is no request."""
        wanted = _wanted(text)
        if wanted["view"] == "bed":
            self.bed = int(wanted["bed"])
        else:
            self.bed, self.first = None, max(0, int(wanted.get("first", 0)))
        return self.everything()

    def everything(self) -> list[bytes]:
        """The whole view anew, with the last second of its waves."""
        for bed in self.live.admission.beds:  # first and in order: an address of a bed stays its own over a restart
            self.numbers.of(bed)
        places = self._screen()
        gone = [bed for name, bed in self._shown.items() if name not in {each.name for each in places}]
        self._shown = {each.name: self.numbers.of(each.name) for each in places}
        if len(self.numbers) > _MANY_NUMBERS:  # monitors without a bed come and go
            self.numbers.only({each.name for each in self.live.places()})
        return [self._state(places, gone=gone), *self._begin(places)]

    def changed(self, updates: Iterable[Update]) -> list[bytes]:
        """The frames for what happened: newest state of each bed, all samples."""
        views: dict[str, PlaceView] = {}
        sets: list[Samples] = []
        for update in updates:
            if update.view is None:
                if update.gone in self._shown:
                    return self.everything()
                continue
            if update.view.name not in self._shown and len(self._shown) < SCREEN:
                return self.everything()
            if update.view.name in self._shown:
                views[update.view.name] = update.view
                sets += self._samples(update)
        return [self._state(views.values())] * bool(views) + [waves_frame(sets)] * bool(sets)

    def named(self) -> list[PlaceView]:
        """The places of this view whose patients' names are shown by it."""
        if not self.reader.names:
            return []
        return [each for each in self._screen() if each.patient and each.patient.name]

    def still_here(self) -> bytes:
        """A state without news: the page takes silence for a lost line."""
        return self._state(())

    def _screen(self) -> list[PlaceView]:
        return list(self.live.places()[self.first : self.first + SCREEN])

    def _state(self, places: Iterable[PlaceView], gone: Iterable[int] = ()) -> bytes:
        beds = [shown.place(self.numbers.of(each.name), each, self.reader) for each in places]
        state: Shown = {"beds": beds, "gone": list(gone), "total": len(self.live.places()), "first": self.first}
        state["troubles"] = list(self.troubles())
        if (detail := self._detail()) is not None:
            state["detail"] = detail
        return state_frame(state)

    def _begin(self, places: Iterable[PlaceView]) -> list[bytes]:
        sets = [
            Samples(bed, 0, waves)
            for each in places
            if self._sees(bed := self.numbers.of(each.name)) and (waves := self._newest(each))
        ]
        return [waves_frame(sets)] if sets else []

    def _newest(self, view: PlaceView) -> dict[Signal, bytes]:
        waves = {
            each: self.live.wave(view.name, each, _FIRST_SECONDS) for each in self._signals() if each in view.samples
        }
        return {signal: wave for signal, wave in waves.items() if wave}

    def _samples(self, update: Update) -> list[Samples]:
        bed = self._shown[update.view.name] if update.view else -1
        if not self._sees(bed):
            return []
        waves = {signal: wave for signal, wave in update.waves.items() if signal in self._signals()}
        return [Samples(bed, update.number, waves)] if waves else []

    def _sees(self, bed: int) -> bool:
        return self.bed is None or self.bed == bed

    def _signals(self) -> tuple[Signal, ...]:
        return OVERVIEW if self.bed is None else tuple(Signal)

    def _detail(self) -> Shown | None:
        name = None if self.bed is None else self.numbers.name(self.bed)
        if name is None or name not in {each.name for each in self.live.places()}:
            return None
        view = self.live.place(name)
        return {
            "bed": self.bed,
            "limits": shown.limits(view),
            "events": shown.events(self.live.events(name)[-_EVENTS:], self.reader),
            "changes": shown.events(self.live.limit_changes(name), self.reader),
            "evidence": [self._evidence(view, each) for each in _disagreeing(view)],
            "silence": self.may_silence,
            "session": view.session if self.may_admit else None,
            "beds": list(self.live.admission.beds) if self.may_admit else [],
        }

    def _evidence(self, view: PlaceView, quantity: Quantity) -> Shown:
        signal = _WAVE_OF[quantity]
        wave = self.live.wave(view.name, signal, _EVIDENCE_SECONDS)
        told = shown.number(view, quantity)
        text = f"{quantity.value}: the monitor shows {told['shown'] or 'dashes'}. {told['why']}"
        return {
            "signal": signal.value,
            "rate": _RATE_OF[signal],
            "samples": list(wave),
            "beats": self.find(signal, wave),
            "text": f"{text}, last {_EVIDENCE_SECONDS} s of {signal.value}.",
        }


def _disagreeing(view: PlaceView) -> list[Quantity]:
    return [
        quantity
        for quantity in _WAVE_OF
        if (number := view.numbers.get(quantity)) and number.mark and number.mark.state is Truth.DISAGREES
    ]


def _wanted(text: str) -> Mapping[str, int | str]:
    if len(text) > _WANTED_BYTES:
        raise ValueError("too long")
    wanted = json.loads(text)
    if not isinstance(wanted, dict) or wanted.get("view") not in ("overview", "bed"):
        raise ValueError("no view")
    if wanted["view"] == "bed" and type(wanted.get("bed")) is not int:
        raise ValueError("no bed")
    if type(wanted.get("first", 0)) is not int:
        raise ValueError("no place to begin")
    return wanted
