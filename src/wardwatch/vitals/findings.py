"""In: episodes of one monitor. Out: findings in the common words; what happened together is one finding.

The sentence says what disagrees with what, with numbers, and never why. Text of the recording (its messages) is not
repeated: a message may name a patient.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from wardwatch.knowledge.catalogue import rules
from wardwatch.vocabulary import Evidence, EvidenceKind, Finding, Severity, Where

from .check import Episode, Facts

_KEPT: Final = 12
_Said = Callable[[str, Facts], str]


def findings(episodes: Iterable[Episode], subject: str) -> tuple[Finding, ...]:
    """One finding for the episodes of a rule and kind that overlap in time, in order of time."""
    ordered = sorted(episodes, key=lambda one: (one.start, one.raised, one.rule, one.signal))
    groups: list[list[Episode]] = []
    for episode in ordered:
        group = next((group for group in reversed(groups) if _together(group, episode)), None)
        if group is None:
            groups.append([episode])
        else:
            group.append(episode)
    return tuple(_finding(group, subject) for group in groups)


def _together(group: list[Episode], episode: Episode) -> bool:
    first = group[0]
    alike = (first.rule, first.kind, first.severity) == (episode.rule, episode.kind, episode.severity)
    if first.rule == "vitals.display-disagrees":
        alike = alike and first.signal == episode.signal
    return alike and episode.start < max(one.end for one in group)


def _finding(group: list[Episode], subject: str) -> Finding:
    first = group[0]
    text = rules()[first.rule]
    signals = listed(dict.fromkeys(episode.signal for episode in group))
    start, end = min(one.start for one in group), max(one.end for one in group)
    summary = f"{_SAID[first.kind](signals, first.facts)} From {_time(start)} to {_time(end)} of the recording."
    ordered = sorted(group, key=lambda one: (one.raised, one.signal))
    remedy = "" if first.severity is Severity.INFO else text.remedy
    return Finding(
        first.rule, subject, text.title, first.severity, max(one.confidence for one in group), summary,
        tuple(map(evidence, ordered[:_KEPT])), text.references, remedy,
    )  # fmt: skip


def sentence(episode: Episode) -> str:
    """What one episode says, without its times."""
    return _SAID[episode.kind](episode.signal, episode.facts)


def evidence(episode: Episode) -> Evidence:
    """Where it is: the signal and the span, in seconds and samples, and when it was raised."""
    where: Where = {
        "signal": episode.signal,
        "start_s": round(episode.start, 3),
        "end_s": round(episode.end, 3),
        "start_sample": round(episode.start * episode.rate),
        "end_sample": round(episode.end * episode.rate),
        "rate": episode.rate,
        "raised_s": round(episode.raised, 3),
    }
    seen = ", ".join(f"{name} {_plain(value)}" for name, value in episode.facts.items())
    return Evidence(EvidenceKind.SAMPLES, where, seen)


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    known = list(names)
    return " and ".join(filter(None, (", ".join(known[:-1]), known[-1])))


def _time(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _plain(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _disagrees(signal: str, facts: Facts) -> str:
    return (
        f"{signal} is displayed as {_plain(facts['shown'])} where {_plain(facts['derived'])} a minute follows from the "
        f"waves; no lead, detector and usual way of averaging gives the displayed number (nearest: {facts['nearest']})."
    )


def _stands(signal: str, facts: Facts) -> str:
    return (
        f"{signal} has been displayed as {_plain(facts['shown'])} for {facts['for_s']} s without a change, while every "
        f"rate that follows from the waves moved by {_plain(facts['moved'])} a minute or more."
    )


def _exact(signal: str, facts: Facts) -> str:
    return f"{signal}: the same samples were sent {_plain(facts['distance_s'])} s before, without one difference."


def _noisy(_: str, facts: Facts) -> str:
    return (
        f"All signals ({facts['signals']}) repeat what they were {_plain(facts['distance_s'])} s before, with a "
        f"correlation of {_plain(facts['correlation'])} at least."
    )


def _noisy_alone(signal: str, facts: Facts) -> str:
    return (
        f"{signal} repeats what it was {_plain(facts['distance_s'])} s before, with a correlation of "
        f"{_plain(facts['correlation'])}, while the others do not; even a ventilator's breaths are less alike."
    )


def _pattern(signal: str, facts: Facts) -> str:
    return (
        f"{signal} repeats one pattern every {_plain(facts['distance_s'])} s, as a test signal or a failed sensor does."
    )


def _displayed(signal: str, _: Facts) -> str:
    return f"Nothing moves in {signal} while a number that only this could give is displayed, and no message says why."


def _still(signal: str, _: Facts) -> str:
    return f"Nothing moves in {signal}, as with a sensor or lead that is off or has failed."


def _decoupled(signal: str, facts: Facts) -> str:
    return (
        f"{signal} does not move with {facts['others']}: there is no delay at which its beats follow theirs, while "
        "each signal is regular by itself."
    )


def _silenced(signal: str, facts: Facts) -> str:
    return f"The {signal} alarm ({facts['before']}) was switched off."


def _widened(signal: str, facts: Facts) -> str:
    return f"The limits of the {signal} alarm were widened from {facts['before']} to {facts['after']}."


def _out_of_range(signal: str, facts: Facts) -> str:
    return (
        f"{signal} is displayed as {_plain(facts['value'])}, outside {_plain(facts['low'])} to {_plain(facts['high'])}."
    )


def _out_of_order(_: str, facts: Facts) -> str:
    values = " / ".join(_plain(facts[name]) for name in ("systolic", "mean", "diastolic"))
    return f"The cuff's systolic, mean and diastolic pressure are displayed as {values}: not in descending order."


def _without_probe(signal: str, facts: Facts) -> str:
    return f"{signal} is displayed as {_plain(facts['value'])} while the probe is reported to be off."


def _stale(_: str, facts: Facts) -> str:
    return f"The displayed cuff pressure is {int(facts['age_s']) // 3600} h old by the monitor's clock."


_SAID: Final[Mapping[str, _Said]] = MappingProxyType(
    {
        "disagrees": _disagrees, "stands": _stands,
        "exact": _exact, "noisy": _noisy, "noisy alone": _noisy_alone, "pattern": _pattern, "displayed": _displayed,
        "still": _still, "decoupled": _decoupled, "silenced": _silenced, "widened": _widened,
        "out of range": _out_of_range, "out of order": _out_of_order, "without probe": _without_probe, "stale": _stale,
    }
)  # fmt: skip
