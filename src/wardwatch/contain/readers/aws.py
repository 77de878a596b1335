"""In: a CloudFormation template with security groups. Out: a filter that answers as the groups would.

Written from Amazon's documentation alone. A group is bound to the machine that its tag names; whoever is not allowed is
denied. What answers an allowed connection passes.
"""

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet
from wardwatch.contain.reading import Words, first, listed, node, tree, unknown
from wardwatch.contain.sight import of_peer_opening

_TEMPLATE: Final = {"AWSTemplateFormatVersion", "Description", "Parameters", "Resources"}
_TYPE: Final = "AWS::EC2::SecurityGroup"
_KNOWN: Final = {"GroupDescription", "VpcId", "SecurityGroupIngress", "SecurityGroupEgress", "Tags"}
_RULE: Final = {"IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description"}

Address = IPv4Address | IPv6Address
Groups = dict[Address, tuple[list[dict[str, Any]], list[dict[str, Any]]]]


def read(files: Mapping[str, str]) -> Filter:
    """Each group of each template."""
    groups: Groups = {}
    for where, text in files.items():
        content = node(tree(text, where), where, _TEMPLATE, {"Resources"})
        if not isinstance(content["Resources"], dict):
            raise unknown("Resources", where)
        for name, resource in content["Resources"].items():
            _group(groups, resource, f"{where}: {name}")
    return lambda packet: _passes(groups, first(packet))


def _passes(groups: Groups, packet: Packet) -> bool:
    """At the machine that sends it, and at the one that gets it; who has no group is nobody's here."""
    leaves = packet.src not in groups or any(_allows(rule, packet, packet.dst) for rule in groups[packet.src][1])
    enters = packet.dst not in groups or any(_allows(rule, packet, packet.src) for rule in groups[packet.dst][0])
    return leaves and enters


def _allows(rule: Mapping[str, Any], packet: Packet, far: Address) -> bool:
    if far not in rule["network"]:
        return False
    if rule["IpProtocol"] == "-1":
        return True
    return (
        rule["IpProtocol"] == packet.protocol
        and packet.has_ports
        and rule["FromPort"] <= packet.dport <= rule["ToPort"]
    )


def _group(groups: Groups, resource: object, where: str) -> None:
    whole = node(resource, where, {"Type", "Properties"}, {"Type", "Properties"})
    if whole["Type"] != _TYPE:
        raise unknown("another resource", where)
    found = node(whole["Properties"], where, _KNOWN)
    tags = {str(tag.get("Key")): tag.get("Value") for tag in listed(found, "Tags", where)}
    host = Words([], where).address(str(tags.get("wardwatch-host")))
    if host in groups:
        raise unknown(f"a second group for {host}", where)
    enters = [_rule(rule, where) for rule in listed(found, "SecurityGroupIngress", where)]
    leaves = [_rule(rule, where) for rule in listed(found, "SecurityGroupEgress", where)]
    if not leaves:
        raise unknown("nothing that leaves, for which AWS puts everything", where)
    groups[host] = (enters, leaves)


def _rule(rule: Mapping[str, Any], where: str) -> dict[str, Any]:
    """With its network as such; ports belong to TCP and UDP, and to them alone."""
    node(rule, where, _RULE)
    protocol, ports = str(rule.get("IpProtocol")), [rule.get("FromPort"), rule.get("ToPort")]
    if protocol not in {"tcp", "udp", "-1"} or ("CidrIp" in rule) == ("CidrIpv6" in rule):
        raise unknown(json.dumps(rule)[:80], where)
    numbers = all(isinstance(port, int) and not isinstance(port, bool) for port in ports)
    if numbers is (protocol == "-1") or (protocol == "-1" and ports != [None, None]):
        raise unknown("ports", where)
    network = Words([], where).network(str(rule.get("CidrIp", rule.get("CidrIpv6"))))
    if network.version != (4 if "CidrIp" in rule else 6):
        raise unknown(str(network), where)
    return {**rule, "IpProtocol": protocol, "network": network}


READER: Final = Reader("aws", read, sees=of_peer_opening, closed=True)
