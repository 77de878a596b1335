"""In: nothing. Out: what a watched device finds around it, as its watcher asks for it."""

from contextlib import AbstractContextManager
from typing import Protocol


class Surroundings(Protocol):
    """The network and the shares of one device."""

    def within(self) -> AbstractContextManager[None]:
        """This thread is in the device's node until the block ends."""

    def called(self, transport: str, port: int) -> None:
        """The device is about to call that port of somebody."""

    def restore(self) -> None:
        """An interface changed: set again the routes that went with it."""

    def shared(self, source: str) -> str:
        """The folder that stands for a remote share; OSError with the reason where there is none."""
