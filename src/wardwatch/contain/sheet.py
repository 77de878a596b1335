"""In: a plan, its rules and what watches it. Out: a page for who installs them: what stops, what breaks, how back."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from .detect import Detection
from .dialect import Dialect, Texts
from .planner import Plan
from .policy import Begins, Policy

ALWAYS_BREAKS = (
    "Everything else the devices did, updates from a vendor and time, names and printing among it, unless kept above.",
    "Ping and path-MTU messages to and from the devices; a kept path must do with packets that fit.",
    "A device that gets another address from DHCP: what is kept is bound to its address. Reserve the address first.",
    "Peers on the same switch segment as the device are not reached through a gateway, so no rule here bears on them.",
    "The gateway's own services (DHCP, DNS, its web page) are not forwarded traffic and stay as they are.",
)


def sheet(
    plan: Plan,
    texts: Mapping[Dialect, Texts],
    left_out: Iterable[str] = (),
    watching: Mapping[Detection, Texts] = MappingProxyType({}),
) -> str:
    """Markdown, the same for the same plan: the overview, then each kind of rules and how it is installed."""
    parts = [
        overview(plan, left_out).removesuffix("\n"),
        *(_language(dialect, made) for dialect, made in texts.items()),
        _section("What rules of detection tell of", _told(plan.policy) if watching else ()),
        *(_language(detection, made) for detection, made in watching.items()),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def overview(plan: Plan, left_out: Iterable[str] = ()) -> str:
    """What stays open, what stops and what breaks, whatever the rules are written for."""
    policy = plan.policy
    parts = [
        f"# Containment: {policy.name}",
        f"Expires {policy.expires}. Look at it again before that day: is the device still there, and still needed?",
        _section("What stays open", _kept(policy)),
        _section("What is stopped", [*_stopped(plan), *_blocked(policy)]),
        _section("What gives no path that rules could stop", left_out),
        _section("What it breaks", [*_shared(policy), *ALWAYS_BREAKS]),
        _section("An address of its own use", _own_use(policy)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _section(title: str, lines: Iterable[str]) -> str:
    listed = "\n".join(f"- {line}" for line in lines)
    return f"## {title}\n\n{listed}" if listed else ""


def _kept(policy: Policy) -> Iterator[str]:
    for keep in policy.keeps:
        peers, ports = ", ".join(map(str, keep.peers)), ", ".join(map(str, keep.ports))
        who = "the devices call" if keep.begins is Begins.DEVICE else "calls the devices"
        side = f", only by {keep.interface}" if keep.interface else ""
        yield f"{keep.name}: {peers}, {keep.protocol} {ports} ({who}{side})"
    if not policy.keeps:
        yield "Nothing: the devices work alone, their values are seen at the bedside only."


def _stopped(plan: Plan) -> Iterator[str]:
    lines = dict.fromkeys(f"{stop.path} (by: {stop.because})" for stop in plan.stopped)
    yield from lines
    for device in plan.policy.devices:
        yield f"all else from and to {device.name} ({', '.join(map(str, device.addresses))})"


def _blocked(policy: Policy) -> Iterator[str]:
    for block in policy.blocks:
        yield f"{', '.join(map(str, block.networks))} for everybody ({block.name})"


def _shared(policy: Policy) -> Iterator[str]:
    """What a shared interface leaves open, said before it is found out."""
    for place in policy.attachments:
        if place.mac is None:
            yield f"All behind {place.interface} is contained, whatever address it has: move other machines away."
        else:
            yield (
                f"{place.interface} is shared: {place.mac} is bound by its MAC address in what it sends. What others "
                "send to an address it gives itself is like traffic to a neighbour; a VLAN of its own is better."
            )


def _own_use(policy: Policy) -> Iterator[str]:
    for keep in policy.keeps:
        for peer in keep.peers:
            if policy.blocks_address(peer):
                bits = peer.max_prefixlen
                yield f"{peer} is your own, on {keep.interface}: route {peer}/{bits} to {keep.interface} statically."
                yield "Route the rest of its block nowhere (Linux: `ip route add blackhole NETWORK`); deny it outside."
                yield f"Announce neither: no routing protocol may carry {peer}/{bits} out of {keep.interface}."


def _told(policy: Policy) -> Iterator[str]:
    yield f"Traffic to and from {', '.join(str(net) for block in policy.blocks for net in block.networks)}."
    yield "The central-station stream by its form, on any port, unless a kept station gets it."
    yield "Portmap, mount and NFS calls to the outside, and the share of the update function anywhere."
    yield "A contained device that calls one outside address again and again."
    yield "They stop nothing. After a change of the policy they must be written anew, or they tell of what is kept."


def _language(dialect: Dialect | Detection, texts: Texts) -> str:
    steps = {
        "Install": texts.install,
        "Cut what stands (rules cut it as well; this frees the entries)": texts.cut,
        "Check": texts.check,
        "Roll back": texts.rollback,
    }
    blocks = [f"{title}:\n\n    " + "\n    ".join(lines) for title, lines in steps.items() if lines]
    limits = "\n".join(f"- {limit}" for limit in dialect.limits)
    files = ", ".join(f"`{name}`" for name in texts.files)
    return "\n\n".join(filter(None, [f"## {dialect.title}: {files}", limits, *blocks]))
