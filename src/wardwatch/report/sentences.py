"""In: a `Report`. Out: its verdict as a sentence with numbers a person can act on.

Says what was sent, called or seen; never why. Every number in it can be found again in the tables.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Final

from wardwatch.report.facts import ATTEMPT, Facts, destinations, noun, patients
from wardwatch.report.units import between, cut, duration, listed, many, number, sentence, size, span
from wardwatch.vocabulary import Exposure, Gap, Severity, Subject, TimelineRow, Verdict

_CAPTURES: Final = {"pcap", "pcapng", "capture", "snoop"}
_LONGEST: Final = 300
BRIEF: Final = 120
_NAME: Final = 60
_PAIR: Final = 2
_INSTANT: Final = 0.05


def verdict(facts: Facts, zone: tzinfo) -> str:
    """Return the verdict in one to four sentences, the first of which names the numbers."""
    said = {Verdict.FOUND: _found, Verdict.UNKNOWN: _unknown, Verdict.CLEAR: _clear}
    speak = said.get(facts.report.judgement.verdict)
    parts = speak(facts, zone) if speak else [f"The verdict is '{facts.report.judgement.verdict}'."]
    return " ".join(part for part in parts if part)


def _found(facts: Facts, zone: tzinfo) -> list[str]:
    return [*(_sent(facts, zone) or _called(facts, zone) or _otherwise(facts)), _also_unknown(facts)]


def share(some: int, facts: Facts) -> str:
    """'3 of 41 monitors', 'All 41 monitors', 'Both monitors', or 'The monitor' where there is one only."""
    whole = len(facts.subjects)
    if whole == 1:
        return f"The {facts.noun}"
    if some == whole:
        return f"Both {facts.noun}s" if whole == _PAIR else f"All {many(whole, facts.noun)}"
    return f"{number(some)} of {many(whole, facts.noun)}"


def _sent(facts: Facts, zone: tzinfo) -> list[str]:
    """Data left the site, or went around in it in clear text."""
    exposed = facts.sent or facts.sent_inside
    if not exposed:
        return []
    senders = {each.subject for each in exposed}
    where = "" if facts.sent else " inside the site"
    to = listed([cut(peer, _NAME) for peer in destinations(exposed)], more="other addresses")
    when = between(min(each.first for each in exposed), max(each.last for each in exposed), zone)
    first = f"{share(len(senders), facts)} sent {content(exposed)} to {to}{where} {when}."
    return [first, _answered(exposed), _further(facts, senders)]


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
    if answering:
        whole = "The destination" if len(peers) == 1 else f"{number(len(answering))} of {len(peers)} destinations"
        return f"{whole} answered."
    return "Nothing answered." if all(each.answered is False for each in exposed) else ""


def _further(facts: Facts, senders: set[str]) -> str:
    """Who else was found, so that the first sentence hides nobody."""
    others = [subject for subject in facts.found if subject.id not in senders]
    if not others:
        return ""
    callers = {row.subject for row in facts.calls}
    if all(subject.id in callers for subject in others):
        return f"{number(len(others))} more tried to reach an address outside and sent no patient data that was seen."
    return f"Something was found on {number(len(others))} more."


def _called(facts: Facts, zone: tzinfo) -> list[str]:
    """Nothing was seen to be sent, but somebody outside was called."""
    if not facts.calls:
        return []
    callers = {row.subject for row in facts.calls}
    marks = [mark for row in facts.calls for mark in row.marks]
    to = listed([cut(peer, _NAME) for peer in facts.outside_peers], more="other addresses")
    when = between(min(mark.first for mark in marks), max(mark.last for mark in marks), zone)
    unanswered = all(mark.kind == ATTEMPT for mark in marks)
    spoke = "exchanged data with" if any(mark.bytes for mark in marks) else "connected to"
    did = "tried to reach" if unanswered else spoke
    tries = f"{many(attempts(facts.calls), 'attempt')}. Nothing answered." if unanswered else ""
    return [f"{share(len(callers), facts)} {did} {to} {when}.", tries, _further(facts, callers)]


def attempts(rows: Iterable[TimelineRow]) -> int:
    """How many times a call stayed unanswered."""
    return sum(mark.kind == ATTEMPT for row in rows for mark in row.marks)


def _otherwise(facts: Facts) -> list[str]:
    """Nothing left and nobody was called: name the gravest findings by their titles."""
    grave = [found for found in facts.findings if found.severity is not Severity.INFO]
    titles = list(dict.fromkeys(found.title for found in grave))
    named = listed([f"'{cut(title, 80)}'" for title in titles], more="other findings")
    where = share(len(facts.found), facts) if facts.found else "this input"
    return [f"Something was found on {where[:1].lower() + where[1:]}: {named}."]


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
    kinds = {_kind(each.kind) for each in inputs}
    what = many(len(inputs), kinds.pop() if len(kinds) == 1 else "input")
    told = [size(sum(each.bytes for each in inputs)), *_spanning(facts.report.first, facts.report.last)]
    return f"{what} ({', '.join(told)})"


def _kind(kind: str) -> str:
    return "capture" if kind.lower() in _CAPTURES else cut(kind, _NAME).replace("-", " ") or "input"


def _spanning(first: datetime | None, last: datetime | None) -> list[str]:
    seconds = (last - first).total_seconds() if first and last else 0.0
    return [f"spanning {duration(seconds)}"] if seconds >= _INSTANT else []
