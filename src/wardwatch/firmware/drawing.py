"""In: chains as judged. Out: the common words that documents draw: steps, paths, measures, the audit."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from wardwatch.dissection import Audited, Chain, Instruction, Mitigation, Recovered, Step, Stop

from .audit import audited
from .behaviours.calls import arguments_of, text_of
from .behaviours.chains import ChainSeen
from .behaviours.measures import OPEN, STOPS, Measure, judged, own_measures
from .behaviours.state import changes, needs, title
from .behaviours.words import Behaviour, Kind, Route
from .scene import Scene
from .words import Place

Disassemble = Callable[[Place], tuple[Instruction, ...]]
"""The code around an address; nothing for a script."""

RULES: Final = {
    Kind.INTERFACE_UP: "firmware.interface-enabled",
    Kind.REMOTE_MOUNT: "firmware.remote-mount",
    Kind.REMOTE_FETCH: "firmware.hard-coded-peer",
    Kind.RECEIVE: "firmware.hard-coded-peer",
    Kind.CONNECT: "firmware.hard-coded-peer",
    Kind.COPY: "firmware.overwrites-programs",
    Kind.WRITE: "firmware.overwrites-programs",
    Kind.RUN: "firmware.runs-remote-file",
    Kind.SEND: "firmware.clear-telemetry",
}


def no_disassembly(_place: Place) -> tuple[Instruction, ...]:
    """For scripts, and where no disassembler is at hand."""
    return ()


def chain_drawn(
    scene: Scene, chain: ChainSeen, measures: Iterable[Measure], disassemble: Disassemble = no_disassembly
) -> Chain:
    """One chain with its steps, its path, and what each measure does to it."""
    own = [judged(measure, chain, scene.around) for measure in measures_of(scene)]
    completes, why = _completes(chain, own)
    wanted = (judged(measure, chain, scene.around) for measure in measures)
    return Chain(
        _title(chain), chain.route.trigger.value, tuple(step_drawn(step, disassemble) for step in chain.steps),
        path_drawn(chain.route, chain.source), completes, why, (*own, *wanted),
    )  # fmt: skip


def measures_of(scene: Scene) -> tuple[Measure, ...]:
    """What the image itself does against its chains when it starts."""
    kinds = (Kind.INTERFACE_DOWN, Kind.BLOCK)
    return own_measures((each, scene.route(each).trigger) for each in scene.of(*kinds))


def audits_drawn(scene: Scene, chains: Iterable[ChainSeen]) -> Iterator[Audited]:
    """The audit of every update path."""
    for chain in chains:
        if chain.is_whole:
            yield from audited(scene, chain)


def step_drawn(step: Behaviour, disassemble: Disassemble) -> Step:
    """One step with what it needs, changes and rests on."""
    place = step.place
    return Step(
        title(step), step.kind.value, RULES.get(step.kind, ""), place.file, place.function, place.address, place.line,
        step.detail, needs(step), changes(step), tuple(_recovered(step)), disassemble(place), step.sure,
    )  # fmt: skip


def _recovered(step: Behaviour) -> Iterator[Recovered]:
    if step.call is None:
        return
    if step.call.through_shell is not None:
        yield Recovered("command", str(step.call.through_shell))
    elif step.by_shell:
        yield Recovered("command", step.detail)
    else:
        names = arguments_of(step.call)
        for number, value in enumerate(step.call.arguments):
            shown = str(value) if isinstance(value, int) else str(text_of(value))
            yield Recovered(names[number] if number < len(names) else f"argument {number + 1}", shown)
    if step.end and step.end.name:
        yield Recovered("peer", step.end.name)


def path_drawn(route: Route, behaviour: Behaviour) -> tuple[Stop, ...]:
    """The way to a behaviour, its own call last."""
    stops = [
        Stop(
            hop.at.file, hop.at.function, hop.how,
            hop.site.address if hop.site else None, hop.site.line if hop.site else None, hop.sure,
        )
        for hop in route.hops
    ]  # fmt: skip
    place = behaviour.place
    if not stops or (stops[-1].file, stops[-1].function) != (place.file, place.function):
        how = "call" if stops else "no way here was found"
        stops.append(Stop(place.file, place.function, how, place.address, place.line, bool(stops)))
    return tuple(stops)


def _title(chain: ChainSeen) -> str:
    does = "replaces programs" if chain.overwrites else "runs a file" if chain.runs else "reaches out"
    return f"{chain.source.owner.file.rpartition('/')[2]} {does} from {chain.source.end}"


def _completes(chain: ChainSeen, own: list[Mitigation]) -> tuple[bool | None, str]:
    for measure in own:
        if measure.holds in {STOPS, OPEN}:
            return None, f"{measure.title}: {measure.why}"
    if not chain.is_whole:
        return False, "What comes from there is neither put over programs nor run, as far as the code was read."
    if not chain.route.found:
        return None, "No way to the first step was found."
    against = next((f" {measure.title[0].upper()}{measure.title[1:]}, but: {measure.why}" for measure in own), "")
    return True, f"Every step has what it needs from a step before it or from outside.{against}"
