"""In: a lab's network. Out: its services: the machine's own where installed, else stand-ins, and which it was."""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wardwatch.errors import InstallationError
from wardwatch.lab import daemons, hospital
from wardwatch.lab.loop import Loop
from wardwatch.lab.namespaces import Namespaces
from wardwatch.lab.receivers import CMS, LPD, MLLP, Receivers
from wardwatch.lab.scenario import Scenario
from wardwatch.twin import folders, lease, nfs_client, payloads
from wardwatch.twin.nfs_server import Share, registrar

if TYPE_CHECKING:
    import subprocess

STAND_IN: Final = "stand-in"
CENTRAL_PORTS: Final = (511, *range(515, 521))
_HL7_PORTS: Final = {511, 2575}
_LEASES, _NAMES = 67, 53
_DATAGRAM: Final = 65536
NAMES: Final = {"print.hospital.example": hospital.PRINTER}
SHARE, HOME = "/pm", "/home"
HOME_FILES: Final = {"handover.txt": b"Nothing to hand over.\n" * 40, ".profile": b"umask 022\n"}


class Services:
    """What runs in one lab. `parts`: which program serves what."""

    def __init__(self, lab: Namespaces, loop: Loop, scratch: Path, *, real: bool) -> None:
        self._lab, self._loop, self._scratch, self._real = lab, loop, scratch, real
        self._processes: list[subprocess.Popen[bytes]] = []
        self._open: list[socket.socket] = []
        self.parts: dict[str, str] = {}
        self._because = ""

    def receive(self, receivers: Receivers, scenario: Scenario) -> None:
        """Whoever takes calls: the central station, wherever it is, the interface engine, the printer."""
        central = hospital.STATION if scenario.hospital.station != "none" else hospital.OUTSIDE
        if central == hospital.STATION or scenario.outside.answers:
            with self._lab.within(central):
                for port in CENTRAL_PORTS:
                    receivers.listen(port, MLLP if port in _HL7_PORTS else CMS)
        with self._lab.within(hospital.SERVERS):
            receivers.listen(515, LPD)
            receivers.listen(2575, MLLP)

    def give_addresses(self, given: Mapping[str, str]) -> None:
        """DHCP and names, on the ward."""
        if self._real and daemons.installed("dnsmasq") and self._dnsmasq(given):
            return
        self.parts["addresses"] = STAND_IN
        with self._lab.within(hospital.GATEWAY):
            self._answer("", _LEASES, lambda question: lease.answer(question, given, hospital.ROUTER), everybody=True)
            self._answer("", _NAMES, _named)

    def share(self, node: str, hosts: Sequence[str], path: str, files: Mapping[str, bytes]) -> None:
        """Serve files as a share; nfs-ganesha where it is installed and comes up."""
        name = f"share {path}"
        if self._real and daemons.installed("ganesha.nfsd") and self._ganesha(node, hosts, path, files):
            return
        served = Share(path, files)
        self.parts[name] = STAND_IN + self._because
        with self._lab.within(node):
            for host in hosts:
                self._answer(host, folders.PORTMAP_PORT, registrar)
                self._answer(host, folders.MOUNT_PORT, served.answer)
                self._answer(host, folders.NFS_PORT, served.answer)

    def close(self) -> None:
        """All of them."""
        for process in self._processes:
            daemons.end(process)
        self._forget(self._open)

    def _dnsmasq(self, given: Mapping[str, str]) -> bool:
        scratch = self._folder("dnsmasq")
        process = daemons.dnsmasq(self._lab, hospital.GATEWAY, scratch, hospital.WARD_SIDE, given=given, names=NAMES)
        if process is None:
            return False
        self._processes.append(process)
        self.parts["addresses"] = "dnsmasq"
        return True

    def _ganesha(self, node: str, hosts: Sequence[str], path: str, files: Mapping[str, bytes]) -> bool:
        scratch = self._folder(f"ganesha-{node}")
        real = daemons.installed("rpcbind") and daemons.may_drop_rights()
        opened = [] if real else self._register(node, hosts, scratch)
        process = daemons.ganesha(self._lab, node, scratch, path, with_rpcbind=real)
        if process is None or not self._filled(node, path, files):
            self._because = ", since nfs-ganesha did not come up"
            if process:
                self._because = ", since nfs-ganesha did not take the files"
                daemons.end(process)
            self._forget(opened)
            return False
        self._processes.append(process)
        self.parts[f"share {path}"] = f"nfs-ganesha, {'rpcbind' if real else 'portmap by a stand-in'}"
        return True

    def _filled(self, node: str, path: str, files: Mapping[str, bytes]) -> bool:
        try:
            with self._lab.within(node), nfs_client.by_udp("127.0.0.1") as ask:
                nfs_client.Client(ask, "server").put(path, files)
        except OSError:
            return False
        return True

    def _register(self, node: str, hosts: Sequence[str], scratch: Path) -> list[socket.socket]:
        """Stand in for rpcbind: at its socket, where servers register, and at its port, where clients ask."""
        before = len(self._open)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(scratch / "rpcbind.sock"))
        listening.listen()
        self._open.append(listening)
        self._loop.watch(listening, lambda: self._registering(listening))
        with self._lab.within(node):
            for host in (*hosts, "127.0.0.1"):
                self._answer(host, folders.PORTMAP_PORT, registrar)
        return self._open[before:]

    def _registering(self, listening: socket.socket) -> None:
        call, _ = listening.accept()
        call.setblocking(False)  # noqa: FBT003  # its name in the library
        self._open.append(call)
        self._loop.watch(call, lambda: self._record(call))

    def _record(self, call: socket.socket) -> None:
        """One record of ONC RPC (RFC 5531, section 11), which comes in one piece by a local socket."""
        try:
            said = call.recv(_DATAGRAM)
            if said:
                answer = registrar(said[4:])
                call.send((0x8000_0000 | len(answer)).to_bytes(4, "big") + answer)
        except OSError:
            said = b""
        if not said:
            self._open.remove(call)
            self._forget([call])

    def _answer(self, host: str, port: int, answer: Callable[[bytes], bytes], *, everybody: bool = False) -> None:
        """Answer datagrams in the node this thread is in; `everybody`: by broadcast, whoever asked."""
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if everybody:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, hospital.WARD_SIDE.encode())
        listening.bind((host, port))
        listening.setblocking(False)  # noqa: FBT003  # its name in the library
        self._open.append(listening)
        self._loop.watch(listening, lambda: _datagram(listening, answer, everybody=everybody))

    def _folder(self, name: str) -> Path:
        path = self._scratch / name
        path.mkdir()
        return path

    def _forget(self, sockets: list[socket.socket]) -> None:
        for each in list(sockets):
            if each.fileno() >= 0:
                self._loop.forget(each)
                each.close()


@contextmanager
def services(lab: Namespaces, loop: Loop, scratch: Path, *, real: bool) -> Iterator[Services]:
    """Closed at the end, whatever happens. `real`: the machine's own where installed."""
    made = Services(lab, loop, scratch, real=real)
    try:
        yield made
    finally:
        made.close()


def _datagram(listening: socket.socket, answer: Callable[[bytes], bytes], *, everybody: bool) -> None:
    try:
        question, whence = listening.recvfrom(_DATAGRAM)
        if said := answer(question):
            listening.sendto(said, ("255.255.255.255", 68) if everybody else whence)
    except OSError:
        return  # who asked is gone


def _named(question: bytes) -> bytes:
    """An answer to a question about a name (RFC 1035, 4.1); nothing for names that nobody set down."""
    for name, address in NAMES.items():
        identifier = int.from_bytes(question[:2], "big")
        if question[12:] == payloads.dns_query(identifier, name)[12:]:
            return payloads.dns_answer(identifier, name, address)
    return b""


def leased(lab: Namespaces, node: str, mac: str, name: str) -> str:
    """Give a node's interface the address that DHCP has for it, and the way out."""
    lab.ip(node, "link", "set", "eth0", "up")
    try:
        with lab.within(node):
            address = lease.lease("eth0", mac, name)
    except OSError as error:
        raise InstallationError(f"got no address: {error.strerror}", where=node, cure="Try again.") from error
    settle(lab, node, address)
    return address


def settle(lab: Namespaces, node: str, address: str) -> None:
    """Its address, and by whom everything else is reached."""
    lab.ip(node, "address", "replace", f"{address}/16", "brd", "+", "dev", "eth0")
    lab.ip(node, "route", "replace", "default", "via", hospital.ROUTER, "dev", "eth0")
