"""In: ONC RPC over TCP or UDP. Out: who looks up, mounts, reads and writes which path, each call with its answer.

RFC 5531 (RPC, record marking, AUTH_SYS), RFC 1833 (portmap, rpcbind), RFC 1094 and 1813 (MOUNT, NFS 2 and 3),
RFC 7530 (NFS 4). A call without an answer is told when the conversation ends: it is the trace of an attempt.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from . import _nfs4
from . import _xdr as xdr
from ._rpc_programs import NFS, PROCEDURES, PROGRAMS, Facts, Handles, Procedure
from ._rpc_records import Record, Records, plausible
from .charsets import guess
from .codec import KIBI, Codec, Message, Side, Signature, Transport

_CALL, _REPLY = 0, 1
_RPC_VERSION: Final = 2
_AUTH_SYS, _RPCSEC_GSS = 1, 6
_LARGEST_AUTH: Final = 400
_PENDING: Final = 4096
_ACCEPTED: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "program unavailable",
        2: "version not supported",
        3: "procedure unavailable",
        4: "arguments not understood",
        5: "system error",
    }
)
_ANONYMOUS: Final = bytes(16)  # AUTH_NONE, and the verifier of the same kind
_DONE: Final = bytes(16)  # accepted, an empty verifier, success
_NO_ANSWER: Final = "no answer"
_V4: Final = 4


@dataclass(slots=True)
class _Call:
    side: Side
    start: int
    end: int
    kind: str
    facts: Facts
    procedure: Procedure | None = None
    compound: _nfs4.Compound | None = None


class _Conversation:
    """Calls of either side wait for the answer of the other."""

    def __init__(self, transport: Transport) -> None:
        self.skipped = 0
        self._streams = (Records(), Records()) if transport is Transport.TCP else None
        self._at = [0, 0]
        self._unread = 0
        self._handles = Handles()
        self._pending: OrderedDict[tuple[Side, int], _Call] = OrderedDict()

    def feed(self, side: Side, data: bytes) -> list[Message]:
        if self._streams is not None:
            records = self._streams[side].feed(data)
        else:
            start = self._at[side]
            self._at[side] += len(data)
            records = [Record(start, self._at[side], bytes(data))]
        return self._read(side, records)

    def lose(self, side: Side, count: int) -> None:
        self._at[side] += count
        if self._streams is not None:
            self._streams[side].lose(count)

    def finish(self) -> list[Message]:
        messages: list[Message] = []
        for side in Side if self._streams is not None else ():
            assert self._streams is not None  # noqa: S101  # told to the type checker
            messages += self._read(side, self._streams[side].finish())
        messages += [_told(call, _NO_ANSWER) for call in self._pending.values()]
        self._pending.clear()
        return messages

    def _read(self, side: Side, records: list[Record]) -> list[Message]:
        messages: list[Message] = []
        for record in records:
            try:
                messages += self._message(side, record)
            except xdr.ShortError:
                self._unread += record.end - record.start
        streams = self._streams or ()
        self.skipped = self._unread
        for stream in streams:
            self.skipped += stream.skipped
        return messages

    def _message(self, side: Side, record: Record) -> list[Message]:
        reader = xdr.Reader(record.raw)
        number, direction = reader.words(xdr.TWO)
        if direction == _CALL and reader.word() == _RPC_VERSION:
            return self._call(side, number, reader, record)
        if direction == _REPLY:
            return self._reply(side, number, reader, record)
        raise xdr.ShortError

    def _call(self, side: Side, number: int, reader: xdr.Reader, record: Record) -> list[Message]:
        call = _read_call(side, reader, record, self._handles)
        repeated = self._pending.pop((side, number), None)
        messages = [_told(repeated, _NO_ANSWER)] if repeated and repeated.facts != call.facts else []
        self._pending[side, number] = call
        if len(self._pending) > _PENDING:
            messages.append(_told(self._pending.popitem(last=False)[1], _NO_ANSWER))
        return messages

    def _reply(self, side: Side, number: int, reader: xdr.Reader, record: Record) -> list[Message]:
        refused = _refusal(reader)
        call = self._pending.pop((Side.CLIENT if side else Side.SERVER, number), None)
        if call is None:
            facts = {"status": refused or "ok"}
            return [Message("sunrpc", "answer", side, record.start, record.end, facts=facts)]
        status = refused or "ok"
        if not refused:
            self._results(reader, call)
        return [_told(call, status)]

    def _results(self, reader: xdr.Reader, call: _Call) -> None:
        try:
            if call.compound is not None:
                _nfs4.read_reply(reader, call.facts, self._handles, call.compound)
            elif call.procedure is not None and call.procedure.reply is not None:
                call.procedure.reply(reader, call.facts, self._handles)
        except xdr.ShortError:
            call.facts.setdefault("status", "answer not read")


def _told(call: _Call, status: str) -> Message:
    call.facts.setdefault("status", status)
    return Message("sunrpc", call.kind, call.side, call.start, call.end, facts=call.facts)


def _read_call(side: Side, reader: xdr.Reader, record: Record, handles: Handles) -> _Call:
    program, version, number = reader.words(xdr.THREE)
    facts: Facts = {"program": PROGRAMS.get(program, str(program)), "version": version}
    sealed = _credentials(reader, facts)
    procedure = PROCEDURES.get((program, version), {}).get(number)
    call = _Call(side, record.start, record.end, "call", facts, procedure)
    facts["procedure"] = procedure.name if procedure else str(number)
    if sealed:
        facts["arguments"] = "not read: RPCSEC_GSS"
        call.procedure = None
    elif (program, version, number) == (NFS, _V4, 1):
        facts["procedure"] = "COMPOUND"
        call.compound = _nfs4.read_call(reader, facts, handles)
        call.kind = _nfs4.kind(call.compound)
    elif (program, version, number) == (NFS, _V4, 0):
        facts["procedure"], call.kind = "NULL", "null"
    if procedure is not None:
        call.kind = procedure.kind
        if procedure.call is not None and not sealed:
            _arguments(procedure, reader, facts, handles)
    return call


def _arguments(procedure: Procedure, reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    if procedure.call is None:
        return
    try:
        procedure.call(reader, facts, handles)
    except xdr.ShortError:
        facts["arguments"] = "cut short"


def _credentials(reader: xdr.Reader, facts: Facts) -> bool:
    """Adds machine name and user number of AUTH_SYS (RFC 5531, appendix A); whether the arguments may be sealed."""
    if reader.raw.startswith(_ANONYMOUS, reader.at):
        reader.skip(len(_ANONYMOUS))
        return False
    flavor, body = reader.word(), reader.opaque(_LARGEST_AUTH)
    reader.word()
    reader.opaque(_LARGEST_AUTH)
    if flavor == _AUTH_SYS:
        inner = xdr.Reader(body)
        inner.word()
        facts["machine name"] = guess(inner.opaque(255))[0]
        facts["uid"] = inner.word()
    return flavor == _RPCSEC_GSS


def _refusal(reader: xdr.Reader) -> str:
    """Why the call was not carried out (RFC 5531, section 9); empty where it was."""
    if reader.raw.startswith(_DONE, reader.at):
        reader.skip(len(_DONE))
        return ""
    if reader.word():
        return "refused"
    reader.word()
    reader.opaque(_LARGEST_AUTH)
    state = reader.word()
    return f"refused: {_ACCEPTED.get(state, str(state))}" if state else ""


# -- recognition ------------------------------------------------------------------------------------------------------

_SURE, _LIKELY = 0.95, 0.7
_HIGHEST_PROGRAM: Final = 0x5FFF_FFFF  # RFC 5531, section 8.4: assigned, user and transient numbers


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure either side begins with a call or an answer, whatever the port."""
    return max(_sure(transport, sent) for sent in (client, server))


def _sure(transport: Transport, sent: bytes) -> float:
    if transport is Transport.UDP:
        return _header(sent)
    if sent[:1] and sent[0] & 0x80 and plausible(sent[4:16]):
        records = Records().feed(sent) or [Record(0, 0, sent[4:])]
        sure = _header(records[0].raw)
        if sure:
            return sure
    middle = Records()
    middle.lose(0)  # out of step: look for a record
    return _LIKELY if any(_header(record.raw) == _SURE for record in middle.feed(sent)) else 0.0


def _header(raw: bytes) -> float:
    """A call's or an answer's header in full: every field within its bounds."""
    reader = xdr.Reader(raw)
    try:
        reader.word()
        direction, what = reader.word(), reader.word()
        if direction == _CALL and what == _RPC_VERSION:
            program, version, number = reader.word(), reader.word(), reader.word()
            _credentials(reader, {})
            known = program in PROGRAMS and version <= _RPC_VERSION + 3
            return _SURE if known else _LIKELY if _modest(program, version, number) else 0.0
        if direction == _REPLY and what <= 1:
            return _answer(reader, refused=bool(what))
    except xdr.ShortError:
        pass
    return 0.0


def _modest(program: int, version: int, number: int) -> bool:
    return 0 < program <= _HIGHEST_PROGRAM and version < 256 and number < 256  # noqa: PLR2004  # wider than any in use


def _answer(reader: xdr.Reader, *, refused: bool) -> float:
    flavor = reader.word()
    if refused or flavor > _RPCSEC_GSS:
        return 0.0
    reader.opaque(_LARGEST_AUTH)
    return _LIKELY if reader.word() <= max(_ACCEPTED) else 0.0


def _open(transport: Transport) -> _Conversation:
    return _Conversation(transport)


# Direction 0, RPC version 2, and the programs 100000 to 100007: portmap, NFS and MOUNT among them.
_CALLING: Final = bytes(4) + b"\x00\x00\x00\x02\x00\x01\x86\xa0"
_PROGRAM_MASK: Final = b"\xff" * 11 + b"\xf8"
_ANSWERING: Final = b"\x00\x00\x00\x01" + bytes(12)  # accepted, and an empty verifier
_BUDGET: Final = 256 * KIBI
_INSIDE: Final = KIBI
CODEC: Final = Codec(
    name="sunrpc",
    title="ONC RPC: portmap, mount, NFS",
    reference="RFC 5531, RFC 1833, RFC 1094, RFC 1813, RFC 7530",
    signatures=(
        Signature(Transport.TCP, _CALLING, _PROGRAM_MASK, offset=8, budget=_BUDGET, inside_budget=_INSIDE),
        Signature(Transport.TCP, _CALLING, _PROGRAM_MASK, anywhere=True, budget=_BUDGET, inside_budget=_INSIDE),
        Signature(Transport.UDP, _CALLING, _PROGRAM_MASK, offset=4, budget=_BUDGET, inside_budget=_INSIDE),
        Signature(Transport.TCP, _ANSWERING, offset=8, budget=_BUDGET, inside_budget=_INSIDE),
        Signature(Transport.UDP, _ANSWERING, offset=4, budget=_BUDGET, inside_budget=_INSIDE),
    ),
    recognise=recognise,
    open=_open,
    carries="File names and file content in clear, with a user number that the asking side chooses itself.",
)
