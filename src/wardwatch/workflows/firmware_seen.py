"""In: what programs of an image were seen doing. Out: the same as behaviours with evidence, joined to the findings.

Seen is seen: it makes a finding surer. Not seen says nothing but that, in so many seconds and with these keys.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, cast

from wardwatch.firmware.findings import found
from wardwatch.knowledge.catalogue import firmware_table, rules
from wardwatch.lab.held import is_remote
from wardwatch.lab.seen import Run, Seen, Session
from wardwatch.plugins import modules
from wardwatch.protocols.codec import Codec, Transport
from wardwatch.vocabulary import Evidence, EvidenceKind, Finding, Gap, Scalar, Severity

SEEN: Final = 0.99
"""Confidence of what was seen happening."""
_SURE: Final = 0.5
_PATIENTS: Final = frozenset({"cms", "hl7"})
UP, MOUNT, OVERWRITES, RUNS, CHAIN, PEER, TELEMETRY = (
    "firmware.interface-enabled", "firmware.remote-mount", "firmware.overwrites-programs",
    "firmware.runs-remote-file", "firmware.reverse-backdoor", "firmware.hard-coded-peer", "firmware.clear-telemetry",
)  # fmt: skip
SEVERITIES: Final = {
    UP: Severity.HIGH, MOUNT: Severity.CRITICAL, OVERWRITES: Severity.HIGH, RUNS: Severity.HIGH,
    CHAIN: Severity.CRITICAL, PEER: Severity.HIGH, TELEMETRY: Severity.CRITICAL,
}  # fmt: skip
"""Of the rules whose behaviour a run can show."""


@dataclass(frozen=True, slots=True)
class Act:
    """A behaviour of a rule that was seen: by which programs, towards whom, and in words."""

    rule: str
    by: tuple[str, ...]
    peer: str
    said: str
    evidence: Evidence


def acts(run: Run, is_configured: Callable[[str], bool]) -> tuple[Act, ...]:
    """What a run showed that a rule speaks of. A peer that the image's settings name is no fixed one."""
    up = [each for each in run.seen if each.kind == "interface" and each.to == "up" and each.what != "lo"]
    mounts = [each for each in run.seen if _is_remote_mount(each) and not is_configured(_host(each.what))]
    written = [each for each in run.seen if mounts and _replaces_a_program(each, run.taken)]
    ran = [each for each in run.seen if written and each.kind == "command" and _ran_later(each, written)]
    found_acts = [_act(UP, run, each) for each in up if not each.fails]
    found_acts += [_act(MOUNT, run, each, _host(each.what)) for each in mounts]
    found_acts += [_act(PEER, run, each, _host(each.what)) for each in mounts]
    found_acts += [_act(OVERWRITES, run, each, _host(mounts[0].what)) for each in written]
    found_acts += [_act(RUNS, run, each, _host(mounts[0].what)) for each in ran]
    found_acts += [
        _act(CHAIN, run, each, _host(mounts[0].what)) for each in (*up[:1], *mounts[:1], *written) if written
    ]
    return (*found_acts, *_calls(run, is_configured))


def joined(subject: str, findings: Sequence[Finding], seen: Sequence[Act]) -> tuple[Finding, ...]:
    """Findings with what was seen of them, and those that only a run showed."""
    taken: set[int] = set()
    results = []
    for finding in findings:
        mine = [number for number, act in enumerate(seen) if _is_of(finding, act)]
        taken.update(mine)
        results.append(_surer(finding, [seen[number] for number in mine]) if mine else finding)
    rest = [act for number, act in enumerate(seen) if number not in taken]
    return (*results, *_only_seen(subject, rest))


def unseen(subject: str, findings: Iterable[Finding], seen: Sequence[Act], runs: Sequence[Run]) -> Iterator[Gap]:
    """A remark for each finding a run could have shown, and did not."""
    tried = "; ".join(f"{run.program} for {run.limit:g} s {_keys(run)}" for run in runs)
    for rule, file in dict.fromkeys(
        (finding.rule, _file(finding)) for finding in findings
        if finding.rule in SEVERITIES and finding.severity is not Severity.INFO
        and not any(_is_of(finding, act) for act in seen)
    ):  # fmt: skip
        yield Gap(
            subject, f"{file}: {rules()[rule].title}: not observed in a run", f"run were {tried}; a run shows what a "
            "program does, never what it cannot do",
        )  # fmt: skip


def only_seen(findings: Sequence[Finding], seen: Sequence[Act]) -> tuple[Act, ...]:
    """What was seen and is in no finding of the static analysis."""
    return tuple(act for act in seen if not any(_is_of(finding, act) for finding in findings))


def told(run: Run) -> str:
    """The run for people: when, what kind, what."""
    head = f"{run.program}, run for {run.took:.1f} s {_keys(run)}"
    return "\n".join(
        (head, *(f"  {each.seconds:8.3f} s  {_line(each)}" for each in run.seen), *map(_received, run.sessions))
    )


def _line(seen: Seen) -> str:
    to = f" to {seen.to}" if seen.to and seen.kind != "command" else ""
    how = f" ({seen.how})" if seen.how else ""
    count = f", {seen.count} times" if seen.count > 1 else ""
    fails = f": {seen.fails}" if seen.fails else ""
    return f"{seen.kind:9}  {seen.what}{to}{how}{count}{fails}"


def _received(session: Session) -> str:
    form = _form(session)
    return (
        f"  received    {session.received:,} bytes at {session.address}:{session.port}/{session.transport}"
        f"{f', {form.title}' if form else ''}"
    )


def _calls(run: Run, is_configured: Callable[[str], bool]) -> Iterator[Act]:
    for session in run.sessions:
        address: IPv4Address | IPv6Address = ip_address(session.address)
        if not address.is_global or is_configured(session.address):
            continue
        end = f"{session.address}:{session.port}"
        by = next((each for each in run.seen if each.what == f"{end}/{session.transport}"), None)
        if by is None:
            continue
        form = _form(session)
        extra: dict[str, Scalar] = {"bytes": session.received, "sessions": session.sessions}
        what = f"{session.received:,} bytes sent to {end}" + (f", {form.title}" if form else "")
        yield _act(PEER, run, by, end, extra, what)
        if form and form.name in _PATIENTS and session.received:
            yield _act(TELEMETRY, run, by, end, extra, what)


def _form(session: Session) -> Codec | None:
    """The protocol by its form, never by its port."""
    codecs = [cast("Codec", module.CODEC) for module in modules("wardwatch.protocols", "CODEC")]
    sure = [
        (codec.recognise(Transport(session.transport), session.head, b""), codec) for codec in codecs if session.head
    ]
    best = max(sure, key=lambda one: one[0], default=None)
    return best[1] if best and best[0] >= _SURE else None


def _act(  # noqa: PLR0913, PLR0917  # the parts of an act
    rule: str, run: Run, seen: Seen, peer: str = "", extra: dict[str, Scalar] | None = None, what: str = ""
) -> Act:
    where: dict[str, Scalar | tuple[str, ...]] = {
        "file": seen.by[0] if seen.by else run.program, "observed": seen.kind, "seconds": seen.seconds,
        "keys": run.keys, "programs": seen.by, **(extra or {}), **({"peer": peer} if peer else {}),
    }  # fmt: skip
    said = what or " ".join(_line(seen).split())
    return Act(rule, seen.by, peer, said, Evidence(EvidenceKind.FILE, where, said))


def _is_remote_mount(seen: Seen) -> bool:
    return seen.kind == "mount" and is_remote(seen.what, seen.how.partition(",")[0])


def _host(source: str) -> str:
    """Who serves what was mounted."""
    return source.lstrip("/\\").replace("\\", "/").partition(":/" if ":/" in source else "/")[0].strip("[]")


def _replaces_a_program(seen: Seen, taken: Sequence[str]) -> bool:
    path = seen.to if seen.kind == "rename" else seen.what if seen.kind == "write" else ""
    globs = (*firmware_table("paths")["programs"], *firmware_table("paths")["start_up"])
    return path in taken and any(fnmatchcase(path, glob) for glob in globs)


def _ran_later(seen: Seen, written: Sequence[Seen]) -> bool:
    return any(seen.to in {each.to, each.what} and seen.seconds >= each.seconds for each in written if seen.to)


def _is_of(finding: Finding, act: Act) -> bool:
    """Whether it was found in a program that led to the act, and with the same peer where the rule is about one."""
    if finding.rule != act.rule or finding.severity is Severity.INFO:
        return False
    mine = [evidence for evidence in finding.evidence if evidence.where.get("file") in act.by]
    if act.rule in {PEER, TELEMETRY}:
        return any(evidence.where.get("peer") in {act.peer, act.peer.partition(":")[0]} for evidence in mine)
    return bool(mine)


def _file(finding: Finding) -> str:
    return str(finding.evidence[0].where.get("file", finding.subject))


def _surer(finding: Finding, mine: Sequence[Act]) -> Finding:
    return replace(
        finding, confidence=max(finding.confidence, SEEN),
        evidence=(*finding.evidence, *(act.evidence for act in mine)),
        summary=f"{finding.summary} Observed in a run: {_sentence(mine)}.",
    )  # fmt: skip


def _only_seen(subject: str, rest: Sequence[Act]) -> Iterator[Finding]:
    for rule, program, peer in dict.fromkeys((act.rule, act.by[:1], act.peer) for act in rest):
        mine = [act for act in rest if (act.rule, act.by[:1], act.peer) == (rule, program, peer)]
        summary = f"Observed in a run, and not found by reading the code: {_sentence(mine)}."
        yield found(rule, subject, SEVERITIES[rule], SEEN, summary, [act.evidence for act in mine])


def _sentence(mine: Sequence[Act]) -> str:
    said = list(dict.fromkeys(act.said for act in mine))
    return "; ".join(said[:4]) + (f"; and {len(said) - 4} more" if len(said) > 4 else "")  # noqa: PLR2004  # a sentence


def _keys(run: Run) -> str:
    return f"with keys {run.keys!r}" if run.keys else "without a key"
