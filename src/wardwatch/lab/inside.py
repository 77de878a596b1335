"""In: a function's name, and bytes on standard input. Out: what it returns, on standard output; run in a lab's child.

Standard input stays open as long as the command lives. When it closes, this process ends, and with it the lab: it is
the first of its process namespace (pid_namespaces(7)).
"""

import os
import sys
from importlib import import_module
from threading import Thread
from typing import Final

from wardwatch.errors import WardwatchError

_LARGEST: Final = 64 << 20
FAILED: Final = b"!"
DONE: Final = b"."


def main() -> None:
    """Run the function named on the command line."""
    source = sys.stdin.buffer
    size = int.from_bytes(source.read(8), "big")
    payload = source.read(min(size, _LARGEST))
    Thread(target=_end_with, args=(source.fileno(),), daemon=True).start()
    module, _, name = sys.argv[1].partition(":")
    try:
        answer = DONE + getattr(import_module(module), name)(payload)
    except WardwatchError as error:
        answer = FAILED + str(error).encode()
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    os._exit(0)  # the thread that waits for the command never returns


def _end_with(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
