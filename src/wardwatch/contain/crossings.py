"""In: a trial and its policy. Out: the paths tried as the common words, with the far ends named as the policy does."""

from collections.abc import Iterator
from ipaddress import ip_address

from wardwatch.tried import Crossing, Latency, PathsTried

from .policy import Policy
from .trial import PHASES
from .verdict import Trial, Tried, latencies


def paths_tried(done: Trial, policy: Policy) -> PathsTried:
    """One crossing for each device, direction, far end and whether it is kept."""
    groups: dict[tuple[str, str, bool, bool], list[Tried]] = {}
    for each in done.tried:
        key = (str(each.told["device"]), each.other_end, bool(each.told["kept"]), not each.told["outward"])
        groups.setdefault(key, []).append(each)
    crossings = (_crossing(key, group, policy) for key, group in groups.items())
    slow = (Latency(path, *both) for path, both in latencies(done).items())
    return PathsTried(PHASES, tuple(crossings), tuple(slow))


def _crossing(key: tuple[str, str, bool, bool], group: list[Tried], policy: Policy) -> Crossing:
    device, end, kept, inward = key
    worked, tried = zip(*_counts(group), strict=True)
    return Crossing(device, end, _party(policy, end, kept=kept), kept, inward, worked, tried)


def _counts(group: list[Tried]) -> Iterator[tuple[int, int]]:
    for phase in PHASES:
        works = [each.works for each in group if each.phase == phase]
        yield sum(works), len(works)


def _party(policy: Policy, end: str, *, kept: bool) -> str:
    """Who the address is: a kept peer, one of a block, or nobody the policy names."""
    address = ip_address(end)
    named = [keep.name for keep in policy.keeps if address in keep.peers]
    if named:
        return ", ".join(named) if kept else f"{named[0]}, all else"
    blocks = [block.name for block in policy.blocks for network in block.networks if address in network]
    return f"block {blocks[0]}" if blocks else "anybody else"
