"""In: a `Report`. Out: its verdict as a sentence with numbers a person can act on.

Says what was sent, called or seen; never why. Every number in it can be found again in the tables.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, tzinfo
from typing import Final

from wardwatch.report import curves, proof
from wardwatch.report.anatomy import sentences as anatomy
from wardwatch.report.facts import ATTEMPT, CALL, MONITOR, Facts, destinations, noun, patients
from wardwatch.report.units import between, cut, duration, listed, many, number, sentence, size, span
from wardwatch.vocabulary import Exposure, Gap, Severity, Subject, TimelineMark, TimelineRow, Verdict

_CAPTURES: Final = {"pcap", "pcapng", "capture", "snoop"}
_LONGEST: Final = 300
BRIEF: Final = 120
_NAME: Final = 60
_PAIR: Final = 2
_INSTANT: Final = 0.05


def verdict(facts: Facts, zone: tzinfo) -> str:
    """Return the verdict in one to four sentences, the first of which names the numbers."""
    if facts.report.tried:
        return "".join(proof.verdict(facts, facts.report.tried))
    if facts.report.curves:
        return "".join(curves.verdict(facts))
    if facts.report.comparison:
        return " ".join(filter(None, anatomy.compared(facts, facts.report.comparison)))
    said = {Verdict.FOUND: _found, Verdict.UNKNOWN: _unknown, Verdict.CLEAR: _clear}
    speak = said.get(facts.report.judgement.verdict)
    parts = speak(facts, zone) if speak else [f"The verdict is '{facts.report.judgement.verdict}'."]
    return " ".join(part for part in parts if part)


def _found(facts: Facts, zone: tzinfo) -> list[str]:
    """Tell what matters most first, and each subject once: data that left, calls to the outside, data inside."""
    parts: list[str] = []
    told: set[str] = set()
    for ids, tell in (
        ({each.subject for each in facts.sent}, _sent),
        ({row.subject for row in facts.calls}, _called),
        ({each.subject for each in facts.sent_inside}, _sent_inside),
    ):
        fresh = ids - told
        if fresh:
            did, when, outcome = tell(facts, fresh, zone)
            whole = [f"{share(fresh, facts)} {did} {when}.", outcome]
            parts += [f"{_others(fresh, facts)} {did}."] if told else whole
            told |= fresh
    if code := anatomy.found(facts):
        parts += code
        told |= {subject for subject, _ in facts.chains}
    rest = len([subject for subject in facts.found if subject.id not in told])
    also = f"Something was found on {number(rest)} more." if rest > 0 else ""
    return [*parts, also, _also_unknown(facts)] if told else [_otherwise(facts), _also_unknown(facts)]


def share(ids: AbstractSet[str], facts: Facts) -> str:
    """'3 of 41 monitors', 'All 41 monitors', 'Both monitors', or 'The monitor' where there is one only.

    Monitors are counted among the monitors, anything else among everything that was seen.
    """
    chosen = [subject for subject in facts.subjects if subject.id in ids]
    monitors = noun(chosen) == MONITOR
    pool = facts.monitors if monitors else facts.subjects
    name = noun(pool)
    if len(pool) == 1:
        return f"The {name}"
    if len(chosen) == len(pool):
        return f"Both {name}s" if len(pool) == _PAIR else f"All {many(len(pool), name)}"
    return f"{number(len(chosen))} of {many(len(pool), name)}"


def _others(ids: AbstractSet[str], facts: Facts) -> str:
    """'2 other devices'."""
    chosen = [subject for subject in facts.subjects if subject.id in ids]
    return many(len(chosen), f"other {noun(chosen)}")


def _sent(facts: Facts, ids: AbstractSet[str], zone: tzinfo) -> tuple[str, str, str]:
    """Data left the site in clear text."""
    exposed = [each for each in facts.sent if each.subject in ids]
    return f"sent {content(exposed)} to {_to(exposed)}", _when(exposed, zone), _answered(exposed)


def _sent_inside(facts: Facts, ids: AbstractSet[str], zone: tzinfo) -> tuple[str, str, str]:
    """Data went around in the site in clear text."""
    exposed = [each for each in facts.sent_inside if each.subject in ids]
    return f"sent {content(exposed)} to {_to(exposed)} inside the site", _when(exposed, zone), _answered(exposed)


def _to(exposed: Sequence[Exposure]) -> str:
    return listed([cut(peer, _NAME) for peer in destinations(exposed)], more="other addresses")


def _when(spans: Sequence[Exposure] | Sequence[TimelineMark], zone: tzinfo) -> str:
    return between(min(each.first for each in spans), max(each.last for each in spans), zone)


def content(exposed: Sequence[Exposure]) -> str:
    """'data of 12 to 14 patients', or the bytes where no patient was recognised; all of it in clear text."""
    low, high = patients(exposed)
    if high == 0:
        return f"{size(sum(each.bytes for each in exposed))} in clear text"
    if low == 0:
        return f"data of up to {many(high, 'patient')}"
    return f"data of {span(low, high, ' to ')} {'patient' if high == 1 else 'patients'}"


def _answered(exposed: Sequence[Exposure]) -> str:
    """Whether somebody was there to take the data; nothing where that could not be seen."""
    peers = {each.to for each in exposed}
    answering = {each.to for each in exposed if each.answered}
    if len(answering) == len(peers):
        whole = {1: "The destination", _PAIR: "Both destinations"}
        return f"{whole.get(len(peers), f'All {number(len(peers))} destinations')} answered."
    if answering:
        return f"{number(len(answering))} of {number(len(peers))} destinations answered."
    return "Nothing answered." if all(each.answered is False for each in exposed) else ""


def _called(facts: Facts, ids: AbstractSet[str], zone: tzinfo) -> tuple[str, str, str]:
    """Somebody outside was called, and no data was seen to be sent."""
    rows = [row for row in facts.calls if row.subject in ids]
    marks = [mark for row in rows for mark in row.marks]
    to = listed([cut(peer, _NAME) for peer in dict.fromkeys(row.to for row in rows)], more="other addresses")
    tries = attempts(rows)
    if tries == len(marks):
        return f"tried to reach {to}", _when(marks, zone), f"{many(tries, 'attempt')}. Nothing answered."
    if tries:
        outcome = f"{many(tries, 'attempt')} stayed without answer, {many(len(marks) - tries, 'session')} took place."
        return f"called {to}", _when(marks, zone), outcome
    if all(mark.kind == CALL for mark in marks):
        return (
            f"called {to}",
            _when(marks, zone),
            f"{many(len(marks), 'call')}. Whether anything answered is not recorded.",
        )
    spoke = "exchanged data with" if any(mark.bytes for mark in marks) else "connected to"
    return f"{spoke} {to}", _when(marks, zone), ""


def attempts(rows: Iterable[TimelineRow]) -> int:
    """How many times a call stayed unanswered."""
    return sum(mark.kind == ATTEMPT for row in rows for mark in row.marks)


def _otherwise(facts: Facts) -> str:
    """Nothing left and nobody was called: name the gravest findings by their titles."""
    grave = [found for found in facts.findings if found.severity is not Severity.INFO]
    titles = list(dict.fromkeys(found.title for found in grave))
    named = listed([f"'{cut(title, 80)}'" for title in titles], more="other findings")
    where = share({subject.id for subject in facts.found}, facts) if facts.found else "this input"
    return f"Something was found on {where[:1].lower() + where[1:]}: {named}."


def _also_unknown(facts: Facts) -> str:
    unsure = facts.having(Verdict.UNKNOWN)
    return f"For {number(len(unsure))} more it cannot be told." if unsure else ""


def _unknown(facts: Facts, _zone: tzinfo) -> list[str]:
    rest = len(facts.open_gaps) - 1
    also = f"{many(rest, 'more gap')} {'leaves' if rest == 1 else 'leave'} questions open." if rest > 0 else ""
    missing = facts.open_gaps[0]
    why = f"{cut(missing.what, BRIEF).rstrip('.')} ({cut(missing.why, BRIEF).rstrip('.')})."
    return [f"Cannot tell: {why}", also, f"Nothing was found in {examined(facts)}."]


def gap(missing: Gap) -> str:
    """What could not be seen and why, as one sentence."""
    return sentence(f"{cut(missing.what, _LONGEST).rstrip('.')}: {cut(missing.why, _LONGEST)}")


def _clear(facts: Facts, _zone: tzinfo) -> list[str]:
    devices = [subject for subject in facts.subjects if subject.device]
    return [f"Nothing was found in {examined(facts)}.", _seen(facts, devices) if devices or _on_the_wire(facts) else ""]


def _seen(facts: Facts, devices: Sequence[Subject]) -> str:
    if not devices:
        where = "it" if len(facts.report.inputs) == 1 else "them"
        return f"No monitor was recognised in {where}, so this says little."
    return f"{many(len(devices), noun(devices))} {'was' if len(devices) == 1 else 'were'} seen."


def _on_the_wire(facts: Facts) -> bool:
    return all(each.kind.lower() in _CAPTURES for each in facts.report.inputs)


def examined(facts: Facts) -> str:
    """'3 captures (1.2 GB, spanning 4 h 10 min)'."""
    inputs = facts.report.inputs
    kinds = {_kind(each.kind, has_code=bool(facts.report.dissections)) for each in inputs}
    what = many(len(inputs), kinds.pop() if len(kinds) == 1 else "input")
    told = [size(sum(each.bytes for each in inputs)), *_spanning(facts.report.first, facts.report.last)]
    return f"{what} ({', '.join(told)})"


def _kind(kind: str, *, has_code: bool) -> str:
    if kind.lower() in _CAPTURES:
        return "capture"
    if has_code:
        return {"elf": "program", "script": "script"}.get(kind.lower(), "firmware image")
    return cut(kind, _NAME).replace("-", " ") or "input"


def _spanning(first: datetime | None, last: datetime | None) -> list[str]:
    seconds = (last - first).total_seconds() if first and last else 0.0
    return [f"spanning {duration(seconds)}"] if seconds >= _INSTANT else []
