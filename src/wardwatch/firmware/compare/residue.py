"""In: a finding of the old version that the new one does not show. Out: what in the new version could still be it.

'Fixed' is said only where all of this is empty: no doubt that these are two versions of one firmware, no weaker form
of the behaviour, no argument that could not be recovered, no gap in code that changed, no trace of the old peer's
address in any file.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final

from wardwatch.firmware.behaviours.peers import is_routable
from wardwatch.firmware.behaviours.words import Behaviour, Kind, Known
from wardwatch.firmware.gaps import CHAIN_RULES
from wardwatch.vocabulary import EVERYTHING, Finding, Gap, Severity

from .pairs import Pairs, are_versions, plain
from .side import Side

SETTINGS_AT_MOST: Final = 1 << 20
_ADDRESS: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_SOURCES: Final = (Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH, Kind.RECEIVE)
KINDS: Final = {
    "firmware.hard-coded-peer": (Kind.CONNECT, Kind.SEND, Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH),
    "firmware.remote-mount": (Kind.REMOTE_MOUNT,),
    "firmware.interface-enabled": (Kind.INTERFACE_UP,),
    "firmware.clear-telemetry": (Kind.SEND,),
    **dict.fromkeys(CHAIN_RULES, _SOURCES),
}
Traces = Mapping[str, tuple[str, ...]]
NOT_VERSIONS: Final = (
    "no program and no script of the old version has its like in the new one, so they do not look like two versions of "
    "one firmware"
)


def residue(finding: Finding, old: Side, new: Side, pairs: Pairs, traces: Traces) -> Iterator[str]:
    """Each reason in words why the finding may still hold."""
    if not are_versions(old, new, pairs):
        yield NOT_VERSIONS
    yield from _weaker(finding, old, new)
    yield from _traces(finding, new, traces)
    yield from _gaps(finding, old, new, pairs)


def hosts(finding: Finding) -> tuple[str, ...]:
    """The peers a finding names, without ports."""
    names = (str(evidence.where.get("peer", "")) for evidence in finding.evidence)
    return tuple(dict.fromkeys(host_of(name) for name in names if name))


def host_of(peer: str) -> str:
    """`198.51.100.7` of `198.51.100.7:515`; an IPv6 address in brackets loses them."""
    if peer.startswith("["):
        return peer[1:].partition("]")[0]
    return peer.partition(":")[0] if peer.count(":") == 1 else peer


def _weaker(finding: Finding, old: Side, new: Side) -> Iterator[str]:
    """The rule still speaks, if only as a note; or the behaviour is there with a peer from elsewhere."""
    known = {(each.rule, each.summary) for each in old.findings if each.severity is Severity.INFO}
    for other in new.findings:
        same = other.rule == finding.rule and other.severity is Severity.INFO
        if same and (other.rule, other.summary) not in known and _related(finding, other):
            yield f"a note remains: {other.summary}"
    before = {(each.detail, each.kind) for each in old.scene.behaviours}
    for behaviour in new.scene.of(*KINDS.get(finding.rule, ())):
        if (behaviour.detail, behaviour.kind) not in before and (why := _weaker_by(behaviour, finding, new)):
            yield f"{behaviour.place} still does it, {why}"


def _related(finding: Finding, other: Finding) -> bool:
    """Notes about the same peer, or, for rules without one, about the same file."""
    mine, theirs = set(hosts(finding)), set(hosts(other))
    if mine or theirs:
        return bool(mine & theirs)
    return finding.evidence[0].where.get("file") == other.evidence[0].where.get("file")


def _weaker_by(behaviour: Behaviour, finding: Finding, new: Side) -> str:
    """Why a behaviour with a peer from elsewhere may be the old one; '' where the site alone decides about it."""
    end = behaviour.end
    if behaviour.kind is Kind.INTERFACE_UP:
        return "" if behaviour.subject else "on an interface that could not be recovered"
    if behaviour.kind not in {Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH} or end is None:
        return ""
    if end.known is Known.UNKNOWN:
        return f"with {end}"
    return _configured_by(behaviour, finding, new) if end.known is Known.CONFIGURED else ""


def _configured_by(behaviour: Behaviour, finding: Finding, new: Side) -> str:
    """Why settings may still name the old peer, or another outside; '' where they cannot, or do no harm."""
    if held := _in_settings(behaviour, new):
        return f"with a peer from its settings, and these hold {held}"
    chain = next((each for each in new.scene.chains if each.source == behaviour), None)
    if chain is not None and chain.has(Kind.VERIFY_SIGNATURE):
        return ""
    if behaviour.end and "argument" in behaviour.end.origin:
        return "with a peer that whoever starts it names"
    absent = [file for file in _settings(behaviour) if file not in new.hashes]
    if absent:
        return f"with a peer from {absent[0]}, which the image does not hold"
    unsigned = chain is not None and chain.is_whole and finding.rule in CHAIN_RULES
    return f"with {behaviour.end}, and verifies no signature" if unsigned else ""


def _settings(behaviour: Behaviour) -> list[str]:
    """The files that the behaviour's unknown parts are read from."""
    holes = [*behaviour.source.holes, *behaviour.target.holes]
    sources = [source for hole in holes for source in hole.sources if source.startswith("file:/")]
    return list(dict.fromkeys(source.removeprefix("file:") for source in sources))


def _in_settings(behaviour: Behaviour, new: Side) -> str:
    """A routable address in the image's own copy of the settings that name the peer."""
    for file in _settings(behaviour):
        for found in _ADDRESS.findall(new.content(file)[:SETTINGS_AT_MOST].decode("latin-1")):
            if is_routable(found):
                return f"{found} in {file}"
    return ""


def traces_of(old: Side, new: Side, pairs: Pairs) -> Traces:
    """For each peer of the old findings the new version's files that hold its address, each file read once.

    Files that did not change and did nothing with it before are passed over.
    """
    silent = {other for path, other in pairs.files.items() if path in pairs.same and not _speaks(old, path)}
    wanted = {host: _forms(host) for finding in old.findings for host in hosts(finding)}
    found: dict[str, list[str]] = {host: [] for host in wanted}
    for path in sorted(set(new.hashes) - silent) if wanted else ():
        content = new.content(path)
        for host, forms in wanted.items():
            if any(form in content for form in forms):
                found[host].append(path)
    return {host: tuple(paths) for host, paths in found.items()}


def _traces(finding: Finding, new: Side, traces: Traces) -> Iterator[str]:
    """Files that hold the old peer's address, though no call in them was seen to use it."""
    for host in hosts(finding):
        for path in traces.get(host, ()):
            if not _uses(new, path, host):
                yield f"{host} still stands in {path}, though no call that uses it was seen"


def _uses(side: Side, path: str, host: str) -> bool:
    """Whether a call in the file was seen to use the address: then it is told elsewhere how it is reached."""
    return any(each.place.file == path and each.end and each.end.host == host for each in side.scene.behaviours)


def _speaks(side: Side, path: str) -> bool:
    return any(evidence.where.get("file") == path for finding in side.findings for evidence in finding.evidence)


def _forms(host: str) -> tuple[bytes, ...]:
    """An address as text and in network byte order."""
    try:
        address = ip_address(host)
    except ValueError:
        return (host.encode(),)
    return (host.encode(), address.packed)


def _gaps(finding: Finding, old: Side, new: Side, pairs: Pairs) -> Iterator[str]:
    """Open gaps of the new version that the old one did not have in the same, unchanged file or function."""
    for gap in new.gaps:
        bears = EVERYTHING in gap.bears_on or finding.rule in gap.bears_on
        if bears and not (
            _was_there(gap, old, new, pairs)
            or _beside(finding, gap, old, new, pairs)
            or _old_calls(gap, old, new, pairs)
        ):
            yield f"{gap.what}: {gap.why}"


def _was_there(gap: Gap, old: Side, new: Side, pairs: Pairs) -> bool:
    """Whether the old version has the same gap, in code that did not change."""
    file = str(gap.where.get("file", ""))
    path = next((path for path, other in pairs.files.items() if other == file), None)
    alike = [each for each in old.gaps if (plain(each.what), plain(each.why)) == (plain(gap.what), plain(gap.why))]
    if path is None or not alike:
        return False
    if path in pairs.same:
        return True
    functions, before, after = gap.where.get("functions"), old.scene.facts.get(path), new.scene.facts.get(file)
    if before is None or after is None or not isinstance(functions, tuple) or not any(functions):
        return False
    known = set(before.shapes.values())
    return all(after.shapes.get(name) and after.shapes[name] in known for name in functions)


def _old_calls(gap: Gap, old: Side, new: Side, pairs: Pairs) -> bool:
    """Whether ways were left out in a program whose calls that matter all stand in functions that did not change.

    Such a gap hides with which arguments calls are made, never that there are some.
    """
    file = str(gap.where.get("file", ""))
    path = next((path for path, other in pairs.files.items() if other == file), "")
    before, after = old.scene.facts.get(path), new.scene.facts.get(file)
    if gap.where.get("about") != "ways" or before is None or after is None:
        return False
    known = set(before.shapes.values()) - {""}
    makers = {at.function for call in after.calls for at in (call.at, *call.made_by)}
    return all(after.shapes.get(name) in known for name in makers)


def _beside(finding: Finding, gap: Gap, old: Side, new: Side, pairs: Pairs) -> bool:
    """Whether the gap only asks how something is reached, and its file holds nothing new of this finding's kind."""
    if gap.where.get("about") != "reach":
        return False
    file = str(gap.where.get("file", ""))
    there = [each for each in new.scene.of(*KINDS.get(finding.rule, ())) if each.place.file == file]
    return not any(_could_be(each, finding) and not _did_before(each, old, new, pairs) for each in there)


def _did_before(behaviour: Behaviour, old: Side, new: Side, pairs: Pairs) -> bool:
    """Whether the old version does the same in a function that did not change; then it was no finding there."""
    file = behaviour.place.file
    path = next((path for path, other in pairs.files.items() if other == file), "")
    before, after = old.scene.facts.get(path), new.scene.facts.get(file)
    if before is None or after is None or _speaks(old, path):
        return False
    shape = after.shapes.get(behaviour.place.function)
    said = {(each.kind, plain(each.detail)) for each in old.scene.behaviours if each.place.file == path}
    return bool(shape) and shape in before.shapes.values() and (behaviour.kind, plain(behaviour.detail)) in said


def _could_be(behaviour: Behaviour, finding: Finding) -> bool:
    """Whether the behaviour may be the finding's; one with another fixed peer is a finding of its own."""
    end = behaviour.end
    if end is None or end.known is Known.HARD_CODED:
        return end is None or end.host in hosts(finding)
    return end.known is not Known.CONFIGURED
