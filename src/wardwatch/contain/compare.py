"""In: a policy and rules in a dialect, as text. Out: each boundary packet for which the text says otherwise.

The text is read by a reader that knows nothing of the generator (`.importlinter` holds it), so a mistake would have to
be made twice, in two programs, to go unseen.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from wardwatch.errors import UsageError
from wardwatch.plugins import modules

from .boundary import ELSEWHERE, packets
from .meaning import Decision, decide
from .packet import Packet, State
from .policy import Policy
from .reading import first

Filter = Callable[[Packet], bool]
"""Whether a packet passes the rules that were read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What makes a filter of the text of a dialect. `read` raises InputError for a word it does not know.

    `everywhere`: whether a text can speak for interfaces that it does not name. `remembers`: whether the filter knows
    who opened a connection that stood before it; without memory a packet that may open one is as good as one that does.
    `sees`: which packets it meets and can tell apart (`sight.py`), where it does not stand on the way of all. `closed`:
    whether it must deny also what is none of the policy's business, because it only ever allows.
    """

    name: str
    read: Callable[[Mapping[str, str]], Filter]
    everywhere: bool = True
    remembers: bool = True
    sees: Callable[[Policy, Packet], bool] | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A packet, what the policy says of it, and the contrary that the text says."""

    packet: Packet
    policy: Decision

    def __str__(self) -> str:
        verb = ("passes", "must not") if not self.policy.passes else ("is dropped", "must pass")
        return f"{self.packet} {verb[0]} and {verb[1]} ({self.policy.because})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many packets were tried, and where text and policy part."""

    tried: int
    differences: tuple[Difference, ...]


def readers() -> Mapping[str, Reader]:
    """Every reader there is, by the dialect's name."""
    found = (cast("Reader", module.READER) for module in modules("wardwatch.contain.readers", "READER"))
    return {each.name: each for each in found}


def reader(dialect: str) -> Reader:
    """The reader of a dialect."""
    known = readers()
    if dialect not in known:
        raise UsageError("no reader for this dialect", where=dialect, cure=f"There are: {', '.join(known)}.")
    return known[dialect]


def compare(policy: Policy, dialect: str, files: Mapping[str, str]) -> Comparison:
    """Every boundary packet, by the policy and by the text."""
    answers = list(_answers(policy, dialect, files))
    return Comparison(len(answers), tuple(answer for answer in answers if answer))


def first_difference(policy: Policy, dialect: str, files: Mapping[str, str]) -> Difference | None:
    """The first that is found, for those who only ask whether there is one."""
    return next((answer for answer in _answers(policy, dialect, files) if answer), None)


def _answers(policy: Policy, dialect: str, files: Mapping[str, str]) -> Iterator[Difference | None]:
    found = reader(dialect)
    passes = found.read(files)
    for packet in packets(policy):
        if not found.everywhere and ELSEWHERE in {packet.enters, packet.leaves}:
            continue
        if not found.remembers and _could_open(policy, packet):
            continue
        if found.sees and not found.sees(policy, packet):
            continue
        wanted = decide(policy, packet)
        if found.closed and not wanted.because.startswith("keep "):
            wanted = Decision(passes=False, because="only what is kept is allowed there")
        yield Difference(packet, wanted) if passes(packet) is not wanted.passes else None


def _could_open(policy: Policy, packet: Packet) -> bool:
    """An answer within a connection the policy never let be opened, which looks like the opening of one it lets."""
    if packet.state is not State.REPLY or decide(policy, first(packet)).passes:
        return False
    return decide(policy, replace(packet, state=State.NEW)).passes
