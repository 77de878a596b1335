"""In: two versions, examined. Out: for each finding of the old one: fixed, where it is now, or which gap."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from wardwatch.dissection import Chain, Change, Comparison
from wardwatch.firmware.behaviours.chains import ChainSeen
from wardwatch.firmware.behaviours.measures import Measure, judged
from wardwatch.firmware.behaviours.words import Behaviour, Kind
from wardwatch.firmware.drawing import chain_drawn, measures_of
from wardwatch.firmware.findings import listed
from wardwatch.vocabulary import EVERYTHING, Evidence, Finding, Gap, Severity

from .pairs import Pairs, are_versions, function_pairs, pairs_of
from .residue import KINDS, NOT_VERSIONS, Traces, hosts, residue, traces_of
from .side import Side

FIXED, NOT_FIXED, UNKNOWN = "fixed", "not-fixed", "unknown"
REASONS_SHOWN = 4
_BRIEF = 160
ANSWERED = frozenset({"firmware.reverse-backdoor", "firmware.remote-mount", "firmware.interface-enabled"})
"""Rules whose change says what the new version does against the chain."""
Draw = Callable[[Side, ChainSeen], Chain]


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison, and what a verdict rests on: the findings that are left and the gaps that leave one open."""

    comparison: Comparison
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]


def compare(old: Side, new: Side, measures: Sequence[Measure] = ()) -> Compared:
    """What became of each finding of `old`."""
    pairs = pairs_of(old, new)
    partners = _partners(old, new, pairs)
    gone = partial(_gone, old=old, new=new, known=(pairs, traces_of(old, new, pairs)), measures=measures)
    changes: list[Change] = []
    gaps: list[Gap] = []
    for finding in _grave(old.findings):
        partner = partners.get(id(finding))
        change = _still(finding, partner, old, new, measures) if partner else gone(finding)
        changes.append(change)
        if change.verdict == UNKNOWN:
            gaps.append(Gap(new.name, f"{finding.title} ({_about(finding)})", change.why, (finding.rule,)))
    new_ones = _appeared(old, new, partners)
    changes += [_new_one(finding, new, measures) for finding in new_ones]
    left = tuple(finding for finding in new.findings if finding.severity is not Severity.INFO)
    comparison = Comparison(old.name, new.name, tuple(changes), pairs.moved, len(pairs.same), pairs.unchanged_functions)
    undecided = tuple(gaps) or _open(old, new, pairs)
    return Compared(comparison, left, (*undecided, *_remarks((*old.gaps, *new.gaps), undecided)))


def _remarks(gaps: Iterable[Gap], said: Sequence[Gap]) -> Iterator[Gap]:
    """What else could not be seen of either version: told, though it was weighed and leaves no finding open."""
    known = {(gap.subject, gap.what) for gap in said}
    return (replace(gap, bears_on=()) for gap in gaps if (gap.subject, gap.what) not in known)


def _open(old: Side, new: Side, pairs: Pairs) -> tuple[Gap, ...]:
    """Where the old version shows nothing to be fixed, every gap of both keeps the question open."""
    if _grave(old.findings):
        return ()
    gaps = [gap for gap in (*old.gaps, *new.gaps) if gap.is_open]
    if not are_versions(old, new, pairs):
        gaps.append(Gap(new.name, "Whether it is another version", NOT_VERSIONS, (EVERYTHING,)))
    return tuple(gaps)


def _grave(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is not Severity.INFO]


def _about(finding: Finding) -> str:
    return listed(hosts(finding)) or str(finding.evidence[0].where.get("file", ""))


def _title(finding: Finding) -> str:
    """What the finding is about, so that two of one rule are told apart."""
    return f"{finding.title} ({_about(finding)})"


def _partners(old: Side, new: Side, pairs: Pairs) -> dict[int, Finding]:
    """Which finding of the new version is which of the old: the closest first, each once."""
    free = _grave(new.findings)
    found: dict[int, Finding] = {}
    for closeness in (_identical, _same_peer, _same_place, _same_file, _same_rule):
        for finding in _grave(old.findings):
            if id(finding) in found:
                continue
            partner = next(
                (each for each in free if each.rule == finding.rule and closeness(finding, each, old, new, pairs)), None
            )
            if partner is not None:
                found[id(finding)] = partner
                free.remove(partner)
    return found


def _first(finding: Finding) -> tuple[str, str]:
    where = finding.evidence[0].where
    return str(where.get("file", "")), str(where.get("name", ""))


def _identical(one: Finding, other: Finding, old: Side, new: Side, pairs: Pairs) -> bool:
    return hosts(one) == hosts(other) and _says(one) == _says(other) and _same_place(one, other, old, new, pairs)


def _same_peer(one: Finding, other: Finding, old: Side, new: Side, pairs: Pairs) -> bool:
    same = bool(set(hosts(one)) & set(hosts(other))) and _says(one) == _says(other)
    return same and (bool(_shared_files(one, other, pairs)) or not old.scene.graph.alone or not new.scene.graph.alone)


def _says(finding: Finding) -> str:
    """What tells findings of one rule and path apart (the property an update lacks)."""
    return finding.summary.partition(" between ")[0] if finding.rule == "firmware.unverified-update" else ""


def _same_place(one: Finding, other: Finding, old: Side, new: Side, pairs: Pairs) -> bool:
    (file, function), (their_file, their_function) = _first(one), _first(other)
    if pairs.files.get(file) != their_file or _says(one) != _says(other):
        return False
    before, after = old.scene.facts.get(file), new.scene.facts.get(their_file)
    return before is not None and after is not None and function_pairs(before, after).get(function) == their_function


def _same_file(one: Finding, other: Finding, _old: Side, _new: Side, pairs: Pairs) -> bool:
    return bool(_shared_files(one, other, pairs)) and _says(one) == _says(other)


def _shared_files(one: Finding, other: Finding, pairs: Pairs) -> set[str]:
    mine = {pairs.files.get(str(evidence.where.get("file", ""))) for evidence in one.evidence}
    return {str(evidence.where.get("file", "")) for evidence in other.evidence} & {file for file in mine if file}


def _same_rule(one: Finding, other: Finding, _old: Side, _new: Side, _pairs: Pairs) -> bool:
    return _says(one) == _says(other)


def _appeared(old: Side, new: Side, partners: dict[int, Finding]) -> list[Finding]:
    del old
    paired = {id(finding) for finding in partners.values()}
    return [finding for finding in _grave(new.findings) if id(finding) not in paired]


def _still(finding: Finding, partner: Finding, old: Side, new: Side, measures: Sequence[Measure]) -> Change:
    before, after = chain_for(old, finding), chain_for(new, partner)
    weighed = _against(old, new, after) if finding.rule in ANSWERED else ()
    reasons = [
        f"It is still there: {_place(partner.evidence[0])}.",
        *_differences(finding, partner),
        *weighed,
    ]
    return Change(
        finding.rule, _title(finding), NOT_FIXED, " ".join(reasons),
        _drawn(old, before, measures), _drawn(new, after, measures),
    )  # fmt: skip


def _new_one(finding: Finding, new: Side, measures: Sequence[Measure]) -> Change:
    after = chain_for(new, finding)
    why = f"The old version does not show this; the new one does: {_place(finding.evidence[0])}."
    return Change(finding.rule, _title(finding), NOT_FIXED, why, None, _drawn(new, after, measures))


def _place(evidence: Evidence) -> str:
    where = evidence.where
    at = f"at {where['address']}" if "address" in where else f"line {where.get('line', '?')}"
    function = f" {where['name']}" if where.get("name") else ""
    return (
        f"{where.get('file', '?')}{function} {at} ({_briefly(evidence.excerpt)})"
        if "trigger" in where
        else f"{where.get('file', '?')}"
    )


def _briefly(excerpt: str) -> str:
    """An excerpt as part of a sentence: no more than fits on two lines."""
    return excerpt if len(excerpt) <= _BRIEF else f"{excerpt[:_BRIEF]}…"


def _differences(finding: Finding, partner: Finding) -> Iterator[str]:
    """What changed between the two, as far as the finding holds all the same."""
    before, after = hosts(finding), hosts(partner)
    if before != after and after:
        yield f"The peer was {listed(before) or 'not fixed'} and is {listed(after)} now."
    mine, theirs = finding.evidence[0].where, partner.evidence[0].where
    if mine.get("file") != theirs.get("file"):
        yield f"It moved from {mine.get('file')} to {theirs.get('file')}."
    elif mine.get("name") != theirs.get("name") or mine.get("address") != theirs.get("address"):
        yield (
            "The code moved; what it does did not change."
            if finding.evidence[0].excerpt == partner.evidence[0].excerpt
            else "The code changed."
        )
    if mine.get("trigger") != theirs.get("trigger"):
        yield f"It was reached by {mine.get('trigger')} and is reached by {theirs.get('trigger')} now."


def _against(old: Side, new: Side, chain: ChainSeen | None) -> Iterator[str]:
    """What the new version does against the chain, and why that is not enough."""
    if chain is None:
        return
    known = {(measure.effect, measure.of) for measure in measures_of(old.scene)}
    for measure in measures_of(new.scene):
        if (measure.effect, measure.of) not in known:
            said = judged(measure, chain, new.scene.around)
            step = f" ({said.step})" if said.step else ""
            yield f"New: {measure.title}. This {_verb(said.holds)}{step}: {said.why}"


def _verb(holds: str) -> str:
    return {"stops": "stops the chain as long as it holds", "does not stop": "does not stop it"}.get(
        holds, "may stop it, which could not be told"
    )


def _gone(finding: Finding, old: Side, new: Side, known: tuple[Pairs, Traces], measures: Sequence[Measure]) -> Change:
    before = _drawn(old, chain_for(old, finding), measures)
    reasons = list(dict.fromkeys(residue(finding, old, new, *known)))
    if reasons:
        more = f" And {len(reasons) - REASONS_SHOWN} more." if len(reasons) > REASONS_SHOWN else ""
        why = f"It was not found again, but: {'; '.join(reasons[:REASONS_SHOWN])}.{more}"
        return Change(finding.rule, _title(finding), UNKNOWN, why, before)
    return Change(
        finding.rule, _title(finding), FIXED, _why_fixed(finding, new), before, None, tuple(_checked(finding, new))
    )


def _why_fixed(finding: Finding, new: Side) -> str:
    kinds = KINDS.get(finding.rule, ())
    left = [each for each in new.scene.of(*kinds) if each.end is None or each.end.name in {"", *hosts(finding)}]
    if left and all(not new.scene.route(each).found for each in left):
        return f"The code is still there ({left[0].place}), but no way leads to it, and nothing about ways is open."
    if not any(True for _ in new.scene.of(*kinds)):
        return f"Nothing in the new version does this any more: {_named(kinds)} occurs in no program and no script."
    return "The behaviour is gone: no program and no script of the new version does it."


def _named(kinds: Sequence[Kind]) -> str:
    return listed(sorted({kind.value for kind in kinds})) or "it"


def _checked(finding: Finding, new: Side) -> Iterator[str]:
    """What was looked at before 'fixed' was said."""
    scripts = sum(1 for file in new.scene.facts if new.scene.is_script(file))
    programs = len(new.scene.facts) - scripts
    calls = sum(len(facts.calls) for facts in new.scene.facts.values())
    yield f"{calls} calls that matter in {programs} programs and {scripts} scripts"
    for kind in KINDS.get(finding.rule, ()):
        yield f"{kind.value}: {_count(list(new.scene.of(kind)))}"
    for host in hosts(finding):
        yield f"{host}, as text and in network byte order, in {len(new.hashes)} files: not there"
    yield "gaps that bear on it: none beyond those of unchanged files"


def _count(found: list[Behaviour]) -> str:
    return "none" if not found else f"{len(found)}, none of them this one"


def chain_for(side: Side, finding: Finding) -> ChainSeen | None:
    """The chain that the finding is a part of."""
    places = {(str(e.where.get("file", "")), e.excerpt) for e in finding.evidence}
    found = [c for c in side.scene.chains if any((s.place.file, s.detail) in places for s in c.steps)]
    return max(found, key=lambda chain: (chain.is_whole, len(chain.steps)), default=None)


def _drawn(side: Side, chain: ChainSeen | None, measures: Sequence[Measure]) -> Chain | None:
    return chain_drawn(side.scene, chain, measures) if chain is not None else None
