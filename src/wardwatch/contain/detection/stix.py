"""In: what is watched. Out: a STIX 2.1 bundle of indicators, for whoever shares or feeds them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from wardwatch.contain.detect import Detection
from wardwatch.contain.dialect import Texts
from wardwatch.contain.policy import Address, Network
from wardwatch.contain.watched import ATTEMPTS, WITHIN_S, Watched, references, rule
from wardwatch.errors import UsageError

FILE: Final = "wardwatch-stix.json"
KNOWN_SINCE: Final = datetime(2025, 1, 30, tzinfo=UTC)
"""The day the advisory was published. No clock is asked: the same plan gives the same text."""
_SPACE: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""Names that are URLs (RFC 9562, section 6.6): the same indicator has the same identifier each time."""


def write(watched: Watched) -> Texts:
    """The bundle, its objects in the order in which they refer to each other."""
    if watched.policy.expires <= KNOWN_SINCE.date():
        raise UsageError(
            "expires before the facts were published", where="STIX", cure=f"Choose a day after {KNOWN_SINCE.date()}."
        )
    author = _author()
    found = [author, *(_indicator(watched, author["id"], *each) for each in _patterns(watched))]
    bundle = {"type": "bundle", "id": f"bundle--{_uuid(watched.policy.name)}", "objects": found}
    return Texts(
        {FILE: json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"},
        install=(f"post {FILE} to a collection of your TAXII server, or import it into your platform",),
        rollback=("revoke the indicators by their identifiers; they end by themselves at valid_until",),
        check=(f"stix2_validator {FILE}",),
    )


def _author() -> dict[str, Any]:
    stamp = _time(KNOWN_SINCE)
    return {
        "type": "identity", "spec_version": "2.1", "id": f"identity--{_uuid('wardwatch')}", "created": stamp,
        "modified": stamp, "name": "wardwatch", "identity_class": "system",
    }  # fmt: skip


def _indicator(watched: Watched, author: str, name: str, detail: str, pattern: str) -> dict[str, Any]:
    expires = datetime.combine(watched.policy.expires, datetime.min.time(), UTC)
    links = [
        {"source_name": "cve" if text.startswith("CVE-") else "cwe", "external_id": text, "url": page}
        for text, page in references(name).items()
    ]
    return {
        "type": "indicator", "spec_version": "2.1", "id": f"indicator--{_uuid(pattern)}", "created_by_ref": author,
        "created": _time(KNOWN_SINCE), "modified": _time(KNOWN_SINCE),
        "name": f"wardwatch: {rule(name).title}, {detail}", "description": " ".join(rule(name).finds.split()),
        "indicator_types": ["anomalous-activity"], "pattern": pattern, "pattern_type": "stix", "pattern_version": "2.1",
        "valid_from": _time(KNOWN_SINCE), "valid_until": _time(expires), "external_references": links,
    }  # fmt: skip


def _patterns(watched: Watched) -> Iterator[tuple[str, str, str]]:
    """Name of the rule, what the pattern adds to it, and the pattern."""
    not_own = "".join(f" AND network-traffic:dst_ref.value != '{own}'" for own in watched.own)
    for network in watched.networks:
        yield "traffic.known-address", f"to {network}", f"[network-traffic:dst_ref.{_within(network)}{not_own}]"
        outward = "".join(f" AND network-traffic:src_ref.value != '{own}'" for own in watched.own)
        yield "traffic.known-address", f"from {network}", f"[network-traffic:src_ref.{_within(network)}{outward}]"
    for address in watched.addresses:
        yield from _to(address, watched)
    for each in watched.hashes:
        yield "firmware.known-binary", each.value[:8], f"[file:hashes.'SHA-256' = '{each.value.lower()}']"


def _to(address: Address, watched: Watched) -> Iterator[tuple[str, str, str]]:
    to = f"network-traffic:dst_ref.value = '{address}'"
    calls = " OR ".join(f"network-traffic:src_ref.value = '{device}'" for device in watched.devices)
    yield "traffic.remote-mount", str(address), f"[{to} AND network-traffic:dst_port IN (111, 2049)]"
    yield "traffic.phone-home", str(address), f"[{to} AND ({calls})] REPEATS {ATTEMPTS} TIMES WITHIN {WITHIN_S} SECONDS"
    command = f"mount .*{str(address).replace('.', '[.]')}:{watched.share}"
    yield "firmware.remote-mount", str(address), f"[process:command_line MATCHES '{command}']"


def _within(network: Network) -> str:
    if network.num_addresses == 1:
        return f"value = '{network.network_address}'"
    return f"value ISSUBSET '{network}'"


def _uuid(text: str) -> UUID:
    return uuid5(_SPACE, f"wardwatch {text}")


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


DETECTION: Final = Detection(
    "stix",
    "STIX 2.1",
    "STIX Version 2.1, OASIS Standard (2021), sections 4.7 and 9",
    write,
    limits=(
        "Patterns are about addresses, ports, hashes and commands; STIX has no word for the form of a stream.",
        "An address that the hospital itself uses is left out of every pattern.",
    ),
)
