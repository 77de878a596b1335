"""In: a behaviour. Out: in words, what must be so before it and what is so after it."""

from wardwatch.firmware.words import Text

from .words import Behaviour, Kind


def needs(behaviour: Behaviour) -> tuple[str, ...]:
    """What must be so before."""
    if behaviour.kind in {Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH, Kind.SEND, Kind.CONNECT, Kind.RECEIVE}:
        return ("an interface is up", f"{behaviour.end} can be reached")
    if behaviour.kind is Kind.COPY:
        return (f"{_or(behaviour.source, 'the source')} is there", f"{_or(behaviour.target, 'the target')} is writable")
    if behaviour.kind is Kind.WRITE:
        return (f"{behaviour.target} is writable",)
    if behaviour.kind is Kind.RUN:
        return (f"{behaviour.target} is there",)
    return (f"{behaviour.target} is mounted",) if behaviour.kind is Kind.UNMOUNT else ()


def changes(behaviour: Behaviour) -> tuple[str, ...]:
    """What is so after."""
    subject = behaviour.subject if behaviour.subject not in {"", "*"} else "an interface"
    target = _or(behaviour.target, "a file")
    said = {
        Kind.INTERFACE_UP: f"{subject} is up",
        Kind.INTERFACE_DOWN: f"{subject} is down",
        Kind.ADDRESS_SET: f"{subject} has an address",
        Kind.ROUTE_SET: "a route is set",
        Kind.REMOTE_MOUNT: f"{target} holds the files of {behaviour.end}",
        Kind.REMOTE_FETCH: f"{target} comes from {behaviour.end}",
        Kind.UNMOUNT: f"{target} is no longer mounted",
        Kind.REMOUNT_WRITABLE: f"{target} is writable",
        Kind.COPY: f"{target} is replaced",
        Kind.WRITE: f"{target} is replaced",
        Kind.RUN: f"{target} runs",
        Kind.SEND: f"{behaviour.end} has the data",
        Kind.MAKE_EXECUTABLE: f"{target} can be run",
        Kind.REBOOT: "the device starts again",
    }
    return (said[behaviour.kind],) if behaviour.kind in said else ()


TITLES = {
    Kind.INTERFACE_UP: "brings {subject} up",
    Kind.INTERFACE_DOWN: "takes {subject} down",
    Kind.ADDRESS_SET: "gives {subject} an address",
    Kind.ROUTE_SET: "sets a route",
    Kind.BLOCK: "blocks {subject}",
    Kind.REMOTE_MOUNT: "mounts a share of {end}",
    Kind.LOCAL_MOUNT: "mounts {source}",
    Kind.REMOUNT_WRITABLE: "makes {target} writable",
    Kind.UNMOUNT: "unmounts {target}",
    Kind.REMOTE_FETCH: "fetches a file from {end}",
    Kind.RECEIVE: "receives data from {end}",
    Kind.COPY: "copies {source} over {target}",
    Kind.READ: "reads {target}",
    Kind.WRITE: "writes {target}",
    Kind.RUN: "runs {target}",
    Kind.MAKE_EXECUTABLE: "makes {target} executable",
    Kind.CONNECT: "connects to {end}",
    Kind.SEND: "sends data to {end}",
    Kind.VERIFY_SIGNATURE: "verifies a signature",
    Kind.VERIFY_HASH: "computes a checksum",
    Kind.COMPARE_VERSION: "compares versions",
    Kind.WRITE_VERSION: "records a version",
    Kind.WRITE_LOG: "writes a log",
    Kind.READ_KEY: "reads a key",
    Kind.REBOOT: "restarts the device",
    Kind.READ_SENSOR: "reads a sensor",
}


def title(behaviour: Behaviour) -> str:
    """What the behaviour does, as a person says it."""
    form = TITLES[behaviour.kind]
    named = behaviour.subject if behaviour.subject not in {"", "*"} else "an interface"
    source, target = _or(behaviour.source, "a file"), _or(behaviour.target, "a file")
    return form.format(subject=named, end=behaviour.end, source=source, target=target)


def _or(path: Text, otherwise: str) -> str:
    return str(path) if path.parts else otherwise
