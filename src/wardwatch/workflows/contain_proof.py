"""In: a plan. Out: a signed folder that proves its rules in a lab, or shows where they fail; and its verification."""

import json
import platform
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import wardwatch
from wardwatch import __version__
from wardwatch.contain import document, seal, trial, verdict
from wardwatch.contain.compare import first_difference
from wardwatch.contain.crossings import paths_tried
from wardwatch.contain.policy import Contained, Policy
from wardwatch.errors import InputError, UsageError
from wardwatch.knowledge.catalogue import indicators, rules
from wardwatch.lab.session import call
from wardwatch.secrecy import load_or_make_key, user_key_path
from wardwatch.vocabulary import (
    Asked,
    Device,
    Examined,
    Finding,
    Gap,
    Judgement,
    Report,
    Subject,
    SubjectKind,
    judge,
    rfc3339,
)

from .contain import POLICY, RULES, dialect_named, read_policy, rules_of
from .documents import context
from .documents import document as rendered

SECONDS: Final = 120.0
_MOST_FILES: Final = 1000
_LARGEST: Final = 256 << 20
_ENTRY: Final = "wardwatch.contain.trial:answer"


@dataclass(frozen=True, slots=True)
class Proof:
    """The report, the files of the signed folder, and what a person reads first."""

    report: Report
    files: Mapping[str, bytes]
    shown: str

    @property
    def judgement(self) -> Judgement:
        """The verdict with all it rests on."""
        return self.report.judgement


def key_path() -> Path:
    """Where the user's signing key lies, for proofs that belong to no case."""
    return user_key_path().with_name("proofs.key")


def prove(plan: Path, dialect: str, key: Path | None = None) -> Proof:
    """Try the plan's rules; those of its folder where they lie there, else generated ones."""
    policy = read_policy(plan)
    files = rules_of(plan, dialect) or dialect_named(dialect).texts(policy).files
    secret = load_or_make_key(key or key_path(), "signatures of proofs")
    known = [entry.value for entry in indicators() if entry.kind == "address"]
    told = json.loads(call(_ENTRY, trial.ask(policy, dialect, files, known), seconds=SECONDS))
    done = verdict.trial(told)
    findings, gaps = _against(policy, dialect, files, done)
    report = replace(_report(policy, dialect, files, told, (findings, gaps)), tried=paths_tried(done, policy))
    shown = _shown(done, report.judgement)
    content = dict(_files(policy, dialect, files, told, report, shown))
    about = _about(dialect, report.judgement)
    return Proof(report, {**content, **seal.seal(content, about, secret)}, shown)


def verify(folder: Path, public_key: str | None = None) -> seal.Seal:
    """The seal of a proof's folder; InputError where it does not hold, or was made with another key than expected."""
    found = seal.opened(dict(_read(folder)))
    if public_key and found.public_key != public_key.lower():
        raise InputError("signed with another key", where=str(folder), cure=f"Its key is {found.public_key}.")
    return found


def is_own(found: seal.Seal) -> bool:
    """Whether it was signed with this user's key."""
    path = key_path()
    return path.exists() and seal.public_key(load_or_make_key(path, "signatures of proofs")) == found.public_key


def save(proof: Proof, folder: Path) -> None:
    """Into a new folder: a proof is never written over another."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("not empty", where=str(folder), cure="Name a new folder for the proof.")
    try:
        for name, content in proof.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=str(folder), cure="Name another folder."
        ) from error


def _against(
    policy: Policy, dialect: str, files: Mapping[str, str], done: verdict.Trial
) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """All that speaks against the rules, and all that nobody can say."""
    findings = list(verdict.findings(done, rules()))
    gaps = [*verdict.gaps(done), *verdict.untried(place.interface for place in policy.attachments if place.mac)]
    try:
        difference = first_difference(policy, dialect, files)
    except InputError as error:
        gaps.append(Gap(error.where, "the text of the rules", error.what, (verdict.DIFFERS,)))
    else:
        if difference:
            place = f"{RULES}/{dialect}"
            findings.append(verdict.differing(str(difference), place, rules(), policy.devices[0].name))
    return tuple(findings), tuple(gaps)


def _report(
    policy: Policy,
    dialect: str,
    files: Mapping[str, str],
    told: Mapping[str, Any],
    against: tuple[tuple[Finding, ...], tuple[Gap, ...]],
) -> Report:
    findings, gaps = against
    total = sum(len(each["attempts"]) for each in told["rounds"])
    texts = {POLICY: document.write(policy), **{f"{RULES}/{dialect}/{name}": text for name, text in files.items()}}
    inputs = [
        Examined(name, "policy" if name == POLICY else f"rules for {dialect}", len(text.encode()), total, total,
                 "attempts", sha256(text.encode()).hexdigest())
        for name, text in texts.items()
    ]  # fmt: skip
    ordered = sorted(findings, key=lambda each: (each.severity.rank, each.rule, each.subject, each.id))
    subjects = tuple(_subject(device, findings, gaps) for device in policy.devices)
    times = [datetime.fromtimestamp(each["began"] / 1e9, UTC) for each in told["rounds"]]
    return Report(judge(ordered, gaps, Asked.PROOF), tuple(inputs), subjects, first=min(times), last=max(times))


def _subject(device: Contained, findings: tuple[Finding, ...], gaps: tuple[Gap, ...]) -> Subject:
    """A device, judged on what concerns it; what concerns no device in particular concerns each."""
    names = {device.name}
    own = [each for each in findings if each.subject in names or each.rule == verdict.DIFFERS]
    open_ = [each for each in gaps if each.subject in names or each.is_open]
    addresses = tuple(map(str, device.addresses))
    return Subject(
        device.name, SubjectKind.DEVICE, device.name, judge(own, open_, Asked.PROOF),
        Device(device.name, device.name, addresses),
    )  # fmt: skip


def _files(  # noqa: PLR0913, PLR0917  # the parts of a proof
    policy: Policy, dialect: str, files: Mapping[str, str], told: Mapping[str, Any], report: Report, shown: str
) -> Iterator[tuple[str, bytes]]:
    yield POLICY, document.write(policy).encode()
    yield "report.json", rendered("json", report, context()).encode()
    yield "report.html", rendered("html", report, context()).encode()
    yield "paths.json", (json.dumps(told["rounds"], indent=1) + "\n").encode()
    yield "paths.txt", shown.encode()
    for name, text in files.items():
        yield f"{RULES}/{dialect}/{name}", text.encode()
    for name, capture in told["captures"].items():
        yield f"captures/{name}.pcap", b64decode(capture)


def _about(dialect: str, judgement: Judgement) -> Mapping[str, Any]:
    return {
        "tool": {"name": "wardwatch", "version": __version__, "sha256": _own_hash()},
        "made": rfc3339(datetime.now(UTC)),
        "kernel": platform.release(),
        "dialect": dialect,
        "verdict": str(judgement.verdict),
    }


def _own_hash() -> str:
    """One hash over every source file of this installation, names among it."""
    root, total = Path(wardwatch.__file__).parent, sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(f"{path.relative_to(root).as_posix()}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _shown(done: verdict.Trial, judgement: Judgement) -> str:
    slow = verdict.latencies(done).items()
    lines = [f"{path}: {before:.1f} ms before, {after:.1f} ms with the rules" for path, (before, after) in slow]
    said = [f"{each.severity}: {each.title}: {each.subject}: {each.summary}" for each in judgement.findings]
    said += [f"gap: {gap.subject}: {gap.what}: {gap.why}" for gap in judgement.gaps]
    parts = ["Paths that were open, of those tried:", verdict.table(done).rstrip(), ""]
    parts += [*lines, "", *said, f"verdict: {judgement.verdict}"] if lines else [*said, f"verdict: {judgement.verdict}"]
    return "\n".join(parts) + "\n"


def _read(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every regular file below the folder; links are no part of a proof."""
    if not folder.is_dir():
        raise InputError("no folder of a proof", where=str(folder), cure="Name what 'wardwatch contain prove' wrote.")
    left = _LARGEST
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if path.is_symlink() or number > _MOST_FILES:
            raise InputError("links, or too many files", where=str(path), cure="Name what 'contain prove' wrote.")
        if path.is_file():
            left -= path.stat().st_size
            if left < 0:
                raise InputError(f"more than {_LARGEST >> 20} MiB", where=str(folder), cure="No proof is so large.")
            yield path.relative_to(folder).as_posix(), path.read_bytes()
