"""In: printing by the line printer daemon protocol (RFC 1179). Out: its commands, control files and data files.

It is the benign owner of port 515, where the central-station stream also goes. Who prints and what the job is called
may name a person, so a control file only says that a title is there.
"""

import re
from typing import Final

from .charsets import guess
from .codec import KIBI, Codec, Message, Side, Signature, Transport
from .identifying import PRINT_JOB_TITLE

_PROTOCOL: Final = "lpd"
_RECEIVE_JOB: Final = 2
_COMMANDS: Final = {1: "print-waiting", 2: "receive-job", 3: "queue-state", 4: "queue-state", 5: "remove-jobs"}
_CONTROL_FILE, _DATA_FILE = 2, 3
_FILES: Final = {_CONTROL_FILE: "control-file", _DATA_FILE: "data-file"}
_TITLES: Final = (b"J", b"T", b"N")  # RFC 1179, 7.4, 7.13, 7.9: job, title, source file
_LONGEST_LINE: Final = 1024
_CONTROL_KEPT: Final = 16 * KIBI
_COMMAND: Final = re.compile(rb"([\x01-\x05])([!-~]{1,128})( [ -~]*)?\n")
_SUB_COMMAND: Final = re.compile(rb"([\x02\x03])(\d{1,15}) ([!-~]{1,256})\n|\x01\n")


class _Half:
    """One direction, read as commands if it begins with one; answers, single bytes and lists, are passed over."""

    def __init__(self, side: Side) -> None:
        self.skipped = 0
        self._side = side
        self._held = bytearray()
        self._at = 0
        self._start = 0
        self._kind = 0  # of the file being received
        self._left = 0  # of that file, with its final zero
        self._kept = bytearray()
        self._receives = False
        self._lost = False
        self._answers: bool | None = None  # not known before the first byte

    def feed(self, data: bytes) -> list[Message]:
        if self._answers is None and data:
            self._answers = data[0] not in _COMMANDS
        if self._answers:
            return []
        self._held += data
        messages: list[Message] = []
        while self._held and not self._lost and self._step(self._side, messages):
            pass
        if self._lost:
            self._skip()
        return messages

    def lose(self, count: int) -> None:
        self._at += count
        if self._answers:
            return
        if count <= self._left:
            self._left -= count
            return
        self._answers = False
        self._lost = True
        self._skip()

    def finish(self) -> None:
        """A single byte that looked like a command was an answer that says no."""
        if self._side is Side.CLIENT or self._start or len(self._held) > 1:
            self._skip()

    def _skip(self) -> None:
        self.skipped += len(self._held)
        self._held.clear()

    def _step(self, side: Side, messages: list[Message]) -> bool:
        if self._left:
            return self._file(side, messages)
        end = self._held.find(b"\n", 0, _LONGEST_LINE) + 1
        if not end:
            self._lost = len(self._held) >= _LONGEST_LINE
            return False
        line = bytes(self._held[:end])
        form = _SUB_COMMAND if self._receives else _COMMAND
        found = form.fullmatch(line)
        if found is None:
            self._lost = True
            return False
        self._start = self._at
        self._take(end)
        if not self._receives:
            messages.append(self._command(side, found))
        elif found[1]:
            self._kind, self._left = found[1][0], int(found[2]) + 1
        return True

    def _command(self, side: Side, found: re.Match[bytes]) -> Message:
        number = found[1][0]
        self._receives = number == _RECEIVE_JOB
        facts = {"queue": guess(found[2])[0]}
        return Message(_PROTOCOL, _COMMANDS[number], side, self._start, self._at, facts=facts)

    def _file(self, side: Side, messages: list[Message]) -> bool:
        count = min(self._left, len(self._held))
        if self._kind == _CONTROL_FILE:
            self._kept += self._held[: min(count, _CONTROL_KEPT - len(self._kept))]
        self._left -= count
        self._take(count)
        if not self._left:
            titled = any(line[:1] in _TITLES for line in bytes(self._kept).split(b"\n"))
            fields = (PRINT_JOB_TITLE,) if titled else ()
            messages.append(Message(_PROTOCOL, _FILES[self._kind], side, self._start, self._at, fields=fields))
            self._kept.clear()
        return True

    def _take(self, count: int) -> None:
        del self._held[:count]
        self._at += count


class _Conversation:
    def __init__(self) -> None:
        self.skipped = 0
        self._halves = (_Half(Side.CLIENT), _Half(Side.SERVER))

    def feed(self, side: Side, data: bytes) -> list[Message]:
        messages = self._halves[side].feed(data)
        self.skipped = sum(half.skipped for half in self._halves)
        return messages

    def lose(self, side: Side, count: int) -> None:
        self._halves[side].lose(count)

    def finish(self) -> list[Message]:
        for half in self._halves:
            half.finish()
        self.skipped = sum(half.skipped for half in self._halves)
        return []


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure the first side begins with a printing command and goes on as RFC 1179 says."""
    if transport is not Transport.TCP:
        return 0.0
    return max(_sure(client, server), _sure(server, client))


def _sure(sent: bytes, answered: bytes) -> float:
    command = _COMMAND.match(sent)
    if command is None:
        return 0.0
    rest = sent[command.end() :]
    if rest:
        job = command[1][0] == _RECEIVE_JOB
        return 0.95 if job and _SUB_COMMAND.match(rest) else 0.0
    return 0.9 if not answered.strip(b"\0") else 0.6


def _open(_transport: Transport) -> _Conversation:
    return _Conversation()


_PRINTABLE: Final = (0x20, 0x40, 0x60)  # the high bits of what can begin a queue's name, behind a command of 1 to 5
CODEC: Final = Codec(
    name=_PROTOCOL,
    title="Line printer daemon",
    reference="RFC 1179",
    signatures=tuple(
        Signature(Transport.TCP, bytes((0, high)), b"\xf8\xe0", ports=(515,), budget=KIBI) for high in _PRINTABLE
    ),
    names_only=True,
    recognise=recognise,
    open=_open,
    carries="What is printed, in clear.",
)
