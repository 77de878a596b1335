"""In: a policy. Out: a CloudFormation template with a security group for each kept machine that runs in AWS.

A security group only allows, and denies the rest: what it does not name is closed to everybody, not to devices alone.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.hosts import Host, hosts
from wardwatch.contain.policy import Network, Policy, Ports, Protocol

FILE: Final = "wardwatch-aws.json"
STACK: Final = "wardwatch"
_NOWHERE: Final = {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"}
"""Without any rule for what leaves, AWS adds one that allows all."""


def write(policy: Policy) -> Texts:
    """One template for all of them; the network they are in is asked for when it is deployed."""
    found = hosts(policy)
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"wardwatch containment: {policy.name}; expires {policy.expires}",
        "Parameters": {"VpcId": {"Type": "AWS::EC2::VPC::Id"}},
        "Resources": {f"Wardwatch{number}": _group(policy, host) for number, host in enumerate(found, 1)},
    }
    return Texts(
        {FILE: json.dumps(template, indent=2) + "\n"},
        install=(
            f"aws cloudformation deploy --stack-name {STACK} --template-file {FILE} --parameter-overrides VpcId=VPC",
            "give each machine the group that has its address in the tag wardwatch-host, in place of its others",
        ),
        cut=("stop and start each of these machines once: AWS goes on tracking what stood before",),
        rollback=(
            "give each machine its former groups again",
            f"aws cloudformation delete-stack --stack-name {STACK}",
        ),
        check=("aws ec2 describe-security-groups --filters Name=tag-key,Values=wardwatch-host",),
    )


def _group(policy: Policy, host: Host) -> dict[str, Any]:
    out = list(_rules(host, host.answers))
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": f"wardwatch {host.address}, expires {policy.expires}",
            "VpcId": {"Ref": "VpcId"},
            "SecurityGroupIngress": list(_rules(host, host.calls)),
            "SecurityGroupEgress": out or [_NOWHERE],
            "Tags": [
                {"Key": "wardwatch-host", "Value": str(host.address)},
                {"Key": "wardwatch-expires", "Value": policy.expires.isoformat()},
            ],
        },
    }


def _rules(host: Host, kept: Mapping[Protocol, tuple[Ports, ...]]) -> Iterator[dict[str, Any]]:
    for protocol, ranges in kept.items():
        for ports in ranges:
            for device in host.devices:
                yield {
                    "IpProtocol": str(protocol), "FromPort": ports.first, "ToPort": ports.last, **_cidr(device),
                    "Description": "kept for a contained device",
                }  # fmt: skip


def _cidr(network: Network) -> dict[str, str]:
    return {"CidrIp" if network.version == 4 else "CidrIpv6": str(network)}  # noqa: PLR2004  # IPv4


DIALECT: Final = Dialect(
    "aws",
    "AWS security groups (CloudFormation)",
    "AWS CloudFormation, 'AWS::EC2::SecurityGroup'; Amazon VPC User Guide, 'Security group rules'",
    write,
    hosted=True,
    limits=(
        "It stands on kept machines in AWS: it guards these, and stops no monitor from reaching anybody else.",
        "A group only allows. Whoever else needs the machine must be added by hand, never as 0.0.0.0/0 or ::/0.",
        "A second group on the machine opens what it allows, to the devices as well.",
        "Connections that stand are not compared: they end when the machine is stopped and started.",
        "Monitors must come with their own addresses: behind address translation they are one.",
    ),
)
