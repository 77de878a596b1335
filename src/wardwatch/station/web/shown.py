"""In: a place as it stands and what an account may see. Out: the same as plain values for the page, ready for JSON.

Nothing that identifies a patient is in it unless the account's role shows names.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Final, NamedTuple

from wardwatch.station.quiet import Hush, silenced
from wardwatch.station.views import Number, PlaceKind, PlaceState, PlaceView
from wardwatch.station.words import SECOND, UNITS, Alarm, Event, Limit, Mark, Quantity, Truth

Shown = dict[str, object]

NOT_DERIVABLE: Final = "not derivable"
_CHECKED: Final = (Quantity.HR, Quantity.RR, Quantity.PR)
_SINGLE: Final = (
    ("HR", Quantity.HR),
    ("SpO2", Quantity.SPO2),
    ("RR", Quantity.RR),
    ("PR", Quantity.PR),
    ("T", Quantity.T1),
)
_CUFF: Final = (Quantity.NIBP_SYS, Quantity.NIBP_DIA, Quantity.NIBP_MAP)
_NOBODY_WATCHES: Final = "Nobody watches whether this device tries to call out: connect a sensor to the segment."
_LIVE_NOTES: Final[Mapping[PlaceKind, str]] = MappingProxyType(
    {
        PlaceKind.BED: "",
        PlaceKind.UNKNOWN: "Unknown monitor: not admitted to a bed",
        PlaceKind.CONFLICT: "Claims a bed that another monitor holds",
    }
)


class Reader(NamedTuple):
    """Who looks: whether patients' names are shown, in which zone times are told, and which ports are watched."""

    names: bool
    zone: tzinfo = UTC
    watched: tuple[int, ...] = ()


def place(bed: int, view: PlaceView, reader: Reader) -> Shown:
    """One tile: names, numbers with their truth marks, alarms, notes."""
    return {
        "bed": bed,
        "name": view.name,
        "patient": _patient(view, reader),
        "state": _state(view),
        "note": _note(view, reader),
        "numbers": [*(_number(key, view.numbers.get(quantity), quantity) for key, quantity in _SINGLE), _cuff(view)],
        "alarms": [_alarm(each, view) for each in view.alarms],
        "quiet": _quiet(view, reader),
        "exposure": _exposure(view, reader),
    }


def _patient(view: PlaceView, reader: Reader) -> str | None:
    if view.patient is None:
        return ""
    return view.patient.name if reader.names else None


def _state(view: PlaceView) -> str:
    if view.claimants or view.kind is PlaceKind.CONFLICT:
        return "conflict"
    if view.state is PlaceState.EMPTY:
        return "free"
    if view.state is not PlaceState.LIVE:
        return "silent"
    return "unknown" if view.kind is PlaceKind.UNKNOWN else "live"


def _note(view: PlaceView, reader: Reader) -> str:
    if view.state is PlaceState.EMPTY:
        return "No monitor"
    if view.state is not PlaceState.LIVE:
        return f"No data since {clock(view.at, reader.zone)}"
    return "Two monitors claim this bed" if view.claimants else _LIVE_NOTES[view.kind]


def number(view: PlaceView, quantity: Quantity) -> Shown:
    """One of the numbers that can be checked, as on its tile."""
    return _number(quantity.value, view.numbers.get(quantity), quantity)


def _number(key: str, number: Number | None, quantity: Quantity) -> Shown:
    value = number.value if number else None
    mark = number.mark if number else None
    return {
        "key": key,
        "shown": "" if value is None else _plain(value, quantity),
        "unit": UNITS[quantity],
        "truth": _truth(mark, quantity),
        "derived": "" if mark is None or mark.derived is None else _plain(mark.derived, quantity),
        "why": _why(mark, quantity),
        "alarm": number.alarm.name.lower() if number and number.alarm else "",
    }


def _truth(mark: Mark | None, quantity: Quantity) -> str:
    if mark is not None:
        return mark.state.value
    return Truth.CANNOT_VERIFY.value if quantity in _CHECKED else NOT_DERIVABLE


def _why(mark: Mark | None, quantity: Quantity) -> str:
    if mark is None:
        return "" if quantity in _CHECKED else "Cannot be derived from what the device sends."
    told = [mark.why] if mark.why else []
    if mark.derived is not None:
        bounds = "" if mark.low is None or mark.high is None else f" ({mark.low:.0f} to {mark.high:.0f})"
        told.append(f"the waveform gives {mark.derived:.0f}{bounds}")
    sentence = "; ".join(told)
    return sentence[:1].upper() + sentence[1:]


def _plain(value: float, quantity: Quantity) -> str:
    return f"{value:.1f}" if quantity is Quantity.T1 else f"{value:.0f}"


def _cuff(view: PlaceView) -> Shown:
    numbers = [view.numbers.get(each) for each in _CUFF]
    values = [number.value if number else None for number in numbers]
    alarms = [number.alarm for number in numbers if number and number.alarm]
    return {
        "key": "NIBP",
        "shown": _pressure(values),
        "unit": UNITS[Quantity.NIBP_SYS],
        "truth": NOT_DERIVABLE,
        "derived": "",
        "why": _why(None, Quantity.NIBP_SYS),
        "alarm": max(alarms).name.lower() if alarms else "",
    }


def _pressure(values: list[float | None]) -> str:
    if all(each is None for each in values):
        return ""
    upper, lower, mean = ("--" if each is None else f"{each:.0f}" for each in values)
    return f"{upper}/{lower} ({mean})"


def _alarm(alarm: Alarm, view: PlaceView) -> Shown:
    why = silenced(alarm, view.pause, view.acknowledged)
    quiet = {None: "", Hush.ACKNOWLEDGE: "acknowledged"}.get(why, "sound paused")
    return {"priority": alarm.priority.name.lower(), "kind": alarm.kind.value, "text": alarm.text, "quiet": quiet}


def _quiet(view: PlaceView, reader: Reader) -> str:
    """In words until when which alarms make no sound, and who wanted it so."""
    told = []
    if view.pause:
        mark, until = view.pause.priority.mark, clock(view.pause.until, reader.zone)
        told.append(f"Sound paused until {until} for alarms up to {mark}{_by(view.pause.by, reader)}")
    if view.acknowledged:
        latest = max(view.acknowledged.values(), key=lambda each: each.at)
        told.append(f"Acknowledged at {clock(latest.at, reader.zone)}{_by(latest.by, reader)}")
    return ". ".join(told)


def _by(name: str, reader: Reader) -> str:
    return f" by {name}" if reader.names else ""


def _exposure(view: PlaceView, reader: Reader) -> Shown:
    if view.exposure:
        return {"state": "calling", "mark": "\u2197 calls out", "text": view.exposure}
    if not reader.watched:
        return {"state": "unknown", "mark": "", "text": _NOBODY_WATCHES}
    ports = " and ".join(map(str, reader.watched))
    text = f"Not seen so far: it tried none of the ports {ports} at the station. Other addresses are not watched here."
    return {"state": "none seen", "mark": "", "text": text}


def limits(view: PlaceView) -> list[Shown]:
    """The alarm limits of a place, as a table's rows."""
    return [_limit(quantity, number.limit) for quantity, number in view.numbers.items() if number.limit]


def _limit(quantity: Quantity, limit: Limit) -> Shown:
    return {
        "key": quantity.value,
        "low": f"{limit.low:g}",
        "high": f"{limit.high:g}",
        "on": "on" if limit.on else "off",
    }


def events(some: Iterable[Event], reader: Reader) -> list[Shown]:
    """What happened, the newest first."""
    return [{"time": clock(each.at, reader.zone), "text": each.text} for each in reversed(tuple(some))]


def clock(at: int, zone: tzinfo) -> str:
    """A time as it stands on the wall; `at` in nanoseconds since 1970."""
    return datetime.fromtimestamp(at / SECOND, zone).strftime("%H:%M:%S")
