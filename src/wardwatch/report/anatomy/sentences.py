"""In: chains and comparisons of a report. Out: what the code does and whether the patch is real, as sentences.

They say what the code does, where, and what sets it going; never why somebody wrote it so.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from wardwatch.dissection import Chain, Change, Comparison, Stop
from wardwatch.report.facts import Facts
from wardwatch.report.units import cut, listed, many, number, sentence

_NAME: Final = 80
_CLAUSE: Final = 140
_WHY: Final = 400
_STEPS: Final = 6
WHOLE: Final = "firmware.reverse-backdoor"
"""The rule that speaks of a whole chain, not of a part of one."""
_SET_GOING: Final = {
    "start-up": "It runs by itself when the device starts",
    "menu": "A menu item sets it going",
    "key": "A key press sets it going",
    "timer": "A timer sets it going",
    "signal": "A signal sets it going",
    "network": "Something received from the network sets it going",
    "none-found": "What sets it going was not found",
}


def gravest_first(changes: Sequence[Change]) -> list[Change]:
    """The unrepaired first; of those, the whole chain before its parts."""
    order = ("not-fixed", "unknown", "fixed")
    return sorted(changes, key=lambda each: (order.index(each.verdict), each.rule != WHOLE))


def found(facts: Facts) -> list[str]:
    """What the gravest chain does and what sets it going, in up to three sentences; nothing where there is no chain."""
    chain = _gravest(facts)
    if chain is None:
        return []
    subject, chosen = chain
    rest = len(facts.chains) - 1
    also = f"{many(rest, 'more chain')} of this kind {'is' if rest == 1 else 'are'} shown below." if rest else ""
    return [part for part in (does(chosen, facts.names.get(subject, subject)), set_going(chosen), also) if part]


def _gravest(facts: Facts) -> tuple[str, Chain] | None:
    """The longest chain that can complete, whatever holds it."""
    ordered = sorted(facts.chains, key=lambda entry: (entry[1].completes is not True, -len(entry[1].steps)))
    return ordered[0] if ordered else None


def does(chain: Chain, where: str) -> str:
    """'In X, /opt/bin/monitor brings eth0 up, mounts A:/pm and copies files from there over /opt/bin.'."""
    file = chain.steps[0].file if chain.steps else ""
    clauses = list(dict.fromkeys(cut(step.title, _CLAUSE).rstrip(".") for step in chain.steps))
    done = listed(clauses, most=_STEPS, more="steps more") or cut(chain.title, _CLAUSE)
    if not file or file == where:
        return f"{cut(where, _NAME)} {done}."
    return f"In {cut(where, _NAME)}, {cut(file, _NAME)} {done}."


def set_going(chain: Chain) -> str:
    """What sets the chain going, and through what, in one sentence."""
    words = _SET_GOING.get(chain.trigger, "")
    label = next((stop.how for stop in chain.path if chain.trigger in stop.how.lower()), "")
    told = f"{words} ({cut(label, _NAME)})" if words and label and chain.trigger in {"menu", "key"} else words
    return f"{told}." if told else ""


def place(file: str, function: str = "", address: int | None = None, line: int | None = None) -> str:
    """'/opt/bin/monitor: do_update at 0x8f20' or '/etc/init.d/rcS, line 4'."""
    at = f" at {address:#x}" if address is not None else f", line {number(line)}" if line else ""
    return f"{cut(file, _NAME)}{f': {cut(function, _NAME)}' if function else ''}{at}"


def how(stop: Stop) -> str:
    """'menu item 'Update', at 0x8e00': how control comes to a stop, and where it leaves the one before."""
    at = f"at {stop.address:#x}" if stop.address is not None else f"line {number(stop.line)}" if stop.line else ""
    return ", ".join(filter(None, (cut(stop.how, _CLAUSE), at)))


def compared(facts: Facts, comparison: Comparison) -> Iterator[str]:
    """Whether the new version repairs the old one, in up to three sentences."""
    of = {
        state: [each for each in comparison.changes if each.verdict == state]
        for state in ("not-fixed", "unknown", "fixed")
    }
    old, new = cut(comparison.old, _NAME), cut(comparison.new, _NAME)
    if of["not-fixed"]:
        yield from _not_fixed(of["not-fixed"], len(comparison.changes), old, new)
    elif of["unknown"] or facts.open_gaps:
        yield from _undecided(of["unknown"], len(comparison.changes), old, new)
        if not comparison.changes:
            yield f"{facts.open_gaps[0].why[:1].upper()}{facts.open_gaps[0].why[1:]}."
    elif comparison.changes:
        gone = "is gone" if len(comparison.changes) == 1 else "are gone"
        yield f"{_every(len(comparison.changes))} of {old} {gone} in {new}."
        yield _reason(of["fixed"])
    else:
        yield f"Nothing was found in {old} that a patch would have to repair, and nothing new in {new}."


def _not_fixed(still: Sequence[Change], every: int, old: str, new: str) -> Iterator[str]:
    hold = "still holds" if len(still) == 1 else "still hold"
    yield f"{new} does not repair {old}: {number(len(still))} of {many(every, 'finding')} {hold}."
    yield _reason(still)


def _undecided(open_ones: Sequence[Change], every: int, old: str, new: str) -> Iterator[str]:
    if not every:
        yield f"Cannot tell whether {new} repairs {old}: nothing was found in either, but not everything could be seen."
        return
    stay = "stays open" if len(open_ones) == 1 else "stay open"
    yield f"Cannot tell whether {new} repairs {old}: {number(len(open_ones))} of {many(every, 'finding')} {stay}."
    yield _reason(open_ones)


def _reason(changes: Sequence[Change]) -> str:
    """Why, of the change that says most: one about a whole chain before one about a part of it."""
    ordered = sorted(changes, key=lambda each: (each.before is None and each.after is None, each.rule))
    whole = next((each for each in ordered if each.rule == WHOLE), ordered[0] if ordered else None)
    return sentence(cut(whole.why, _WHY)) if whole else ""


def _every(count: int) -> str:
    return "The one finding" if count == 1 else f"All {many(count, 'finding')}"
