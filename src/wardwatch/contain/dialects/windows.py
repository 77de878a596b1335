"""In: a policy. Out: rules of the Windows firewall, for the machines that are kept: the station, the HL7 receiver.

There a rule that blocks wins over every rule that allows, in whatever order. So nothing is allowed here; what is kept
is what is left open between the blocked ports, and the machine's own rules go on saying whether it is let in.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.hosts import LAST_PORT, Host, hosts, others
from wardwatch.contain.policy import Network, Policy, Ports, Protocol

FILE: Final = "wardwatch.ps1"
_GROUP: Final = "wardwatch"
_OTHER: Final = {
    4: ("ICMPv4", "2", "4", "41", "47", "50", "51", "132"),
    6: ("ICMPv6", "4", "41", "47", "50", "51", "132"),
}
"""Protocols that have no ports here: ICMP, IGMP, IP in IP, GRE, ESP, AH, SCTP (IANA, protocol numbers)."""


def write(policy: Policy) -> Texts:
    """One script for all of these machines: each rule names the one it is for, and does nothing on another."""
    lines = [f"# wardwatch containment: {policy.name}; expires {policy.expires}"]
    words = [each for host in hosts(policy) for each in _rules(host)]
    for number, each in enumerate(words, 1):
        name = (
            f'-Name "{_GROUP}-{number}" -DisplayName "wardwatch {number}, expires {policy.expires}" -Group "{_GROUP}"'
        )
        lines.append(f"New-NetFirewallRule {name} -Profile Any -Action Block {each}")
    return Texts(
        {FILE: "\n".join(lines) + "\n"},
        install=(f"copy {FILE} to each machine that is kept", f"as administrator: powershell -File {FILE}"),
        rollback=(f'Remove-NetFirewallRule -Group "{_GROUP}"',),
        check=(
            f'Get-NetFirewallRule -Group "{_GROUP}" | Get-NetFirewallAddressFilter',
            "Get-NetFirewallProfile | Select-Object Name, Enabled, AllowLocalFirewallRules",
        ),
    )


def _rules(host: Host) -> Iterator[str]:
    if host.devices:
        yield from _between(host, "Inbound")
        yield from _between(host, "Outbound")
    for way in ("Inbound", "Outbound"):
        if host.own:
            yield f"-Direction {way} {_ends(host, _all_but(host.devices))}"
        elif host.blocked:
            yield f"-Direction {way} {_ends(host, _addresses(host.blocked))}"


def _between(host: Host, way: str) -> Iterator[str]:
    """All but what is kept: the other ports of both protocols, and what has no ports."""
    kept = host.calls if way == "Inbound" else host.answers
    start = f"-Direction {way} {_ends(host, _addresses(host.devices))}"
    if not any(kept.values()):
        yield start
        return
    side = "-LocalPort" if way == "Inbound" else "-RemotePort"
    for protocol in Protocol:
        yield f"{start} -Protocol {str(protocol).upper()}{_ports(side, kept[protocol])}"
    yield from (f"{start} -Protocol {number}" for number in _OTHER[host.address.version])


def _ports(side: str, kept: tuple[Ports, ...]) -> str:
    found = others(kept)
    if found == ((0, LAST_PORT),):
        return ""
    return f" {side} {','.join(str(low) if low == high else f'{low}-{high}' for low, high in found)}"


def _addresses(found: Iterable[Network]) -> str:
    """A list, single addresses without their length."""
    return ",".join(str(each.network_address) if each.num_addresses == 1 else str(each) for each in found)


def _ends(host: Host, remote: str) -> str:
    return f"-LocalAddress {host.address} -RemoteAddress {remote}"


def _all_but(devices: Iterable[Network]) -> str:
    """Ranges around the devices, which are single addresses in order."""
    found, start, kind = [], 0, None
    for device in devices:
        kind, number = type(device.network_address), int(device.network_address)
        found += [(start, number - 1)] if start < number else []
        start = int(device.broadcast_address) + 1
    if kind is None:
        return "Any"
    most = (1 << kind(0).max_prefixlen) - 1
    found += [(start, most)] if start <= most else []
    return ",".join(f"{kind(low)}-{kind(high)}" for low, high in found)


DIALECT: Final = Dialect(
    "windows",
    "Windows firewall (8, Server 2012 and later)",
    "Microsoft, 'New-NetFirewallRule' (NetSecurity) and [MS-FASP]",
    write,
    hosted=True,
    limits=(
        "It stands on the kept machines: it guards these, and stops no monitor from reaching anybody else.",
        "Whoever administers the machine can take it off; a gateway's rules are still needed.",
        "A machine at a published address of your own use speaks with the devices only: administer it at its screen.",
        "It knows addresses, and no interfaces: a monitor that gives itself another address is a stranger to it.",
        "Where group policy forbids local rules (AllowLocalFirewallRules), put them into the policy object.",
        "Of protocols without ports those named in the script are blocked where something is kept with the devices.",
    ),
)
