"""In: a network as data, within fresh namespaces. Out: the network up, and a way to do things inside each node.

A socket belongs for good to the namespace it was made in (network_namespaces(7)), so one process can hold sockets of
every node: it enters a node, makes the socket, and leaves.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from wardwatch.errors import InstallationError, LimitError

from .network import SWITCH, Network, steps

_CLONE_NEWNET: Final = 0x40000000
_PATIENCE: Final = 20.0
_EVERYWHERE: Final = {
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/accept_ra": "0",
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv4/ping_group_range": "0 0",
}


class Namespaces:
    """The network namespaces of one network, held open as files; nothing is left of them once this process ends."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._nodes: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Make the network; InstallationError where the kernel refuses a part of it."""
        refuse_real_network()
        for node in (SWITCH, *self._network.nodes):
            self._make(node)
        for node, words in steps(self._network):
            self.ip(node, *words)
        for node in self._network.routers:
            self.forward(node, on=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of every node; the kernel takes down what nobody holds."""
        for descriptor in (*self._nodes.values(), self._home):
            os.close(descriptor)
        self._nodes.clear()

    @contextmanager
    def within(self, node: str) -> Iterator[None]:
        """This thread is in the node until the block ends, and then where it was before."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._enter(self._nodes[node])
            yield
        finally:
            self._enter(before)
            os.close(before)

    def descriptors(self) -> dict[str, int]:
        """Of each node's namespace, in this process."""
        return dict(self._nodes)

    def run(self, node: str, words: Sequence[str], text: str = "") -> str:
        """What a program says, run in a node; InstallationError with its own words where it fails."""
        with self.within(node):
            return _run(words, text)

    def ip(self, node: str, *words: str) -> str:
        """What the program of that name says to these words, in a node."""
        placed = [f"/proc/{os.getpid()}/fd/{self._nodes[word[5:]]}" if word[:5] == "PATH:" else word for word in words]
        return self.run(node, ["ip", *placed])

    def forward(self, node: str, *, on: bool) -> None:
        """Whether a node forwards packets."""
        with self.within(node):
            _set({"net/ipv4/ip_forward": str(int(on)), "net/ipv6/conf/all/forwarding": str(int(on))})

    def settings(self, node: str, values: dict[str, str]) -> None:
        """Set what /proc/sys names in a node."""
        with self.within(node):
            _set(values)

    def _make(self, node: str) -> None:
        if self._libc.unshare(_CLONE_NEWNET):
            raise _refused("a network namespace")
        self._nodes[node] = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _set(_EVERYWHERE)
        self._enter(self._home)

    def _enter(self, descriptor: int) -> None:
        if self._libc.setns(descriptor, _CLONE_NEWNET):
            raise _refused("entering a network namespace")


def refuse_real_network() -> None:
    """Refuse to begin anywhere but in an empty namespace: nothing that is done here may reach a real network."""
    interfaces = {name.split(":")[0].strip() for name in _lines("/proc/self/net/dev")[2:]}
    routes = [line for line in _lines("/proc/self/net/route")[1:] if line.strip()]
    routes += [line for line in _lines("/proc/self/net/ipv6_route") if line.split()[-1] != "lo"]
    if interfaces - {"lo"} or routes:
        raise InstallationError(
            "there is a way to a real network here, and nothing was started",
            where="the lab", cure="The lab runs in an empty network namespace only; start it by its own command.",
        )  # fmt: skip


def _set(values: dict[str, str]) -> None:
    for name, value in values.items():
        path = Path("/proc/sys", name)
        if path.exists():
            path.write_text(value, encoding="ascii")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return []  # a kernel without IPv6 has no routes of it


def _run(words: Sequence[str], text: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # fixed programs; what varies was checked in the policy
            list(words), input=text, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except FileNotFoundError as error:
        raise InstallationError("not installed", where=words[0], cure=f"Install the package of {words[0]}.") from error
    except subprocess.TimeoutExpired as error:
        raise LimitError(f"no answer within {_PATIENCE:.0f} s", where=words[0], cure="Try again.") from error
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"status {done.returncode}"
        raise InstallationError(f"refused: {said[:400]}", where=" ".join(words)[:200], cure="See what it says.")
    return done.stdout


def _refused(what: str) -> InstallationError:
    reason = os.strerror(ctypes.get_errno())
    return InstallationError(f"the kernel refuses {what}: {reason}", where="the lab", cure="See docs/contain.md.")
