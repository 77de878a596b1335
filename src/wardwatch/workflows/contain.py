"""In: what was found and who must still talk to whom. Out: a folder with a policy, its rules and what they break."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Final, TypeVar

from wardwatch.contain import document, reported, sheet, wishes
from wardwatch.contain.compare import Comparison, compare, first_difference
from wardwatch.contain.detect import Detection, detections
from wardwatch.contain.dialect import Dialect, Texts, dialects
from wardwatch.contain.planner import Asked, Plan
from wardwatch.contain.planner import plan as make_plan
from wardwatch.contain.policy import Address, Attachment, Contained, Keep, Network, Policy
from wardwatch.contain.verdict import differing
from wardwatch.contain.watched import Watched
from wardwatch.errors import InputError, UsageError, WardwatchError
from wardwatch.knowledge.catalogue import indicators, rules
from wardwatch.vocabulary import Device, Examined, Gap, Report, Subject, SubjectKind, judge

POLICY: Final = "policy.yaml"
SHEET: Final = "plan.md"
RULES: Final = "rules"
DETECT: Final = "detect"
LARGEST: Final = reported.LARGEST

Language = TypeVar("Language", Dialect, Detection)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a containment is planned from. `only`: subjects of the report; without any, all that have a profile."""

    name: str
    expires: date
    report: Path | None = None
    only: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    detections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A plan's files by their path in its folder, and what was left out, with the reason."""

    plan: Plan
    files: Mapping[str, str]
    left_out: tuple[str, ...]


def plan(wanted: Wanted) -> Written:
    """Every text of the plan, each compared with the policy; UsageError where what is asked contradicts itself."""
    places = tuple(map(wishes.attachment, wanted.attached))
    found = _reported(wanted.report)
    devices = (*(wishes.device(text, places) for text in wanted.devices), *_found_devices(wanted, found, places))
    if not devices:
        raise UsageError("no device to contain", where="the plan", cure="Give --device NAME=ADDRESS or a report.")
    made = make_plan(
        Asked(
            wanted.name, wanted.expires, devices, _one_a_name(map(wishes.keep, wanted.keeps)), _published(),
            tuple(map(_network, wanted.blocks)), _of(found, devices), wanted.interfaces,
        )
    )  # fmt: skip
    return _written(made, wanted, found.left_out if found else ())


def check(folder: Path) -> Mapping[str, Comparison]:
    """The rules of a plan's folder, dialect by dialect, against its policy."""
    policy = read_policy(folder)
    texts = {path.name: _texts_in(path) for path in sorted((folder / RULES).glob("*")) if path.is_dir()}
    if not texts:
        raise InputError("no rules in it", where=str(folder / RULES), cure="Let 'wardwatch contain plan' write them.")
    return {name: compare(policy, name, files) for name, files in texts.items()}


def checked(folder: Path) -> tuple[Mapping[str, Comparison], Report]:
    """The same, and as a report: a finding for each dialect whose text says something else than the policy."""
    policy, done = read_policy(folder), check(folder)
    inputs = [
        Examined(f"{RULES}/{name}", f"rules for {name}", size, found.tried, found.tried, "packets", digest)
        for name, found in done.items() for size, digest in (_digest(folder / RULES / name),)
    ]  # fmt: skip
    differ = (
        differing(str(found.differences[0]), f"{RULES}/{name}", rules(), policy.devices[0].name)
        for name, found in done.items() if found.differences
    )  # fmt: skip
    watching = tuple(_watching(folder, policy))
    judgement = judge(differ, (gap for _, gap in watching if gap))
    subjects = tuple(
        Subject(each.name, SubjectKind.DEVICE, each.name, judgement,
                Device(each.name, each.name, tuple(map(str, each.addresses))))
        for each in policy.devices
    )  # fmt: skip
    return done, Report(judgement, (*inputs, *(each for each, _ in watching)), subjects)


def _watching(folder: Path, policy: Policy) -> Iterator[tuple[Examined, Gap | None]]:
    """Each folder with rules of detection, and a remark where they are not those of the policy."""
    for path in sorted(each for each in (folder / DETECT).glob("*") if each.is_dir()):
        files = _detected(policy, detection_named(path.name)).files
        size, digest = _digest(path)
        why = "not what this policy gives: changed by hand, or older than the policy; it may tell of what is kept"
        stale = Gap(policy.devices[0].name, f"{DETECT}/{path.name}", why) if _texts_in(path) != files else None
        yield Examined(f"{DETECT}/{path.name}", f"detection for {path.name}", size, size, size, "bytes", digest), stale


def _digest(folder: Path) -> tuple[int, str]:
    """Size of the texts of a dialect, and one hash over them in the order of their names."""
    texts = [text.encode() for _, text in sorted(_texts_in(folder).items())]
    return sum(map(len, texts)), sha256(b"".join(texts)).hexdigest()


def read_policy(folder: Path) -> Policy:
    """The policy of a plan: its folder, or the file itself."""
    path = folder / POLICY if folder.is_dir() else folder
    return document.read(_text(path, document.LARGEST), str(path))


def rules_of(folder: Path, dialect: str) -> Mapping[str, str] | None:
    """The rules as they lie in the folder, perhaps changed by somebody; None where there are none."""
    path = folder / RULES / dialect
    return _texts_in(path) if path.is_dir() else None


def dialect_named(name: str) -> Dialect:
    """UsageError with the names there are."""
    known = dialects()
    if name not in known:
        raise UsageError("no such dialect", where=name, cure=f"There are: {', '.join(known)}.")
    return known[name]


def detection_named(name: str) -> Detection:
    """UsageError with the names there are."""
    known = detections()
    if name not in known:
        raise UsageError("no such format of detection", where=name, cure=f"There are: {', '.join(known)}.")
    return known[name]


def save(written: Written, folder: Path) -> None:
    """Every file into `folder`, which is made."""
    try:
        for name, text in written.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=str(folder), cure="Name another folder."
        ) from error


def _reported(path: Path | None) -> reported.Reported | None:
    return reported.read(_text(path, LARGEST), str(path)) if path else None


def _found_devices(
    wanted: Wanted, found: reported.Reported | None, places: tuple[Attachment, ...]
) -> Sequence[Contained]:
    if found is None:
        return ()
    if unknown := sorted(set(wanted.only) - set(found.devices)):
        raise UsageError("not in the report", where=unknown[0], cure=f"There are: {', '.join(sorted(found.devices))}.")
    chosen = wanted.only or tuple(name for name in found.devices if name in found.profiles)
    return [Contained(name, _own(found.devices[name]), places) for name in chosen]


def _own(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Without those in a published block, as delivered: nothing is kept for them, and the block stops them."""
    return tuple(each for each in addresses if not any(each in network for network in _published())) or addresses


def _of(found: reported.Reported | None, devices: Iterable[Contained]) -> tuple[reported.Path, ...]:
    """The paths of the devices chosen, and of programs, which any device may run."""
    names = {device.name for device in devices}
    if found is None:
        return ()
    return tuple(path for path in found.paths if path.device in names or path.device not in found.devices)


def _one_a_name(keeps: Iterable[Keep]) -> tuple[Keep, ...]:
    """Several peers under one name become one kept path where all else is the same."""
    merged: dict[tuple[object, ...], Keep] = {}
    for keep in keeps:
        key = (keep.name, keep.protocol, keep.ports, keep.begins, keep.interface)
        peers = (*(merged[key].peers if key in merged else ()), *keep.peers)
        merged[key] = Keep(keep.name, peers, keep.protocol, keep.ports, keep.begins, keep.interface)
    return tuple(merged.values())


def _published() -> tuple[Network, ...]:
    return tuple(ip_network(entry.value) for entry in indicators() if entry.kind in {"address", "network"})


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise UsageError("no network", where=text, cure="Write 202.114.4.0/24.") from error


def _written(made: Plan, asked: Wanted, left_out: Sequence[str]) -> Written:
    without = list(left_out)
    ways = [dialect_named(name) for name in asked.dialects or dialects()]
    texts = _texts_of({way: partial(way.texts, made.policy) for way in ways}, without, strict=bool(asked.dialects))
    for dialect, written in texts.items():
        _agrees(made.policy, dialect, written)
    formats = [detection_named(name) for name in asked.detections or detections()]
    watching = _texts_of(
        {each: partial(_detected, made.policy, each) for each in formats}, without, strict=bool(asked.detections)
    )
    files = {POLICY: document.write(made.policy), SHEET: sheet.sheet(made, texts, without, watching)}
    return Written(made, {**files, **_lying(RULES, texts), **_lying(DETECT, watching)}, tuple(without))


def _texts_of(
    ways: Mapping[Language, Callable[[], Texts]], without: list[str], *, strict: bool
) -> dict[Language, Texts]:
    """What each writes; what one cannot write is told in `without`, unless it was asked for by name."""
    texts: dict[Language, Texts] = {}
    for way, write in ways.items():
        try:
            texts[way] = write()
        except UsageError as error:
            if strict:
                raise
            without.append(str(error))
    return texts


def overview(written: Written) -> str:
    """What a reader must know before the rules: what stays open, what stops, what breaks."""
    return sheet.overview(written.plan, written.left_out)


def _lying(folder: str, texts: Mapping[Language, Texts]) -> dict[str, str]:
    return {f"{folder}/{way.name}/{name}": text for way, made in texts.items() for name, text in made.files.items()}


def _detected(policy: Policy, detection: Detection) -> Texts:
    return detection.write(Watched(policy, indicators()))


def _agrees(policy: Policy, dialect: Dialect, texts: Texts) -> None:
    """No text leaves the house that a second reading does not confirm."""
    found = first_difference(policy, dialect.name, texts.files)
    if found:
        raise WardwatchError(f"the rules would not hold: {found}", where=dialect.title, cure="Please report this.")


def _texts_in(folder: Path) -> Mapping[str, str]:
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    return {path.name: _text(path, document.LARGEST) for path in paths}


def _text(path: Path, limit: int) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise InputError(f"longer than {limit} bytes", where=str(path), cure="Give the file that was written.")
        return content.decode("utf-8")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", where=str(path), cure="Name a file that is there."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("no UTF-8 text", where=str(path), cure="Give the file that was written.") from error
