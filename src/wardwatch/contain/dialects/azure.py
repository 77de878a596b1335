"""In: a policy. Out: an Azure Resource Manager template with a network security group for each kept machine there.

Rules are asked in the order of their priority, so what is kept comes first, and what none of them names is left to the
rules that follow.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.hosts import Host, hosts
from wardwatch.contain.policy import Network, Policy

FILE: Final = "wardwatch-azure.json"
GROUP: Final = "wardwatch"
_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_FIRST: Final = 100
"""The first priority that a site may give."""

Draft = dict[str, Any]


def write(policy: Policy) -> Texts:
    """One template for all of them; a group's name and tag say for which machine's interface it is."""
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "resources": [_group(policy, host) for host in hosts(policy)],
    }
    return Texts(
        {FILE: json.dumps(template, indent=2) + "\n"},
        install=(
            f"az deployment group create --resource-group YOURS --template-file {FILE}",
            "then for each machine, by its address:",
            f"az network nic update --resource-group YOURS --name NIC --network-security-group {GROUP}-ADDRESS",
        ),
        cut=("stop (deallocate) and start each of these machines once: what stood before is not looked at again",),
        rollback=(
            "az network nic update --resource-group YOURS --name NIC --network-security-group FORMER",
            f"az network nsg delete --resource-group YOURS --name {GROUP}-ADDRESS",
        ),
        check=(f"az network nsg rule list --resource-group YOURS --nsg-name {GROUP}-ADDRESS --output table",),
    )


def _group(policy: Policy, host: Host) -> dict[str, Any]:
    rules = [_rule(number, draft, policy) for number, draft in enumerate(_rules(host), _FIRST)]
    return {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": "2023-09-01",
        "name": f"{GROUP}-{str(host.address).replace(':', '-')}",
        "location": "[resourceGroup().location]",
        "tags": {"wardwatch-host": str(host.address), "wardwatch-expires": policy.expires.isoformat()},
        "properties": {"securityRules": rules},
    }


def _rules(host: Host) -> Iterator[Draft]:
    everything = ["0.0.0.0/0" if host.address.version == 4 else "::/0"]  # noqa: PLR2004  # IPv4
    for way, kept in (("Inbound", host.calls), ("Outbound", host.answers)):
        for protocol, ranges in kept.items():
            if ranges:
                yield _draft(host, way, "Allow", _texts(host.devices)) | {
                    "protocol": str(protocol).capitalize(), "destinationPortRanges": list(map(str, ranges)),
                }  # fmt: skip
        far = everything if host.own else _texts([*host.devices, *host.blocked])
        if far:
            yield _draft(host, way, "Deny", far)


def _draft(host: Host, way: str, access: str, far: list[str]) -> Draft:
    near = [str(host.address)]
    return {
        "direction": way, "access": access, "protocol": "*",
        "sourceAddressPrefixes": far if way == "Inbound" else near, "sourcePortRange": "*",
        "destinationAddressPrefixes": near if way == "Inbound" else far, "destinationPortRanges": ["0-65535"],
    }  # fmt: skip


def _rule(number: int, draft: Draft, policy: Policy) -> Draft:
    about = f"wardwatch containment: {policy.name}; expires {policy.expires}"
    return {"name": f"wardwatch-{number}", "properties": {"priority": number, "description": about, **draft}}


def _texts(networks: Iterable[Network]) -> list[str]:
    return list(map(str, networks))


DIALECT: Final = Dialect(
    "azure",
    "Azure network security groups (Resource Manager)",
    "Azure, 'Microsoft.Network networkSecurityGroups' and 'How network security groups filter network traffic'",
    write,
    hosted=True,
    limits=(
        "It stands on kept machines in Azure: it guards these, and stops no monitor from reaching anybody else.",
        "What it does not name is left to Azure's own rules, which let in the whole virtual network.",
        "Connections that stand are not compared: they end when the machine is stopped and started.",
        "A group already on the interface is replaced: take its rules over behind these.",
    ),
)
