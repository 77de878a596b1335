"""In: what every attempt of a trial came to. Out: findings and gaps of the proof, and its table of paths."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from wardwatch.vocabulary import Evidence, EvidenceKind, Finding, Gap, Rule, Severity, rfc3339

from .trial import BEFORE, MOVED, PHASES, ROLLBACK

OPEN: Final = "contain.path-open"
CUT: Final = "contain.path-cut"
NOT_RESTORED: Final = "contain.not-restored"
DIFFERS: Final = "contain.rules-differ"
_SEVERITIES: Final = {
    OPEN: Severity.CRITICAL, CUT: Severity.HIGH, NOT_RESTORED: Severity.MEDIUM, DIFFERS: Severity.HIGH,
}  # fmt: skip
_MOST_EVIDENCE: Final = 20
_SAME: Final = ("device", "path", "kept")


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt in one phase, as the trial told it."""

    phase: str
    place: int
    told: Mapping[str, Any]

    @property
    def works(self) -> bool:
        """A kept path works where it is answered, a forbidden one already where anything of it arrives."""
        return bool(self.told["answered"] if self.told["kept"] else self.told["reached"])

    @property
    def path(self) -> tuple[object, ...]:
        """What it is the same attempt by, in other phases."""
        return (self.place, *(self.told[name] for name in _SAME))

    @property
    def other_end(self) -> str:
        """The address the device is, or is not, to speak with."""
        return str(self.told["dst"] if self.told["outward"] else self.told["src"])


@dataclass(frozen=True, slots=True)
class Trial:
    """All attempts, and the times of the frames of each capture, by which evidence is dated."""

    tried: tuple[Tried, ...]
    times: Mapping[str, list[int]]
    lost: int

    @property
    def worked_before(self) -> frozenset[tuple[object, ...]]:
        """The paths that were open without rules."""
        return frozenset(each.path for each in self.tried if each.phase == BEFORE and each.works)


def trial(told: Mapping[str, Any]) -> Trial:
    """The trial as `trial.answer` told it."""
    tried = [Tried(each["phase"], each["place"], attempt) for each in told["rounds"] for attempt in each["attempts"]]
    return Trial(tuple(tried), told["times"], told["lost"])


def findings(done: Trial, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    """One for each device, rule, far end and phase."""
    groups: dict[tuple[str, str, str, str], list[Tried]] = {}
    before = done.worked_before
    for each in done.tried:
        rule = _broken(each, before)
        if rule:
            groups.setdefault((rule, each.told["device"], each.other_end, each.phase), []).append(each)
    for (rule, device, end, phase), group in groups.items():
        yield _finding(rules[rule], device, f"{phase}: {len(group)} attempts with {end}", group, done)


def differing(text: str, file: str, rules: Mapping[str, Rule], device: str) -> Finding:
    """That the text of the rules says something else than the policy."""
    rule = rules[DIFFERS]
    evidence = Evidence(EvidenceKind.LINE, {"file": file, "packet": text})
    return Finding(
        rule.name, device, rule.title, _SEVERITIES[DIFFERS], 1.0, text, (evidence,), rule.references, rule.remedy
    )


def gaps(done: Trial) -> Iterator[Gap]:
    """What the trial cannot speak for: a path that did not work before proves nothing by being shut afterwards."""
    for each in done.tried:
        if each.phase == BEFORE and not each.works:
            bears = CUT if each.told["kept"] else OPEN
            yield Gap(each.told["device"], each.told["path"], "it did not work before the rules either", (bears,))
    if done.lost:
        yield Gap("the captures", f"{done.lost} frames", "they came faster than they were taken", (OPEN,))


def table(done: Trial) -> str:
    """One line for each device, direction and far end: how many of its paths were open in each phase."""
    lines: dict[tuple[bool, str, bool, str], dict[str, list[bool]]] = {}
    for each in done.tried:
        key = (not each.told["kept"], each.told["device"], not each.told["outward"], each.other_end)
        lines.setdefault(key, {phase: [] for phase in PHASES})[each.phase].append(each.works)
    rows = [("", *_HEADS), *(_row(key, phases) for key, phases in sorted(lines.items()))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows) + "\n"


def latencies(done: Trial) -> Mapping[str, tuple[float, float]]:
    """Milliseconds a kept path took, the slowest before and with the rules."""
    found: dict[str, list[float]] = {}
    for each in done.tried:
        took = each.told["milliseconds"]
        if each.told["kept"] and took is not None and each.phase != ROLLBACK:
            pair = found.setdefault(each.told["path"], [0.0, 0.0])
            number = int(each.phase != BEFORE)
            pair[number] = max(pair[number], took)
    return {path: (pair[0], pair[1]) for path, pair in found.items()}


_HEADS: Final = ("before", "rules", "restart", "moved", "rollback")


def _row(key: tuple[bool, str, bool, str], phases: Mapping[str, list[bool]]) -> tuple[str, ...]:
    forbidden, device, inward, end = key
    arrow = "<" if inward else ">"
    cells = (f"{sum(works)}/{len(works)}" if works else "-" for works in phases.values())
    return (f"{'stop' if forbidden else 'keep'} {device} {arrow} {end}", *cells)


def _broken(each: Tried, before: frozenset[tuple[object, ...]]) -> str | None:
    """The rule an attempt goes against."""
    if each.phase == BEFORE or each.path not in before:
        return None
    if each.phase == ROLLBACK:
        return None if each.works else NOT_RESTORED
    if each.told["kept"]:
        return None if each.works else CUT
    return OPEN if each.works else None


def _finding(rule: Rule, device: str, what: str, group: Iterable[Tried], done: Trial) -> Finding:
    tried = list(group)
    names = list(dict.fromkeys(str(each.told["path"]) for each in tried))
    summary = f"{what}: {'; '.join(names[:3])}{' and more' if len(names) > 3 else ''}"  # noqa: PLR2004  # enough to see
    evidence = tuple(_evidence(each, done) for each in tried[:_MOST_EVIDENCE])
    return Finding(
        rule.name, device, rule.title, _SEVERITIES[rule.name], 1.0, summary, evidence, rule.references, rule.remedy
    )


def _evidence(each: Tried, done: Trial) -> Evidence:
    excerpt = f"{each.told['path']}, {each.phase}"
    if each.told["seen"] and each.works:
        name, number = each.told["seen"]
        time = datetime.fromtimestamp(done.times[name][number - 1] / 1e9, UTC)
        where = {"file": f"captures/{name}.pcap", "number": number, "time": rfc3339(time)}
        return Evidence(EvidenceKind.PACKET, where, excerpt)
    return Evidence(EvidenceKind.LINE, {"file": "paths.json", "phase": each.phase, "path": each.told["path"]}, excerpt)


def untried(shared: Iterable[str]) -> Iterator[Gap]:
    """A remark for each shared interface: what nobody can bind there."""
    for interface in shared:
        yield Gap(
            interface, "traffic from others to an address the device gives itself",
            f"{interface} is shared, and a gateway sees no MAC address of a destination: not tried in '{MOVED}'",
        )  # fmt: skip
