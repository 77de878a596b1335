# wardwatch detection: vlans; expires 2027-02-25
@load base/frameworks/notice
@load base/frameworks/signatures
@load-sigs ./wardwatch.sig

# Contents are looked at as far as the second telemetry block; without this, 1024 bytes and no further.
redef dpd_buffer_size = 8192;

module Wardwatch;

export {
	redef enum Notice::Type += { Known_Address, Cms_Stream, Remote_Mount, Phone_Home };
	const published: set[subnet] = { 202.114.4.0/24, [64:ff9b::ca72:400]/120 } &redef;
	const inside: set[subnet] = { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, 127.0.0.0/8, 0.0.0.0/8, 240.0.0.0/4, [fc00::]/7, [fe80::]/10, [::]/127 } &redef;
	const devices: set[addr] = { 10.20.0.21, [fd00:20::21] } &redef;
	const kept: set[addr, transport_proto, count, count, bool] = { [10.21.0.5, tcp, 515, 520, F], [[fd00:21::5], tcp, 515, 520, F], [10.22.0.7, tcp, 7000, 7000, T], [10.22.0.6, udp, 123, 123, F] } &redef;
	const enough_attempts: count = 3 &redef;
	const repeat_after: interval = 3600 secs &redef;
	const stream_signature: string = "wardwatch-cms-stream";
	const call_signatures: set[string] = { "wardwatch-portmap-tcp", "wardwatch-portmap-udp", "wardwatch-mount-tcp", "wardwatch-mount-udp", "wardwatch-nfs-tcp", "wardwatch-nfs-udp" };
	const share_signatures: set[string] = { "wardwatch-share-tcp", "wardwatch-share-udp" };
	global attempts: table[addr, addr] of count &default=0 &create_expire=600 secs;
}

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
