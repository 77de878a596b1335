"""In: rules as generated, and a mistake planted in each. Out: whether the comparison with the policy sees it."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from wardwatch.contain.compare import compare, first_difference
from wardwatch.contain.dialect import dialects
from wardwatch.contain.policy import Policy

Load = Callable[[str], Policy]


class Hole(NamedTuple):
    """One edit of the text of a dialect, for one of the policies beside this file."""

    what: str
    dialect: str
    policy: str
    old: str
    new: str


HOLES = [Hole(**entry) for entry in tomllib.loads((Path(__file__).parent / "holes.toml").read_text("utf-8"))["hole"]]


def planted(hole: Hole, files: Mapping[str, str]) -> Mapping[str, str]:
    changed = {name: re.sub(hole.old, hole.new, text) for name, text in files.items()}
    assert changed != files, f"{hole.what}: nothing in the text is like {hole.old}"
    return changed


def test_there_are_holes_enough() -> None:
    assert len({hole.what for hole in HOLES}) >= 25


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: f"{hole.dialect}-{hole.what}")
def test_a_planted_hole_is_seen(hole: Hole, load: Load) -> None:
    policy = load(hole.policy)
    files = dialects()[hole.dialect].texts(policy).files
    assert first_difference(policy, hole.dialect, planted(hole, files))


@pytest.mark.parametrize("policy", ["ward", "vlans", "own-station", "alone"])
@pytest.mark.parametrize("dialect", sorted(dialects()))
def test_what_is_generated_says_what_the_policy_says(dialect: str, policy: str, load: Load) -> None:
    loaded = load(policy)
    if not dialects()[dialect].by_mac and any(place.mac for place in loaded.attachments):
        pytest.skip(f"{dialect} cannot bind rules to a MAC address, and says so")
    if dialects()[dialect].hosted and not loaded.keeps:
        pytest.skip(f"{dialect} stands on machines that are kept, and this policy keeps none")
    comparison = compare(loaded, dialect, dialects()[dialect].texts(loaded).files)
    assert comparison.tried > (500 if dialects()[dialect].hosted else 1000)
    assert not [str(difference) for difference in comparison.differences[:5]]


def test_a_dropped_ipv6_file_is_seen(load: Load) -> None:
    policy = load("ward")
    files = {name: text for name, text in dialects()["iptables"].texts(policy).files.items() if "6" not in name}
    assert first_difference(policy, "iptables", files)
