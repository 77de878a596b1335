"""In: the first line of each side of an SSH conversation. Out: which version and program it names (RFC 4253, 4.2)."""

import re
from functools import partial
from typing import Final

from ._named import Conversation, Opening
from .codec import Codec, Signature, Transport

_LINE: Final = re.compile(rb"SSH-([!-~]{1,16}?)-([ -~]{1,250})\r?\n")
_START: Final = b"SSH-"


def _opening(first: bytes) -> Opening | None:
    found = _LINE.match(first)
    if found is None:
        return None
    facts: dict[str, str | int] = {"version": found[1].decode("ascii"), "program": found[2].decode("ascii")}
    return Opening(found.end(), "encrypted", facts)


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure either side begins with SSH's identification line."""
    known = transport is Transport.TCP and any(_LINE.match(first) for first in (client, server))
    return 0.99 if known else 0.0


CODEC: Final = Codec(
    name="ssh",
    title="SSH",
    reference="RFC 4253",
    signatures=(Signature(Transport.TCP, _START, budget=0),),
    recognise=recognise,
    open=partial(Conversation, "ssh", _opening),
    carries="Encrypted: what is said cannot be read.",
)
