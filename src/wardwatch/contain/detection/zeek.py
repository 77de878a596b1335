"""In: what is watched. Out: a script for Zeek that raises notices, and the signatures by which it knows contents."""

from collections.abc import Iterable, Iterator
from typing import Final

from wardwatch.contain.detect import Detection
from wardwatch.contain.dialect import Texts
from wardwatch.contain.planner import INSIDE
from wardwatch.contain.policy import Address, Network, Policy, Protocol
from wardwatch.contain.watched import ATTEMPTS, MARK, PROGRAMS, REACH, REPEAT_S, RPC_CALL, SUB_TYPES, WITHIN_S, Watched

SCRIPT: Final = "wardwatch.zeek"
SIGNATURES: Final = "wardwatch.sig"
_ANY: Final = "[\\x00-\\xff]"
"""Every byte: a dot leaves out the end of a line."""
_XID: Final = 4
_RECORD_MARK: Final = 4

_RULES: Final = """\
## Whether the policy keeps this path.
function is_kept(id: conn_id): bool
	{
	for ( [peer, proto, first_port, last_port, peer_calls] in kept )
		{
		if ( proto != get_port_transport_proto(id$resp_p) )
			next;
		if ( port_to_count(id$resp_p) < first_port || last_port < port_to_count(id$resp_p) )
			next;
		if ( peer_calls && id$orig_h == peer && id$resp_h in devices )
			return T;
		if ( ! peer_calls && id$orig_h in devices && id$resp_h == peer )
			return T;
		}
	return F;
	}

## Whether some path to this station is kept, whoever takes it: another monitor may be as welcome there.
function is_station(id: conn_id): bool
	{
	for ( [peer, proto, first_port, last_port, peer_calls] in kept )
		{
		if ( peer_calls || id$resp_h != peer || proto != get_port_transport_proto(id$resp_p) )
			next;
		if ( first_port <= port_to_count(id$resp_p) && port_to_count(id$resp_p) <= last_port )
			return T;
		}
	return F;
	}

function tell(c: connection, note: Notice::Type, what: string)
	{
	local ends = cat(c$id$orig_h, c$id$resp_h);
	NOTICE([$note=note, $conn=c, $msg=fmt("wardwatch: %s", what), $suppress_for=repeat_after, $identifier=ends]);
	}

event new_connection(c: connection)
	{
	if ( is_kept(c$id) )
		return;
	if ( c$id$resp_h in published || c$id$orig_h in published )
		tell(c, Known_Address, "traffic to a published address");
	if ( get_port_transport_proto(c$id$resp_p) != tcp )
		return;
	if ( c$id$orig_h !in devices || c$id$resp_h in inside )
		return;
	if ( ++attempts[c$id$orig_h, c$id$resp_h] == enough_attempts )
		tell(c, Phone_Home, "repeated calls to one outside address");
	}

event signature_match(state: signature_state, msg: string, data: string)
	{
	if ( state$sig_id == stream_signature && ! is_station(state$conn$id) )
		tell(state$conn, Cms_Stream, "central-station stream in clear");
	if ( state$sig_id in call_signatures && state$conn$id$resp_h !in inside )
		tell(state$conn, Remote_Mount, "network file system outside");
	if ( state$sig_id in share_signatures )
		tell(state$conn, Remote_Mount, "the share of the update function");
	}
"""


def write(watched: Watched) -> Texts:
    """Both files; the script loads the signatures beside it."""
    script = "\n".join([*_head(watched.policy), *_values(watched), "}", "", _RULES])
    return Texts(
        {SCRIPT: script, SIGNATURES: "\n".join(_signatures(watched))},
        install=(
            f"copy {SCRIPT} and {SIGNATURES} to share/zeek/site",
            f"add '@load ./{SCRIPT.removesuffix('.zeek')}' to local.zeek",
            "zeekctl deploy",
        ),
        rollback=("take the line out of local.zeek", "zeekctl deploy"),
        check=(f"zeek --parse-only {SCRIPT}",),
    )


def _head(policy: Policy) -> Iterator[str]:
    yield f"# wardwatch detection: {policy.name}; expires {policy.expires}"
    yield "@load base/frameworks/notice"
    yield "@load base/frameworks/signatures"
    yield f"@load-sigs ./{SIGNATURES}"
    yield ""
    yield "# Contents are looked at as far as the second telemetry block; without this, 1024 bytes and no further."
    yield f"redef dpd_buffer_size = {2 * REACH};"
    yield ""
    yield "module Wardwatch;"
    yield ""
    yield "export {"
    yield "\tredef enum Notice::Type += { Known_Address, Cms_Stream, Remote_Mount, Phone_Home };"


def _values(watched: Watched) -> Iterator[str]:
    yield f"\tconst published: set[subnet] = {{ {_subnets(watched.networks)} }} &redef;"
    yield f"\tconst inside: set[subnet] = {{ {_subnets(INSIDE)} }} &redef;"
    yield f"\tconst devices: set[addr] = {{ {', '.join(map(_address, watched.devices))} }} &redef;"
    yield f"\tconst kept: set[addr, transport_proto, count, count, bool] = {{ {', '.join(_kept(watched))} }} &redef;"
    yield f"\tconst enough_attempts: count = {ATTEMPTS} &redef;"
    yield f"\tconst repeat_after: interval = {REPEAT_S} secs &redef;"
    yield '\tconst stream_signature: string = "wardwatch-cms-stream";'
    calls = ", ".join(f'"wardwatch-{program}-{protocol}"' for program in PROGRAMS for protocol in Protocol)
    shares = ", ".join(f'"wardwatch-share-{protocol}"' for protocol in Protocol)
    yield f"\tconst call_signatures: set[string] = {{ {calls} }};"
    yield f"\tconst share_signatures: set[string] = {{ {shares} }};"
    yield f"\tglobal attempts: table[addr, addr] of count &default=0 &create_expire={WITHIN_S} secs;"


def _kept(watched: Watched) -> Iterator[str]:
    for protocol in Protocol:
        for group in watched.groups(protocol):
            for peer in group.peers:
                for ranges, peer_calls in ((group.calls, "F"), (group.answers, "T")):
                    for ports in ranges:
                        yield f"[{_address(peer)}, {protocol}, {ports.first}, {ports.last}, {peer_calls}]"


def _signatures(watched: Watched) -> Iterator[str]:
    yield f"# wardwatch detection: {watched.policy.name}; expires {watched.policy.expires}"
    block = f"{_bytes(MARK)}[\\x{SUB_TYPES[0]:02x}-\\x{SUB_TYPES[1]:02x}]\\x00"
    yield from _signature("cms-stream", "tcp", f"{_ANY}*{block}{_ANY}*{block}")
    for program, number in PROGRAMS.items():
        for protocol in Protocol:
            yield from _signature(f"{program}-{protocol}", str(protocol), _call(number, protocol))
    path = watched.share.encode()
    share = len(path).to_bytes(4, "big") + path + bytes(-len(path) % 4)
    for protocol in Protocol:
        form = f"{_call(PROGRAMS['mount'], protocol)}{_ANY}*{_bytes(share)}"
        yield from _signature(f"share-{protocol}", str(protocol), form)


def _call(program: int, protocol: Protocol) -> str:
    start = _XID + (_RECORD_MARK if protocol is Protocol.TCP else 0)
    return f"{_ANY}{{{start}}}{_bytes(RPC_CALL + program.to_bytes(4, 'big'))}"


def _signature(name: str, protocol: str, form: str) -> Iterator[str]:
    yield f"signature wardwatch-{name} {{"
    yield f"  ip-proto == {protocol}"
    yield f"  payload /{form}/"
    yield f'  event "wardwatch {name}"'
    yield "}"
    yield ""


def _bytes(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def _subnets(found: Iterable[Network]) -> str:
    return ", ".join(f"{_address(each.network_address)}/{each.prefixlen}" for each in found)


def _address(address: Address) -> str:
    return f"[{address}]" if ":" in str(address) else str(address)


DETECTION: Final = Detection(
    "zeek",
    "Zeek (5 and later)",
    "Zeek documentation, 'Signature Framework' and 'Notice Framework'",
    write,
    limits=(
        "No Zeek has run this script here: its grammar was checked, and a second program has read its rules.",
        "A connection whose beginning was not seen has no signatures: Zeek looks at contents from their start.",
    ),
)
