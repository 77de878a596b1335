"""In: a chain and a measure. Out: whether the measure stops the chain, or nobody can tell; by which step, why.

Judged on what each step needs and changes: a measure takes something away, a step before the one that needs it may
bring it back.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from wardwatch.dissection import Mitigation
from wardwatch.firmware.words import Text, Trigger
from wardwatch.knowledge.catalogue import firmware_table, indicators

from .chains import ChainSeen
from .paths import below
from .peers import Scope, scope
from .words import Behaviour, Kind, Known

STOPS, STAYS, OPEN = "stops", "does not stop", "cannot tell"
WIRELESS: Final = ("wl*", "wifi*", "ra[0-9]*", "ath*", "mlan*", "rausb*")


@dataclass(frozen=True, slots=True)
class Measure:
    """Something done about a chain. `of` is what it speaks of: an interface, an address, a network."""

    name: str
    title: str
    effect: str
    of: str = ""
    at: Behaviour | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What the rest of the image holds that bears on a measure."""

    behaviours: tuple[Behaviour, ...] = ()
    chains: tuple[ChainSeen, ...] = ()
    peers: tuple[str, ...] = ()


class _Said(NamedTuple):
    holds: str
    step: Behaviour | None
    why: str


@cache
def measures() -> Mapping[str, Measure]:
    """Every measure the knowledge names."""
    return {entry["name"]: Measure(**entry) for entry in firmware_table("measures")["measure"]}


def own_measures(starting: Iterable[tuple[Behaviour, Trigger]]) -> tuple[Measure, ...]:
    """What the image itself does against its own chains when it starts: interfaces taken down, addresses blocked."""
    found = []
    for behaviour, trigger in starting:
        if trigger is Trigger.START_UP and behaviour.kind is Kind.INTERFACE_DOWN and behaviour.subject != "lo":
            title = f"the start-up takes {behaviour.subject or 'an interface'} down ({behaviour.place})"
            found.append(Measure("interface-down", title, "interface-down", behaviour.subject, behaviour))
        elif trigger is Trigger.START_UP and behaviour.kind is Kind.BLOCK and behaviour.subject:
            title = f"the start-up blocks {behaviour.subject} ({behaviour.place})"
            found.append(Measure("own-block", title, "own-block", behaviour.subject, behaviour))
    return tuple(dict.fromkeys(found))


def judged(measure: Measure, chain: ChainSeen, around: Around) -> Mitigation:
    """Whether the measure stops the chain."""
    said = _EFFECTS[measure.effect](measure, chain, around)
    return Mitigation(measure.name, measure.title, said.holds, _named(said.step, chain), said.why)


def _named(step: Behaviour | None, chain: ChainSeen) -> str:
    if step is None:
        return ""
    number = f"step {chain.steps.index(step) + 1}: " if step in chain.steps else ""
    return f"{number}{step.detail}"


def _ups(chain: ChainSeen) -> list[Behaviour]:
    """Interfaces the chain brings up before it needs the network."""
    before = chain.steps[: chain.steps.index(chain.source)] if chain.source in chain.steps else ()
    return [step for step in before if step.kind is Kind.INTERFACE_UP]


def _is_wireless(name: str) -> bool:
    return any(fnmatchcase(name, form) for form in WIRELESS)


def _other_ups(around: Around, chain: ChainSeen) -> list[Behaviour]:
    ups = (each for each in around.behaviours if each.kind is Kind.INTERFACE_UP and each.subject != "lo")
    return [each for each in ups if each not in chain.steps]


def _interface_down(measure: Measure, chain: ChainSeen, around: Around) -> _Said:
    for step in _ups(chain):
        if not step.subject or step.subject in {measure.of, "*"}:
            if not step.subject:
                return _Said(OPEN, step, "Which interface this step brings up could not be recovered.")
            return _Said(
                STAYS, step,
                f"The function itself takes {measure.of} up again, before {chain.source.end} is needed: "
                f"whatever took it down before has no effect.",
            )  # fmt: skip
    if others := _ups(chain):
        return _Said(STAYS, others[0], f"The chain brings up {others[0].subject}, not {measure.of}.")
    if elsewhere := _other_ups(around, chain):
        where = elsewhere[0]
        return _Said(OPEN, chain.source, f"{where.subject or 'An interface'} may be brought up by {where.place}.")
    return _Said(
        STOPS, chain.source, f"This step needs an interface that is up, and nothing seen brings {measure.of} up again."
    )


def _unknown_peer(chain: ChainSeen) -> _Said | None:
    end = chain.source.end
    if end is None or end.known is Known.UNKNOWN:
        return _Said(OPEN, chain.source, "Which peer this step calls could not be recovered.")
    if end.known is not Known.HARD_CODED:
        return _Said(STAYS, chain.source, f"The peer is not fixed: it is {end.known} ({end.origin}).")
    return None


def _same_aim(chain: ChainSeen, around: Around, is_blocked: Callable[[str], bool]) -> ChainSeen | None:
    """Another chain of the same function whose peer is not blocked: a second try."""
    for other in around.chains:
        near = (other.source.owner.file, other.source.owner.function) == (
            chain.source.owner.file,
            chain.source.owner.function,
        )
        end = other.source.end
        if near and other.is_whole and end is not None and end.host and not is_blocked(end.host):
            return other
    return None


def _blocked(what: str, chain: ChainSeen, around: Around, is_blocked: Callable[[str], bool]) -> _Said:
    if said := _unknown_peer(chain):
        return said
    end = chain.source.end
    host = end.host if end else ""
    if scope(host) is Scope.NAME:
        return _Said(OPEN, chain.source, f"{host} is a name: its address may be another one tomorrow.")
    if not is_blocked(host):
        return _Said(STAYS, chain.source, f"{host} does not lie in {what}.")
    if other := _same_aim(chain, around, is_blocked):
        return _Said(STAYS, other.source, f"The same function also tries {other.source.end}, which stays reachable.")
    open_peers = [peer for peer in around.peers if not is_blocked(peer)]
    more = f" Other peers in this image stay reachable: {', '.join(open_peers)}." if open_peers else ""
    return _Said(STOPS, chain.source, f"This step cannot reach {host}, and nothing after it happens.{more}")


def _block_address(_measure: Measure, chain: ChainSeen, around: Around) -> _Said:
    host = chain.source.end.host if chain.source.end else ""
    return _blocked(host, chain, around, lambda peer: peer == host)


def _block_network(_measure: Measure, chain: ChainSeen, around: Around) -> _Said:
    network = network_of(chain.source.end.host if chain.source.end else "")
    return _blocked(network or "the network", chain, around, lambda peer: _lies_in(peer, network))


def _own_block(measure: Measure, chain: ChainSeen, around: Around) -> _Said:
    said = _blocked(measure.of, chain, around, lambda peer: _lies_in(peer, measure.of))
    if said.holds == STOPS:
        return _Said(OPEN, said.step, f"{said.why} The rule holds only while nothing on the device removes it.")
    return said


def network_of(host: str) -> str:
    """The published network an address lies in, else the /24 (or /64) around it."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    published = (entry.value for entry in indicators() if entry.kind == "network")
    around = f"{host}/{24 if address.version == 4 else 64}"  # noqa: PLR2004  # IPv4
    return next((value for value in published if _lies_in(host, value)), str(ip_network(around, strict=False)))


def _lies_in(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return host == network


def _no_route(_measure: Measure, chain: ChainSeen, _around: Around) -> _Said:
    own = [step for step in chain.steps if step.kind in {Kind.ROUTE_SET, Kind.ADDRESS_SET} or _sets_address(step)]
    if own:
        return _Said(
            STAYS, own[0], "The chain sets an address or a route of its own, so it does not need one of the site's."
        )
    if said := _unknown_peer(chain):
        return _Said(OPEN, chain.source, said.why)
    host = chain.source.end.host if chain.source.end else ""
    if scope(host) is not Scope.ROUTABLE:
        return _Said(OPEN, chain.source, f"{host} may lie in the device's own network, where no route is needed.")
    return _Said(
        STOPS,
        chain.source,
        f"This step needs a way to {host}. A machine in the same segment with this address is still reached.",
    )


def _sets_address(step: Behaviour) -> bool:
    return step.kind is Kind.INTERFACE_UP and any(
        scope(word) is not Scope.NAME and "." in word for word in step.detail.split()[2:]
    )


def _redirect(_measure: Measure, chain: ChainSeen, around: Around) -> _Said:
    said = _block_address(_measure, chain, around)
    if said.holds != STOPS:
        return said
    return _Said(
        STOPS, chain.source,
        f"The call for {chain.source.end} reaches your own station, which has nothing of the kind to give. "
        "Whoever controls that station, or its segment, could still give the device new programs.",
    )  # fmt: skip


def _no_wire(_measure: Measure, chain: ChainSeen, around: Around) -> _Said:
    wireless = [step for step in (*_ups(chain), *_other_ups(around, chain)) if _is_wireless(step.subject)]
    if wireless and wireless[0] in chain.steps:
        return _Said(STAYS, wireless[0], f"The chain brings up {wireless[0].subject}, which needs no cable.")
    if wireless:
        return _Said(
            OPEN, chain.source, f"{wireless[0].subject} is brought up by {wireless[0].place} and needs no cable."
        )
    unclear = [step for step in _ups(chain) if not step.subject or step.subject == "*"]
    if unclear:
        return _Said(OPEN, unclear[0], "Which interface this step brings up could not be recovered.")
    return _Said(STOPS, chain.source, "This step needs a link, and no wireless interface was seen to be used.")


def _no_wireless(_measure: Measure, chain: ChainSeen, _around: Around) -> _Said:
    ups = _ups(chain)
    wired = [step for step in ups if step.subject and not _is_wireless(step.subject)]
    if wired:
        return _Said(STAYS, wired[0], f"The chain uses {wired[0].subject}, which is wired.")
    if any(_is_wireless(step.subject) for step in ups):
        return _Said(
            STAYS,
            ups[0],
            f"The chain itself brings {ups[0].subject} up again; only taking the radio away, or its network, helps.",
        )
    return _Said(
        OPEN, chain.source, "Which interface the chain uses is not in its code: over a cable it would still complete."
    )


def _no_network(_measure: Measure, chain: ChainSeen, _around: Around) -> _Said:
    return _Said(STOPS, chain.source, "This step needs a link to its peer, and there is none.")


def _read_only(_measure: Measure, chain: ChainSeen, around: Around) -> _Said:
    direct = [
        step
        for step in chain.runs
        if chain.source.kind is Kind.REMOTE_MOUNT and below(step.target, chain.source.target)
    ]
    if direct:
        return _Said(STAYS, direct[0], "This step runs a file straight from the share: nothing has to be written.")
    remounts = [step for step in chain.steps if step.kind is Kind.REMOUNT_WRITABLE]
    if remounts:
        return _Said(STAYS, remounts[0], "The chain itself makes the file system writable first.")
    if not chain.overwrites:
        return _Said(OPEN, chain.source, "Where the file that is run gets written could not be followed.")
    written = chain.overwrites[0]
    if (written.target.literal or "").startswith("/dev/"):
        return _Said(STAYS, written, "This step writes to the storage itself, below any file system.")
    mounts = [each for each in around.behaviours if each.kind is Kind.LOCAL_MOUNT and _lies_over(each, written.target)]
    if mounts:
        return _Said(OPEN, written, f"{mounts[0].place} mounts a file system of its own there, which may be writable.")
    return _Said(STOPS, written, "This step needs a writable file system, and nothing seen makes it so.")


def _lies_over(mount: Behaviour, target: Text) -> bool:
    return mount.target.literal != "/" and bool(below(target, mount.target))


_EFFECTS: Final[Mapping[str, Callable[[Measure, ChainSeen, Around], _Said]]] = {
    "interface-down": _interface_down,
    "block-address": _block_address,
    "block-network": _block_network,
    "own-block": _own_block,
    "no-route": _no_route,
    "redirect": _redirect,
    "no-wire": _no_wire,
    "no-wireless": _no_wireless,
    "no-network": _no_network,
    "read-only": _read_only,
}
