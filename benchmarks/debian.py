"""In: names of Debian packages and architectures. Out: their programs, downloaded by name into a folder outside git.

apt is used with folders of its own, so that nothing of this machine's package state is read or changed and no root is
needed; only its list of sources and its keys are taken. Where there is no apt or no network, `programs()` gives none.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
KEPT: Final = ROOT / ".build" / "debian"
ARCHITECTURES: Final = ("armel", "armhf", "mipsel", "arm64")
PACKAGES: Final = (
    "autofs", "bind9-dnsutils", "busybox", "chrony", "cifs-utils", "cron", "curl", "dnsmasq-base", "dropbear-bin",
    "ethtool", "ftp", "hostapd", "iproute2", "iputils-ping", "klibc-utils", "lftp", "lldpd", "mosquitto", "net-tools",
    "nfs-common", "ntpdate", "openntpd", "openssh-client", "openssh-server", "rauc", "rpcbind", "rsync", "rsyslog",
    "socat", "swupdate", "tcpdump", "telnetd", "tftp-hpa", "tftpd-hpa", "tinyproxy", "udhcpc", "wget", "wpasupplicant",
)  # fmt: skip
ELF: Final = b"\x7fELF"
_FOLDERS: Final = ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "empty")


def programs(architecture: str, packages: tuple[str, ...] = PACKAGES) -> dict[str, Path]:
    """Path inside the package to file, for every ELF program of the packages; empty where nothing can be had."""
    into = KEPT / architecture
    if not (into / "done").exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            return {}
        _download(architecture, packages, into)
    return {"/" + path.relative_to(into / "root").as_posix(): path for path in _elves(into / "root")}


def _elves(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.parent.name in {"bin", "sbin"}:
            with path.open("rb") as file:
                if file.read(4) == ELF:
                    yield path


def _download(architecture: str, packages: tuple[str, ...], into: Path) -> None:
    apt = into / "apt"
    for folder in _FOLDERS:
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    options = [
        f"-oDir::State={apt}/state", f"-oDir::State::status={apt}/status", f"-oDir::Cache={apt}/cache",
        f"-oAPT::Architecture={architecture}", f"-oAPT::Architectures::={architecture}", "-oAcquire::Languages=none",
        "-oAPT::Sandbox::User=", "-oDebug::NoLocking=1",
    ]  # fmt: skip
    _ran(["apt-get", *options, "-qq", "update"], apt)  # an index that failed leaves the others usable
    archives = apt / "packages"
    archives.mkdir(exist_ok=True)
    for package in packages:
        _ran(["apt-get", *options, "-qq", "download", package], archives)
    for archive in sorted(archives.glob("*.deb")):
        _ran(["dpkg-deb", "-x", str(archive), str(into / "root")], archives)
    if any(archives.glob("*.deb")):
        shutil.rmtree(apt)
        (into / "done").touch()


def _ran(command: list[str], where: Path) -> int:
    return subprocess.run(command, cwd=where, capture_output=True, check=False).returncode
