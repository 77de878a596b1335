"""In: an update path. Out: integrity, authenticity, log, version record, rollback protection: there, absent, open."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from wardwatch.dissection import Audited

from .behaviours.chains import ChainSeen
from .behaviours.words import Behaviour, Kind
from .scene import Scene

PRESENT, ABSENT, OPEN = "present", "absent", "cannot tell"


class Property(StrEnum):
    """What an update path should have."""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    LOG = "log"
    VERSION = "version record"
    ROLLBACK = "rollback protection"


_SHOWN_BY: Final[Mapping[Property, tuple[Kind, ...]]] = {
    Property.INTEGRITY: (Kind.VERIFY_SIGNATURE, Kind.VERIFY_HASH),
    Property.AUTHENTICITY: (Kind.VERIFY_SIGNATURE,),
    Property.LOG: (Kind.WRITE_LOG,),
    Property.VERSION: (Kind.WRITE_VERSION,),
    Property.ROLLBACK: (Kind.COMPARE_VERSION,),
}


def audited(scene: Scene, chain: ChainSeen) -> Iterator[Audited]:
    """Each property of one update path, with where it was seen or what was searched."""
    path = f"{chain.source.end} → {(chain.overwrites or chain.runs or (chain.source,))[-1].place.file}"
    for name, kinds in _SHOWN_BY.items():
        seen = next((check for check in chain.checks if check.kind in kinds), None)
        if seen is not None:
            yield Audited(name.value, PRESENT, f"{seen.detail} ({seen.place})", path)
        elif hidden := _could_hide(scene, chain):
            yield Audited(name.value, OPEN, f"not seen, but {hidden}", path)
        else:
            yield Audited(
                name.value, ABSENT, f"searched every call of {_searched(chain)} between source and last step", path
            )


def _could_hide(scene: Scene, chain: ChainSeen) -> str:
    """What between the steps could hold a check that was not read."""
    for behaviour in _between(scene, chain):
        if behaviour.kind is Kind.RUN and not behaviour.target.literal and behaviour not in chain.steps:
            return f"{behaviour.place} runs a command that could not be recovered"
        if behaviour.kind is Kind.RUN and _is_unread_program(scene, behaviour, chain):
            return f"{behaviour.place} runs {behaviour.target}, which was not examined"
    functions = {(step.owner.file, step.owner.function) for step in chain.steps}
    for file in sorted({file for file, _ in functions}):
        for unread in scene.facts[file].unread if file in scene.facts else ():
            if (unread.at.file, unread.at.function) in functions:
                return f"{unread.what} in {unread.at}"
    return ""


def _between(scene: Scene, chain: ChainSeen) -> Iterator[Behaviour]:
    functions = {(step.owner.file, step.owner.function) for step in chain.steps}
    orders = [step.order for step in chain.steps]
    for behaviour in scene.behaviours:
        inside = min(orders) <= behaviour.order <= max(orders)
        if (behaviour.owner.file, behaviour.owner.function) in functions and inside:
            yield behaviour


def _is_unread_program(scene: Scene, behaviour: Behaviour, chain: ChainSeen) -> bool:
    path = behaviour.target.literal or ""
    if behaviour in chain.steps or not path.startswith("/"):
        return False
    return path not in scene.facts and not scene.graph.alone


def _searched(chain: ChainSeen) -> str:
    return ", ".join(sorted({step.owner.function or step.owner.file for step in chain.steps}))
