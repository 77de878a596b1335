"""In: a scene. Out: addresses that stand in code and reach a network call, with whom they belong to where published."""

from collections import defaultdict
from collections.abc import Iterator

from wardwatch.firmware.behaviours.handed import handed_on
from wardwatch.firmware.behaviours.peers import Scope, explained, is_qualified, is_routable, scope
from wardwatch.firmware.behaviours.words import MACHINE_CODE, Behaviour, Kind, Known
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found, listed
from wardwatch.firmware.scene import Scene
from wardwatch.printable import printable
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.hard-coded-peer"
_NETWORK = (Kind.CONNECT, Kind.SEND, Kind.RECEIVE, Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH)
_CALLS = (*_NETWORK, Kind.RUN)


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each address, one note for each name and each peer that something explains."""
    by_host: dict[str, list[Behaviour]] = defaultdict(list)
    for behaviour in (*scene.of(*_CALLS), *_handed(scene)):
        end = behaviour.end
        if end and end.known is Known.HARD_CODED and (is_routable(end.host) or _is_public_name(end.host)):
            by_host[end.host].append(behaviour)
    for host in sorted(by_host):
        yield _finding(scene, host, by_host[host])


def _handed(scene: Scene) -> Iterator[Behaviour]:
    """Addresses handed to a program that may use the network; shell scripts are read with their words anyway."""
    calling = {behaviour.place.file for behaviour in scene.of(*_NETWORK)}
    for started in scene.of(Kind.RUN):
        for named in handed_on(started):
            files = [file for file in scene.facts if _is_at(file, named.target.literal or "")]
            if not files or any(_may_call(scene, file, calling) for file in files):
                yield named


def _is_at(file: str, target: str) -> bool:
    return file == target if "/" in target else file.rpartition("/")[2] == target


def _may_call(scene: Scene, file: str, calling: set[str]) -> bool:
    facts = scene.facts[file]
    if facts.language == MACHINE_CODE:
        return file in calling or bool(facts.unread) or any(_is_socket(call.name) for call in facts.calls)
    return facts.language != "shell"


def _is_socket(called: str) -> bool:
    return called.startswith(("socket", "inet_", "getaddrinfo", "gethostby", "connect", "send", "dlopen", "exec"))


def _is_public_name(host: str) -> bool:
    return scope(host) is Scope.NAME and is_qualified(host)


def _finding(scene: Scene, host: str, seen: list[Behaviour]) -> Finding:
    routed = sorted(
        ((scene.route(each), each) for each in seen), key=lambda pair: (-confidence_of(pair[0]), str(pair[1].place))
    )
    route, first = routed[0]
    ends = [each.end for each in seen if each.end]
    why = explained(ends[0]) if all(explained(end) for end in ends) else ""
    ports = sorted({end.port for end in ends if end.port})
    about = f" It is published: {scene.known[host]}." if host in scene.known else ""
    note = f" It is explained: {why}." if why else " It is a name, not an address." if scope(host) is Scope.NAME else ""
    at = f" on port {listed(map(str, ports))}" if ports else ""
    where = listed(dict.fromkeys(each.place.file for each in seen), 4)
    return found(
        RULE, scene.subject, _severity(scene, host, why), confidence_of(route, sure=first.sure),
        f"{host}{at} is named in the code of {where} and reaches {_what(seen)}.{about}{note} {by_which_way(route)}",
        (evidence_of(scene, each, way) for way, each in routed),
    )  # fmt: skip


def _severity(scene: Scene, host: str, why: str) -> Severity:
    if why or scope(host) is Scope.NAME:
        return Severity.INFO
    return Severity.HIGH if host in scene.known else Severity.MEDIUM


def _what(seen: list[Behaviour]) -> str:
    words = {
        Kind.CONNECT: "a connection", Kind.SEND: "a sending call", Kind.RECEIVE: "a receiving call",
        Kind.REMOTE_MOUNT: "a mount", Kind.REMOTE_FETCH: "a download", Kind.RUN: "a remote shell",
    }  # fmt: skip
    return listed(dict.fromkeys(_handed_to(each) or words[each.kind] for each in seen))


def _handed_to(seen: Behaviour) -> str:
    """The program that is handed the address; '' where the command itself calls it."""
    return f"{printable(str(seen.target))} as a word" if seen.kind is Kind.RUN and seen.target.parts else ""
