"""In: the specimens, built for the monitor's processor and run. Out: whether reading them found what was seen.

A few of the tuned ones in each test run, all of both halves in the long one.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "firmware" / "specimens"))

from corpus import Build, Specimen, build, specimens

from wardwatch.workflows.firmware_run import RunRequest, Watched, run
from wardwatch.workflows.firmware_seen import only_seen

pytestmark = pytest.mark.usefixtures("arm_here")
AT_ONCE = 3
SAMPLE = (
    "command_table", "config_peer", "dhcp_client", "execle_environment", "key_switch", "list_of_steps",
    "literal_system", "long_jump", "menu_table", "mount_direct", "nfs_mounter", "stack_string", "strcat_command",
)  # fmt: skip
MOUNT, PEER = "firmware.remote-mount", "firmware.hard-coded-peer"


def _static(half: str) -> list[Specimen]:
    return [each for each in specimens(half) if "shared" not in each.truth.get("build", {})]


CAN_BE_STATIC = _static("tuned")


def watched(specimen: Specimen) -> Watched:
    asked = specimen.truth.get("run", {})
    program = build(Build(specimen, "a32-musl", static=True))
    return run(program, RunRequest((), tuple(asked.get("argv", ())), asked.get("stdin", ""), 3.0))


def compared(chosen: Sequence[Specimen]) -> dict[str, set[str]]:
    """Rules whose behaviour was seen and not found, by specimen."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = dict(zip(chosen, pool.map(watched, chosen), strict=True))
    assert any(each.acts for each in done.values())
    missed = {one.name: {act.rule for act in only_seen(each.read.findings, each.acts)} for one, each in done.items()}
    return {name: rules for name, rules in missed.items() if rules}


def test_what_a_few_specimens_do_was_found_by_reading_them() -> None:
    assert compared([each for each in CAN_BE_STATIC if each.name in SAMPLE]) == {}


@pytest.mark.long
@pytest.mark.parametrize("half", ["tuned", "held-back"])
def test_what_every_specimen_does_was_found_by_reading_it(half: str) -> None:
    assert compared(_static(half)) == {}


def test_a_peer_that_was_given_by_the_user_is_no_fixed_one() -> None:
    mounter = next(each for each in CAN_BE_STATIC if each.name == "nfs_mounter")
    done = watched(mounter)
    assert "mount" in {each.kind for each in done.runs[0].seen}
    assert not {MOUNT, PEER} & {act.rule for act in done.acts}


def test_the_sample_names_specimens_that_are_there() -> None:
    assert {*SAMPLE} <= {each.name for each in CAN_BE_STATIC}
