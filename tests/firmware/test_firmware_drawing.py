"""What documents are given of a chain: recovered arguments by their names, needs and changes, the path, code around."""

from collections.abc import Callable
from typing import Any

from wardwatch.dissection import Instruction
from wardwatch.firmware.drawing import chain_drawn
from wardwatch.firmware.words import Place

TEXT = """program /opt/bin/monitor
root main start-up
edge main > update key=C
in update
0x10 sh ifconfig eth0 up
0x20 mount 203.0.113.5:/pm /mnt nfs 0 nolock
0x30 sh cp /mnt/monitor /opt/bin/monitor
script /etc/init.d/rcS
in -
4 sh /opt/bin/monitor
boot /etc/init.d/rcS
"""


def test_a_chain(play: Callable[[str], Any]) -> None:
    def disassemble(place: Place) -> tuple[Instruction, ...]:
        return (Instruction(place.address or 0, "00", "bl", marked=True),)

    scene = play(TEXT).scene
    drawn = chain_drawn(scene, scene.chains[0], (), disassemble)
    up, mount, copy = drawn.steps
    assert [(each.name, each.value) for each in mount.recovered] == [
        ("source", "203.0.113.5:/pm"), ("target", "/mnt"), ("filesystemtype", "nfs"), ("mountflags", "0"),
        ("data", "nolock"), ("peer", "203.0.113.5"),
    ]  # fmt: skip
    assert [(each.name, each.value) for each in up.recovered] == [("command", "ifconfig eth0 up")]
    assert mount.needs == ("an interface is up", "203.0.113.5 can be reached")
    assert up.changes == ("eth0 is up",)
    assert copy.changes == ("/opt/bin/monitor is replaced",)
    assert copy.needs == ("/mnt/monitor is there", "/opt/bin/monitor is writable")
    assert (mount.title, mount.rule) == ("mounts a share of 203.0.113.5", "firmware.remote-mount")
    assert mount.disassembly[0].address == 0x20
    assert [(stop.file, stop.function, stop.how) for stop in drawn.path] == [
        ("/etc/init.d/rcS", "", "started by /etc/inittab"), ("/opt/bin/monitor", "", "exec"),
        ("/opt/bin/monitor", "main", "call"), ("/opt/bin/monitor", "update", "key 'C'"),
    ]  # fmt: skip
    assert drawn.trigger == "key"
    assert drawn.completes is True


def test_no_way_is_said(play: Callable[[str], Any]) -> None:
    scene = play(TEXT.replace("edge main > update key=C\n", "")).scene
    drawn = chain_drawn(scene, scene.chains[0], ())
    assert drawn.path[0].how == "no way here was found"
    assert drawn.completes is None
