"""In: a function's name and bytes for it. Out: the bytes it returns, having run in namespaces of its own.

A child is started in new user, network, mount and process namespaces, without root where the machine allows that. It
ends when its command does, however that ends: its standard input closes, and with its first process all others in it
go. What a stopped child leaves is taken down at the next start, by the state file.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from signal import SIGKILL
from threading import Event, Timer
from typing import Final

from wardwatch.errors import InstallationError, LimitError, WardwatchError

from . import state

_BASE: Final = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_AS_USER: Final = ("--user", "--map-root-user", *_BASE)
_PROBE_SECONDS: Final = 10.0
FAILED: Final = b"!"
DONE: Final = b"."


def call(entry: str, payload: bytes, *, seconds: float) -> bytes:
    """What `entry` ('module:function', bytes to bytes) returns. LimitError after `seconds`; nothing is left running."""
    state.clean()
    with _child([*_way(), sys.executable, "-m", "wardwatch.lab.inside", entry]) as child:
        result = _answer(child, payload, seconds)
    if result[:1] == FAILED:
        raise InstallationError(result[1:].decode("utf-8", "replace"))
    if result[:1] != DONE:
        raise WardwatchError("ended without an answer", where="the lab", cure="Run it again; if it stays, report it.")
    return result[1:]


def _answer(child: "subprocess.Popen[bytes]", payload: bytes, seconds: float) -> bytes:
    """All it says until it ends. Its standard input is left open: that it closes tells it that we are gone."""
    if child.stdin is None or child.stdout is None:
        raise ValueError("the child was started without pipes")
    late = Event()

    def end() -> None:
        late.set()
        with suppress(ProcessLookupError):
            os.killpg(child.pid, SIGKILL)

    timer = Timer(seconds, end)
    timer.start()
    try:
        child.stdin.write(len(payload).to_bytes(8, "big") + payload)
        child.stdin.flush()
        result = child.stdout.read()
    except BrokenPipeError:
        result = b""
    finally:
        timer.cancel()
    if late.is_set():
        raise LimitError(f"not done within {seconds:.0f} s", where="the lab", cure="Try fewer devices.")
    return result


@contextmanager
def _child(words: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """The child, noted in the state file while it lives, and killed whatever happens."""
    child = subprocess.Popen(  # noqa: S603  # our own interpreter and unshare
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, env=_environment()
    )
    try:
        with state.noted(child.pid):
            yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, SIGKILL)
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()


def _environment() -> dict[str, str]:
    """A short one: programs of the lab must be found also where a user's PATH leaves out the system's."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "XDG_STATE_HOME", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"}


def _way() -> list[str]:
    """The words that start something in new namespaces: as a user where possible, else as root."""
    for options in (_AS_USER, _BASE):
        words = ["unshare", *options]
        if options is _BASE and os.geteuid() != 0:
            continue
        if _works(words):
            return words
    raise InstallationError(
        "this machine allows no namespaces: neither to users nor, if you are root, to you",
        where="the lab",
        cure="Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, or the AppArmor setting of your "
        "distribution), or run it as root on a machine of your own.",
    )


def _works(words: list[str]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603  # as above
            [*words, "true"], capture_output=True, check=False, timeout=_PROBE_SECONDS, env=_environment()
        )
    except FileNotFoundError as error:
        raise InstallationError("not installed", where="unshare", cure="Install util-linux, on Linux.") from error
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
