"""In: displayed numbers, the monitor's limits, its messages. Out: the alarm conditions that hold, most urgent first.

Priorities are data (alarms.toml), since the monitor does not send its own; IEC 60601-1-8 names what they mean. A number
shown as dashes passes no limit. A limit that is switched off alarms nobody, and the page says that it is off.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from wardwatch.errors import InputError
from wardwatch.printable import printable

from .words import Alarm, AlarmKind, Contents, Limit, Priority, Quantity

_MESSAGES: Final = 4
_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class Urgency:
    """What one number's alarm is called, and how urgent it is."""

    name: str
    priority: Priority
    high_below: float | None = None
    high_above: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Priorities of all alarm conditions."""

    numbers: Mapping[Quantity, Urgency]
    technical: Mapping[str, Priority]


@cache
def table(text: str = "") -> Table:
    """The table in `text` (TOML), or the one that comes with the station; InputError where it is none."""
    try:
        told = tomllib.loads(text or (files(__package__) / "alarms.toml").read_text(encoding="utf-8"))
        numbers = {Quantity(name): _urgency(entry) for name, entry in told["number"].items()}
        technical = {name: Priority[level.upper()] for name, level in told["technical"].items()}
        return Table({each: numbers[each] for each in Quantity}, technical)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"not a table of alarm priorities: {error}", cure="Compare it with alarms.toml of the station."
        ) from error


def _urgency(entry: Mapping[str, Any]) -> Urgency:
    level = Priority[entry["priority"].upper()]
    return Urgency(str(entry["name"]), level, entry.get("high-below"), entry.get("high-above"))


def conditions(shown: Mapping[Quantity, float | None], limits: Mapping[Quantity, Limit], by: Table) -> Iterator[Alarm]:
    """Every limit in force that a shown number passes, and every limit that contradicts itself."""
    for quantity, limit in limits.items():
        if not limit.on:
            continue
        if limit.low > limit.high:
            text = f"LIMITS OF {by.numbers[quantity].name.upper()} CONTRADICT"
            yield Alarm(f"limits:{quantity}", by.technical["limits"], AlarmKind.TECHNICAL, text, quantity)
            continue
        value = shown.get(quantity)
        if value is not None:
            yield from _passed(quantity, value, limit, by.numbers[quantity])


def _passed(quantity: Quantity, value: float, limit: Limit, urgency: Urgency) -> Iterator[Alarm]:
    low = value < limit.low
    extreme = (urgency.high_below is not None and value < urgency.high_below) or (
        urgency.high_above is not None and value > urgency.high_above
    )
    if not (low or value > limit.high or extreme):
        return
    down = low or (value <= limit.high and urgency.high_below is not None and value < urgency.high_below)
    priority = Priority.HIGH if extreme else urgency.priority
    text = f"{urgency.name.upper()} {'LOW' if down else 'HIGH'}"
    bound = limit.low if down else limit.high
    yield Alarm(
        f"{quantity}:{'low' if down else 'high'}", priority, AlarmKind.PHYSIOLOGICAL, text, quantity, value, bound
    )


def said(contents: Contents, by: Table) -> Iterator[Alarm]:
    """What the monitor itself says about its sensors."""
    if contents.probe is False:
        text = "SPO2 PROBE OFF"
        yield Alarm("probe-off", by.technical["probe-off"], AlarmKind.TECHNICAL, text, Quantity.SPO2)
    for message in contents.messages[:_MESSAGES]:
        text = printable(message, _LENGTH)
        yield Alarm(f"message:{text}", by.technical["message"], AlarmKind.TECHNICAL, text)


def technical(key: str, text: str, by: Table, quantity: Quantity | None = None) -> Alarm:
    """A condition the station itself finds: 'no-data', 'late', 'conflict', 'disagrees'."""
    name = f"{key}:{quantity}" if quantity else key
    return Alarm(name, by.technical[key], AlarmKind.TECHNICAL, text, quantity)


def ordered(alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
    """Most urgent first; the patient before the equipment; then the newest."""
    return tuple(
        sorted(alarms, key=lambda each: (-each.priority, each.kind is AlarmKind.TECHNICAL, -each.since, each.key))
    )
