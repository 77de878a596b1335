"""In: what is watched. Out: Sigma rules for the logs of firewalls: who called whom, by address and port.

A log holds no contents, so the stream and the mount are told by the device or the port that goes with them.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from ruamel.yaml import YAML

from wardwatch.contain.detect import Detection
from wardwatch.contain.dialect import Texts
from wardwatch.contain.planner import INSIDE
from wardwatch.contain.policy import Protocol
from wardwatch.contain.watched import ATTEMPTS, WITHIN_S, Watched, references, rule

FILE: Final = "wardwatch-sigma.yml"
_SPACE: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""Names that are URLs (RFC 9562, section 6.6): the same rule has the same identifier each time."""
_STREAM_PORTS: Final = (515, 520)
_MOUNT_PORTS: Final = [111, 2049]
_LEVELS: Final = {"traffic.known-address": "high", "traffic.cms-stream": "medium", "traffic.remote-mount": "medium",
                  "traffic.phone-home": "high"}  # fmt: skip

Detecting = dict[str, Any]


def write(watched: Watched) -> Texts:
    """Several documents in one file; the last one counts what the one before it finds."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.explicit_start = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the order of the words is for people
    yaml.width = 100
    yaml.representer.ignore_aliases = lambda _data: True  # a rule is read on its own, and not every reader knows them
    stream.write(f"# wardwatch detection: {watched.policy.name}; expires {watched.policy.expires}\n")
    yaml.dump_all(list(_rules(watched)), stream)
    return Texts(
        {FILE: stream.getvalue()},
        install=(f"sigma convert -t BACKEND -p PIPELINE {FILE}", "load what it writes into your SIEM"),
        rollback=("remove the rules whose title begins with 'wardwatch' from your SIEM",),
        check=(f"sigma check {FILE}",),
    )


def _rules(watched: Watched) -> Iterator[dict[str, Any]]:
    kept, inside = dict(_kept(watched)), {"dst_ip|cidr": list(map(str, INSIDE))}
    yield _rule(watched, "traffic.known-address", "", {**_known(watched), **kept}, ("(to or from)", kept))
    yield _rule(watched, "traffic.cms-stream", "by a device's port", {
        "device": {"src_ip": list(map(str, watched.devices)), "dst_port|gte": _STREAM_PORTS[0],
                   "dst_port|lte": _STREAM_PORTS[1]}, **kept,
    }, ("device", kept))  # fmt: skip
    yield _rule(watched, "traffic.remote-mount", "by port", {
        "mount": {"dst_port": _MOUNT_PORTS}, "inside": inside, **kept,
    }, ("mount and not inside", kept))  # fmt: skip
    call = _rule(watched, "traffic.phone-home", "one call", {
        "device": {"src_ip": list(map(str, watched.devices))}, "inside": inside, **kept,
    }, ("device and not inside", kept))  # fmt: skip
    yield {**call, "name": "wardwatch_outside_call", "level": "informational"}
    yield {
        **_about(watched, "traffic.phone-home", f"{ATTEMPTS} in {WITHIN_S // 60} minutes"),
        "correlation": {
            "type": "event_count", "rules": ["wardwatch_outside_call"], "group-by": ["src_ip", "dst_ip"],
            "timespan": f"{WITHIN_S // 60}m", "condition": {"gte": ATTEMPTS},
        },
        "level": _LEVELS["traffic.phone-home"],
    }  # fmt: skip


def _rule(
    watched: Watched, name: str, detail: str, detecting: Detecting, told: tuple[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """`told`: which of the parts are told of, and those that are left out of it."""
    condition, kept = told
    without = "".join(f" and not {part}" for part in kept)
    return {
        **_about(watched, name, detail),
        "logsource": {"category": "firewall"},
        "detection": {**detecting, "condition": f"{condition}{without}"},
        "falsepositives": list(rule(name).lookalikes),
        "level": _LEVELS[name],
    }


def _about(watched: Watched, name: str, detail: str) -> dict[str, Any]:
    title = f"wardwatch: {rule(name).title}" + (f", {detail}" if detail else "")
    return {
        "title": title,
        "id": str(uuid5(_SPACE, f"{title} {watched.policy.name}")),
        "status": "experimental",
        "description": f"{' '.join(rule(name).finds.split())} Expires {watched.policy.expires}.",
        "references": list(references(name).values()),
        "author": "wardwatch",
        "tags": [f"cve.{text.removeprefix('CVE-')}" for text in references(name) if text.startswith("CVE-")],
    }


def _known(watched: Watched) -> Detecting:
    networks = list(map(str, watched.networks))
    return {"to": {"dst_ip|cidr": networks}, "from": {"src_ip|cidr": networks}}


def _kept(watched: Watched) -> Iterator[tuple[str, Detecting]]:
    """One part for each range of ports, whether the device calls or is called."""
    devices, number = list(map(str, watched.devices)), 0
    for protocol in Protocol:
        for group in watched.groups(protocol):
            peers = list(map(str, group.peers))
            for ranges, callers, called in ((group.calls, devices, peers), (group.answers, peers, devices)):
                for ports in ranges:
                    number += 1
                    yield f"kept_{number}", {
                        "src_ip": callers, "dst_ip": called, "dst_port|gte": ports.first, "dst_port|lte": ports.last,
                    }  # fmt: skip


DETECTION: Final = Detection(
    "sigma",
    "Sigma",
    "Sigma Specification 2.0; fields of the category 'firewall'",
    write,
    limits=(
        "A firewall's log must tell who opened a connection: source and destination are read that way.",
        "A log holds no contents: the stream shows by the device and its port, a mount by its port.",
        "A port is kept whatever the transport: the category has no agreed field for it.",
    ),
)
