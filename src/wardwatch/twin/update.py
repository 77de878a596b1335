"""In: a monitor's plan and number. Out: the calls its update function makes when somebody starts it.

As published (CISA ICSMA-25-030-01 and its fact sheet): the share /pm of the documented address is mounted without
locking, its files are copied over the device's programs, then it is unmounted. The names of the copied programs are
those the advisory names; their contents here are noise. The address is built in: a station set up by the hospital
elsewhere changes nothing. Where nobody answers, the first call is sent three times, five seconds apart.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.protocols.sunrpc_messages import Caller

from .chance import chance
from .events import MILLISECOND, SECOND, Block, Event, Sent, Stream
from .folders import MOUNT, MOUNT_PORT, NFS, PORTMAP_PORT, Call, Folder, find_port, mount, read_all, unmount
from .packets import Host, udp
from .plan import Central, Plan

SHARE: Final = "/pm"
_AGAIN: Final = (0, 5, 10)
_PROTOCOLS: Final = {PORTMAP_PORT: "portmap", MOUNT_PORT: "mount"}


def share(number: int) -> Folder:
    """What the server offers; every second monitor's kernel speaks NFS 2, the others 3."""
    return Folder(SHARE, (("monitor", 9000), ("update", 3500)), version=2 + number % 2)


def calls(plan: Plan, number: int) -> Iterator[Call]:
    """All calls in their order."""
    source, folder, caller = chance(plan.seed, "update", number), share(number), Caller("smart3250")
    yield find_port(source, MOUNT, folder.mount_version)
    yield mount(folder, caller, source)
    yield find_port(source, NFS, folder.version)
    yield from read_all(folder, caller, source)
    yield unmount(folder, caller, source)


def update(plan: Plan, number: int, hosts: tuple[Host, Host], trip: int) -> Iterator[Event]:
    """The frames. `hosts`: monitor and server; `trip`: ns from a call to its answer."""
    source = chance(plan.seed, "update time", number)
    time = plan.start + int(source.uniform(0.3, 0.7) * plan.seconds * SECOND)
    port = source.randrange(600, 1000)  # mount uses a reserved port
    said = calls(plan, number)
    if plan.central not in (Central.DOCUMENTED, Central.OWN):
        first = next(said)
        for wait in _AGAIN:
            yield _asked(first, time + wait * SECOND, number, hosts, port)
        return
    for call in said:
        yield _asked(call, time, number, hosts, port)
        time += trip + source.randrange(MILLISECOND)
        yield Event(time, number, udp(hosts[1], call.port, hosts[0], port, call.answer))
        time += source.randrange(MILLISECOND, 4 * MILLISECOND)


def _asked(call: Call, time: int, number: int, hosts: tuple[Host, Host], port: int) -> Event:
    stream = Stream(number, hosts[1].address, call.port, _PROTOCOLS.get(call.port, "nfs"), 1)
    sent = Sent(stream, len(call.question), (Block(call.name, call.values),))
    return Event(time, number, udp(hosts[0], port, hosts[1], call.port, call.question), sent)
