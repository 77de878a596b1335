"""In: the facts of a report. Out: what to do now, at most five steps, the one that protects a patient first.

The advice on the CMS8000 is that of CISA (ICSMA-25-030-01 Update A) and the FDA (safety communication of January
2025, updated July 2025), in our words. Other findings bring their own remedy.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from wardwatch.report import proof
from wardwatch.report.anatomy import steps as anatomy
from wardwatch.report.context import Context
from wardwatch.report.facts import DOCUMENTED, MONITOR, Facts, is_documented, noun, patients
from wardwatch.report.units import cut, listed, many, sentence, span
from wardwatch.vocabulary import Finding, Rule, Severity, Subject, Verdict

MOST: Final = 5
_LONGEST: Final = 320
_FLEET: Final = 4
_NAME: Final = 60
_CALLING: Final = frozenset(
    {
        "traffic.known-address",
        "traffic.cms-stream",
        "traffic.remote-mount",
        "traffic.phone-home",
        "traffic.foreign-arp",
        "traffic.patient-data-clear",
    }
)


def steps(facts: Facts, context: Context) -> list[str]:
    """At most five sentences in the order in which they should be done; none where there is nothing to do."""
    chosen = (step for choose in _CHOICES for step in choose(facts, context))
    return list(islice(dict.fromkeys(chosen), MOST))


def is_cms8000(subject: Subject) -> bool:
    """Whether the subject is thought to be of the design the published advice is about."""
    profile = subject.device.profile if subject.device else None
    name = (profile or "").lower().replace(" ", "").replace("-", "")
    return "cms8000" in name or "mn120" in name


def _callers(facts: Facts) -> list[Subject]:
    """The found devices that send or call outside, or are of the design whose advice is to disconnect."""
    active = {each.subject for each in facts.sent} | {row.subject for row in facts.calls}
    found = [subject for subject in facts.found if subject.device]
    return [subject for subject in found if subject.id in active or (is_cms8000(subject) and facts.rules & _CALLING)]


def _them(subjects: Sequence[Subject]) -> str:
    if len(subjects) > _FLEET:
        return f"all {many(len(subjects), noun(subjects))}"
    return listed([cut(subject.name or subject.id, _NAME) for subject in subjects], most=_FLEET)


def _patients_first(facts: Facts, _context: Context) -> Iterator[str]:
    if callers := _callers(facts):
        whose = "this monitor is" if len(callers) == 1 else "these monitors are"
        yield (
            f"Before anything is unplugged, ask the ward whether {whose} watched from another room. If so, first put "
            "somebody at the bedside."
        )


def _disconnect(facts: Facts, _context: Context) -> Iterator[str]:
    if callers := _callers(facts):
        yield (
            f"Take {_them(callers)} off the network: unplug the cable and switch wireless off. Where wireless cannot "
            "be switched off, stop using the monitor."
        )


def _block(facts: Facts, _context: Context) -> Iterator[str]:
    peers = facts.outside_peers
    documented = any(is_documented(peer) for peer in peers) or (_callers(facts) and any(map(is_cms8000, facts.found)))
    others = [cut(peer, _NAME) for peer in peers if not is_documented(peer)]
    blocked = [*([str(DOCUMENTED)] if documented else []), *others]
    if blocked:
        yield f"Block {listed(blocked, more='other addresses')} at the firewall, in both directions and on every port."


def _watch(facts: Facts, _context: Context) -> Iterator[str]:
    if any(map(is_cms8000, _callers(facts))):
        yield (
            "Compare what the monitor displays with the patient. Where it does not fit, use another monitor and report "
            "it to the FDA (MedWatch)."
        )


def _tell(facts: Facts, _context: Context) -> Iterator[str]:
    low, high = patients(facts.sent)
    if high:
        whose = "1 patient" if high == 1 else f"{span(low, high, ' to ')} patients"
        whose = whose if low else f"up to {whose.removeprefix('0 to ')}"
        yield (
            f"Tell the privacy officer or counsel that data of {whose} left the site in clear text, and keep the "
            "captures as they are."
        )


def _separate(facts: Facts, _context: Context) -> Iterator[str]:
    if facts.sent_inside and not facts.sent and facts.noun == MONITOR:
        yield (
            "Put the monitors and their central station into a network of their own that nothing else can read: what "
            "they send is not encrypted."
        )


def _remedies(facts: Facts, context: Context) -> Iterator[str]:
    """What each finding says of itself, the gravest first; not again what the advice above covers."""
    covered = _CALLING if _callers(facts) else frozenset()
    for finding in facts.findings:
        if finding.severity is not Severity.INFO and finding.rule not in covered:
            yield from _remedy(finding, context.rules.get(finding.rule))


def _remedy(finding: Finding, rule: Rule | None) -> Iterator[str]:
    text = finding.remedy or (rule.remedy if rule else "")
    if text.strip():
        yield cut(sentence(text), _LONGEST)


def _capture_again(facts: Facts, _context: Context) -> Iterator[str]:
    if facts.report.judgement.verdict is Verdict.UNKNOWN:
        yield "Do not read this as clear: keep the question open until what could not be seen has been examined."
        yield "Record or collect again what is named under 'What could not be seen', then run this again."


def _keep_away(facts: Facts, _context: Context) -> Iterator[str]:
    quiet = [subject for subject in facts.subjects if is_cms8000(subject)]
    if quiet and not facts.found:
        yield (
            f"Keep the CMS8000 off the network even so, and block {DOCUMENTED}: by the published advisory every "
            "firmware version holds the function."
        )


_CHOICES: Final[tuple[Callable[[Facts, Context], Iterator[str]], ...]] = (
    _patients_first,
    _disconnect,
    _block,
    _watch,
    _tell,
    _separate,
    *anatomy.CHOICES,
    proof.steps,
    _remedies,
    _capture_again,
    _keep_away,
)
