"""In: a node and a scratch folder. Out: real servers of the machine running in it: dnsmasq, nfs-ganesha with rpcbind.

Each gets a mount namespace of its own in which the scratch folder lies over /run, so that nothing of the machine's is
touched and several labs do not meet. Whether one came up is asked of itself, over its own port.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from .namespaces import Namespaces

_PATIENCE: Final = 8.0
_BETWEEN: Final = 0.02
_OWN_MOUNTS: Final = ("unshare", "--mount", "sh", "-c")
_OVER_RUN: Final = 'mount --bind "$0" /run && exec "$@"'
_WITH_RPCBIND: Final = 'mount --bind "$0" /run && rpcbind && exec "$@"'
NFS_PORT: Final = 2049
_DHCP_PORT: Final = 67
_GANESHA: Final = """
NFS_CORE_PARAM {{ Protocols = 3; NFS_Port = 2049; MNT_Port = 20048; mount_path_pseudo = true;
                  Enable_NLM = false; Enable_RQUOTA = false; }}
NFS_KRB5 {{ Active_krb5 = false; }}
EXPORT_DEFAULTS {{ Access_Type = RW; Squash = No_Root_Squash; SecType = sys; Protocols = 3; Transports = UDP, TCP; }}
EXPORT {{ Export_Id = 1; Path = {path}; Pseudo = {path}; FSAL {{ Name = MEM; }} }}
MEM {{ Inode_Size = 1114112; }}
"""


def installed(*programs: str) -> bool:
    """Whether all of them are found."""
    return all(shutil.which(program) for program in programs)


def dnsmasq(  # noqa: PLR0913  # what it is told
    lab: Namespaces, node: str, scratch: Path, interface: str, *, given: Mapping[str, str], names: Mapping[str, str]
) -> "subprocess.Popen[bytes] | None":
    """Gives each MAC address its address, and answers for names; None where it does not come up."""
    hosts = [f"--dhcp-host={mac},{address},infinite" for mac, address in given.items()]
    known = [f"--address=/{name}/{address}" for name, address in names.items()]
    words = [
        "dnsmasq", "--keep-in-foreground", "--user=", "--group=", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
        "--no-ping", "--dhcp-authoritative", "--bind-interfaces", f"--interface={interface}", "--pid-file=",
        "--except-interface=lo", "--dhcp-range=10.20.0.0,static,255.255.0.0", "--dhcp-leasefile=/run/leases",
        "--log-facility=/run/log", *hosts, *known,
    ]  # fmt: skip
    process = _started(lab, node, scratch, _OVER_RUN, words)
    if not _within_patience(lambda: _is_bound(lab, node, _DHCP_PORT), process):
        end(process)
        return None
    return process


def ganesha(
    lab: Namespaces, node: str, scratch: Path, path: str, *, with_rpcbind: bool
) -> "subprocess.Popen[bytes] | None":
    """Serves an empty folder of its own memory as `path`; None where it does not come up.

    Without rpcbind somebody else must listen at /run/rpcbind.sock, which is `scratch`/rpcbind.sock, and at port 111.
    """
    (scratch / "ganesha").mkdir()
    (scratch / "rpcbind").mkdir()
    (scratch / "ganesha.conf").write_text(_GANESHA.format(path=path), encoding="ascii")
    words = ["ganesha.nfsd", "-F", "-L", "/run/log", "-f", "/run/ganesha.conf", "-p", "/run/ganesha.pid"]
    process = _started(lab, node, scratch, _WITH_RPCBIND if with_rpcbind else _OVER_RUN, words)
    if not answers(lab, node, NFS_PORT, process):
        end(process)
        return None
    return process


def answers(lab: Namespaces, node: str, port: int, process: "subprocess.Popen[bytes]") -> bool:
    """Whether a program begins to listen on its port, while it runs."""

    def tried() -> bool:
        with lab.within(node), socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", port)) == 0

    return _within_patience(tried, process)


def _is_bound(lab: Namespaces, node: str, port: int) -> bool:
    """Whether somebody in the node has that UDP port (proc_net(5), udp)."""
    with lab.within(node):
        lines = Path("/proc/thread-self/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(int(line.split()[1].rpartition(":")[2], 16) == port for line in lines)


def _within_patience(true: Callable[[], bool], process: "subprocess.Popen[bytes]") -> bool:
    """Whether it becomes true while the program runs."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if true():
            return True
        time.sleep(_BETWEEN)
    return False


def may_drop_rights() -> bool:
    """Whether rpcbind may give up its groups here, without which it does not start (user_namespaces(7))."""
    path = Path("/proc/self/setgroups")
    return path.exists() and path.read_text(encoding="ascii").strip() == "allow"


def end(process: "subprocess.Popen[bytes]") -> None:
    """Whatever it is doing."""
    process.kill()
    process.wait()


def _started(lab: Namespaces, node: str, scratch: Path, script: str, words: list[str]) -> "subprocess.Popen[bytes]":
    with lab.within(node):
        return subprocess.Popen(  # noqa: S603  # fixed programs, and words of our own
            [*_OWN_MOUNTS, script, str(scratch), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
