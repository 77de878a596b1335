"""In: a finding of the old version that the new one does not show. Out: what in the new version could still be it.

'Fixed' is said only where all of this is empty: no weaker form of the behaviour, no argument that could not be
recovered, no gap in code that changed, no trace of the old peer's address in any file.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from wardwatch.firmware.behaviours.words import Behaviour, Kind, Known
from wardwatch.firmware.gaps import CHAIN_RULES
from wardwatch.vocabulary import EVERYTHING, Finding, Gap, Severity

from .pairs import Pairs
from .side import Side

_SOURCES: Final = (Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH, Kind.RECEIVE)
KINDS: Final = {
    "firmware.hard-coded-peer": (Kind.CONNECT, Kind.SEND, Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH),
    "firmware.remote-mount": (Kind.REMOTE_MOUNT,),
    "firmware.interface-enabled": (Kind.INTERFACE_UP,),
    "firmware.clear-telemetry": (Kind.SEND,),
    **dict.fromkeys(CHAIN_RULES, _SOURCES),
}


def residue(finding: Finding, old: Side, new: Side, pairs: Pairs) -> Iterator[str]:
    """Each reason in words why the finding may still hold."""
    yield from _weaker(finding, old, new)
    yield from _traces(finding, old, new, pairs)
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
        if _is_weaker(behaviour) and (behaviour.detail, behaviour.kind) not in before:
            yield f"{behaviour.place} still does it, with {behaviour.end}"


def _related(finding: Finding, other: Finding) -> bool:
    """Notes about the same peer, or, for rules without one, about the same file."""
    mine, theirs = set(hosts(finding)), set(hosts(other))
    if mine or theirs:
        return bool(mine & theirs)
    return finding.evidence[0].where.get("file") == other.evidence[0].where.get("file")


def _is_weaker(behaviour: Behaviour) -> bool:
    end = behaviour.end
    if behaviour.kind in {Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH}:
        return end is not None and end.known in {Known.CONFIGURED, Known.UNKNOWN}
    return behaviour.kind is Kind.INTERFACE_UP and not behaviour.subject


def _traces(finding: Finding, old: Side, new: Side, pairs: Pairs) -> Iterator[str]:
    """Files of the new version that hold the old peer's address, where they did not without doing anything with it."""
    silent = {other for path, other in pairs.files.items() if path in pairs.same and not _speaks(old, path)}
    for host in hosts(finding):
        forms = _forms(host)
        for path in sorted(new.hashes):
            if path in silent or _uses(new, path, host):
                continue
            if any(form in new.content(path) for form in forms):
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
    """Open gaps of the new version that the old one did not have in the same, unchanged file."""
    known = {(gap.what, gap.why) for gap in old.gaps}
    unchanged = {pairs.files[path] for path in pairs.same}
    for gap in new.gaps:
        bears = EVERYTHING in gap.bears_on or finding.rule in gap.bears_on
        file = str(gap.where.get("file", ""))
        if bears and not (file in unchanged and (gap.what, gap.why) in known) and not _beside(finding, gap, new):
            yield f"{gap.what}: {gap.why}"


def _beside(finding: Finding, gap: Gap, new: Side) -> bool:
    """Whether the gap only asks how something is reached, and its file holds nothing of this finding's kind."""
    file = str(gap.where.get("file", ""))
    reach = gap.where.get("about") == "reach"
    kinds = KINDS.get(finding.rule, ())
    return reach and not any(each.place.file == file and _could_be(each) for each in new.scene.of(*kinds))


def _could_be(behaviour: Behaviour) -> bool:
    end = behaviour.end
    return end is None or end.known is not Known.CONFIGURED
