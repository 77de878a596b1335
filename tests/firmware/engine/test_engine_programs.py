"""In: programs that make calls in many styles. Out: whether each planted fact is recovered, whatever the processor."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wardwatch.firmware.programs.engine import Result, run
from wardwatch.firmware.programs.load import load
from wardwatch.firmware.words import Data, Hole, Peer, Value

PLANTED = (
    "system killall monitor",
    "system cp /mnt/{argument 1} /opt/bin",
    "system insmod",
    "mount 192.0.2.11:/mnt/second /mnt nfs 0 nolock",
    "connect {a socket} 198.51.100.7:515/tcp",
    "send 198.51.100.7:515/tcp hello",
    "sendto {argument 0} x 1 203.0.113.9:9998/",
    "ioctl {argument 0} 35092 eth0 up=set",
    "ioctl {argument 0} 35092 wlan0 up=cleared",
    "rename /tmp/a /opt/a",
    "unlink /opt/b",
    "chmod /opt/c 493",
    "symlink /opt/d /tmp/d",
    "execl /bin/sh sh -c reboot",
    "system ping -c 4 {returned by getenv}",
)
"""Written by hand from chain.c."""
LEVELS = ("-O1", "-O2", "-O3", "-Os")
UNOPTIMISED = ("thumb", "aarch64", "mipsel", "mips", "powerpc", "x86", "x86-64")
"""At -O0 the compiler's own library wants instructions that the oldest Arm does not have."""


def shown(value: Value) -> str:
    if isinstance(value, Peer):
        return f"{value.host}:{value.port}/{value.transport}"
    if isinstance(value, Data):
        return str(value.text)
    return f"{{{value.origin}}}" if isinstance(value, Hole) else str(value)


def lines(result: Result) -> Iterator[str]:
    for call in result.calls:
        up = f" up={call.notes['up']}" if "up" in call.notes else ""
        yield f"{call.name} {' '.join(shown(value) for value in call.arguments)}{up}"


def analysed(path: Path) -> Result:
    return run(load(path.read_bytes()), "/opt/bin/monitor")


CASES = [(target, level) for target in ("arm", *UNOPTIMISED) for level in LEVELS]
CASES += [(target, "-O0") for target in UNOPTIMISED]


@pytest.mark.parametrize(("target", "level"), CASES)
def test_every_planted_fact_is_recovered(build: Callable[..., Path], target: str, level: str) -> None:
    found = list(lines(analysed(build("chain", target, level, "-dynamic", "-s"))))
    missing = [fact for fact in PLANTED if not any(line.startswith(fact) for line in found)]
    assert not missing, found


@pytest.mark.parametrize("target", ["arm", "x86-64", "mipsel"])
def test_all_sites_are_reached(build: Callable[..., Path], target: str) -> None:
    result = analysed(build("chain", target, "-O2", "-dynamic", "-s"))
    assert result.sites == result.visited == 20  # 19 of its own, and the one that starts main


def test_the_descriptor_kept_in_a_variable_leads_to_its_peer(build: Callable[..., Path]) -> None:
    result = analysed(build("chain", "arm", "-O2", "-dynamic", "-s"))
    written = [call for call in result.calls if call.name == "write"]
    ((peer, data),) = [call.arguments[:2] for call in written if call.arguments[0] != 0]  # 0 where connect() failed
    assert isinstance(peer, Peer)
    assert (str(peer.host), peer.port, peer.transport) == ("198.51.100.7", 515, "tcp")
    assert isinstance(data, Data)
    assert data.labels == ("HR=", ";NAME=")


def test_conditions_that_every_way_shares_are_told(build: Callable[..., Path]) -> None:
    result = analysed(build("chain", "arm", "-O2", "-dynamic", "-s"))
    (mounted,) = [call for call in result.calls if call.name == "mount"]
    assert [(guard.subject.sources, guard.relation, guard.constant) for guard in mounted.guards] == [
        (("argument:0",), "==", 3)
    ]


def test_results_do_not_differ_between_runs(build: Callable[..., Path]) -> None:
    path = build("chain", "arm", "-O2", "-dynamic", "-s")
    assert analysed(path) == analysed(path)


@pytest.mark.parametrize("target", ["arm", "x86-64"])
def test_addresses_of_this_machine_are_no_peers(build: Callable[..., Path], target: str) -> None:
    result = analysed(build("local", target, "-O2", "-dynamic", "-s"))
    assert len({call.at for call in result.calls if call.name == "connect"}) == 3
    assert not [value for call in result.calls for value in call.arguments if isinstance(value, Peer)]


@pytest.mark.parametrize("target", ["arm", "aarch64", "x86-64"])
def test_whoever_asked_is_no_fixed_peer(build: Callable[..., Path], target: str) -> None:
    result = analysed(build("reply", target, "-O2", "-dynamic", "-s"))
    assert {"sendto", "sendmsg"} <= {call.name for call in result.calls}
    peers = [value for call in result.calls for value in call.arguments if isinstance(value, Peer)]
    assert [peer for peer in peers if peer.host.literal is not None] == []


@pytest.mark.parametrize(
    ("target", "linked"),
    [(target, "-dynamic") for target in ("thumb", "mipsel", "powerpc", "x86")]
    + [(target, "-static") for target in ("arm", "aarch64", "powerpc", "x86-64")],
)
def test_who_names_an_object_says_what_its_operations_are_run_with(
    build: Callable[..., Path], target: str, linked: str
) -> None:
    """From main by a list, an object and its table to the function: three pointers that no call shows."""
    found = list(lines(analysed(build("objects", target, "-O2", linked, "-s"))))
    assert "system mount -t nfs 192.0.2.77:/pm /mnt" in found, found
    assert "system logger joined" in found, found


@pytest.mark.parametrize("target", ["arm", "mipsel", "x86-64"])
def test_variables_begin_with_nothing_where_a_program_begins(build: Callable[..., Path], target: str) -> None:
    """A place in a buffer that counts from 0: known in main, until something is called that is not looked into."""
    found = list(lines(analysed(build("counted", target, "-O2", "-dynamic", "-s"))))
    assert "system mount -t nfs 192.0.2.78:/pm /mnt" in found, found
    assert not any(line.startswith("system umount 0") for line in found), found


@pytest.mark.parametrize(("target", "flags"), [("thumb", ("-dynamic", "-s")), ("arm", ("-static",))])
def test_a_long_jump_comes_back_and_never_returns(
    build: Callable[..., Path], target: str, flags: tuple[str, ...]
) -> None:
    result = analysed(build("jumps", target, "-O0" if target == "thumb" else "-O2", *flags))
    found = list(lines(result))
    commands = ("ifconfig eth0 up", "mount -o nolock -t nfs 203.0.113.75:/pm /mnt", "cp -rf /mnt/* /opt/bin")
    assert [f"system {command}" in found for command in commands] == [True] * 3, found
    assert result.counts["cut_steps"] == 0


def test_a_function_with_a_command_of_its_own_is_no_system(build: Callable[..., Path]) -> None:
    program = load(build("own_shell", "arm", "-O2", "-static", "-s").read_bytes())
    assert "system" not in program.names.values()
    found = list(lines(run(program, "/opt/bin/monitor")))
    assert "execve /bin/sh sh -c mount -t nfs 192.0.2.79:/pm /mnt" in found, found
