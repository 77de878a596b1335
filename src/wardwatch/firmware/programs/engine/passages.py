"""In: calls between a program's own functions, as running passed them. Out: edges with their conditions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.words import Edge, Guard, Place

from .events import Passage


def edges(
    passed: Iterable[Passage], binary: Binary, worded: Callable[[Passage], tuple[Guard, ...]], file: str
) -> Iterator[Edge]:
    """One for each pair of functions, where every call between them was passed and all share a condition."""
    numbers = {function.start: number for number, function in enumerate(binary.functions)}
    known: dict[tuple[int, int], dict[int, tuple[Guard, ...]]] = defaultdict(dict)
    for each in passed:
        if each.to in numbers:
            known[each.root, numbers[each.to]][each.site] = worded(each)
    for (caller, callee), by_site in sorted(known.items()):
        shared = _shared(by_site.values()) if _sites(binary, caller, callee) <= set(by_site) else ()
        if shared:
            names = binary.functions[caller].name, binary.functions[callee].name
            yield Edge(Place(file, names[0]), Place(file, names[1]), guards=shared)


def _sites(binary: Binary, caller: int, callee: int) -> set[int]:
    chosen = (binary.sites.callers == caller) & (binary.sites.callees == callee)
    return set(binary.sites.addresses[chosen].tolist())


def _shared(each: Iterable[tuple[Guard, ...]]) -> tuple[Guard, ...]:
    first, *others = each
    return tuple(guard for guard in first if all(guard in other for other in others))
