"""In: rules for Sigma, STIX, YARA and Zeek. Out: what programs of others find with them in flows, files and grammar."""

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_zeek
import yara_x
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from stix2 import parse
from stix2matcher.matcher import match
from stix2patterns.validator import run_validator
from tree_sitter import Language, Parser

from wardwatch.contain.detect import detections
from wardwatch.contain.watched import Watched
from wardwatch.firmware.image import open_image
from wardwatch.firmware.tree import NodeKind
from wardwatch.twin import firmware
from wardwatch.vocabulary import Indicator

House = Seen = Made = Any  # of conftest.py, and of libraries without types
HERE = Path(__file__).parent
CAPTURES = sorted((HERE / "captures").glob("*/*.play"))
POLICIES = ["ward", "vlans", "own-station", "alone"]
each_capture = pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)


def flows(house: House, seen: Seen) -> Iterator[tuple[float, str, int, str, int, str]]:
    """Each conversation once, as a firewall logs it: when, by whom, to whom."""
    known = set()
    for packet in house.packets(seen):
        ends = (packet.protocol, packet.src, packet.sport, packet.dst, packet.dport)
        if ends not in known:
            known |= {ends, (packet.protocol, packet.dst, packet.dport, packet.src, packet.sport)}
            yield packet.at, str(packet.src), packet.sport, str(packet.dst), packet.dport, packet.protocol


def moment(at: float) -> str:
    return (datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def title_to_rule(title: str) -> str:
    """By what people read, for a log's alert shows no more."""
    words = {
        "published address": "known-address",
        "stream": "cms-stream",
        "file system": "remote-mount",
        "calls": "phone-home",
    }
    return next(f"traffic.{name}" for word, name in words.items() if word in title)


@cache
def queries(text: str) -> tuple[tuple[str, str], ...]:
    """Title and SQL of each rule that raises an alert, by pySigma's own backend."""
    rules = SigmaCollection.from_yaml(text)
    assert not rules.errors
    backend = sqliteBackend()
    made = []
    for rule in rules.rules:
        counted = isinstance(rule, SigmaCorrelationRule)
        level = str(rule.level).lower()
        rule_queries = backend.convert_correlation_rule(rule) if counted else backend.convert_rule(rule)
        if not level.endswith("informational"):
            made += [(rule.title, query) for query in rule_queries]
    return tuple(made)


def by_sigma(house: House, text: str, seen: Seen) -> set[str]:
    log = sqlite3.connect(":memory:")
    log.execute("CREATE TABLE logs (timestamp TEXT, src_ip TEXT, src_port INT, dst_ip TEXT, dst_port INT, proto TEXT)")
    rows = ((moment(at), *rest) for at, *rest in flows(house, seen))
    log.executemany("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?)", rows)
    found = {
        title_to_rule(title)
        for title, query in queries(text)
        if log.execute(query.replace("<TABLE_NAME>", "logs")).fetchall()
    }
    log.close()
    return found


@each_capture
def test_sigma_tells_what_a_log_can_tell(path: Path, house: House) -> None:
    seen = house.capture(path)
    assert by_sigma(house, house.texts("sigma", seen.policy)["wardwatch-sigma.yml"], seen) == seen.told["sigma"]


@cache
def bundle(text: str) -> Made:
    """Read strictly by OASIS's library: unknown properties, missing ones and patterns that do not parse are errors."""
    return parse(text, allow_custom=False)


@pytest.mark.parametrize("policy", POLICIES)
def test_stix_is_a_bundle_by_its_own_library(policy: str, house: House) -> None:
    text = house.texts("stix", policy)["wardwatch-stix.json"]
    found = [each for each in bundle(text).objects if each.type == "indicator"]
    assert len({each.id for each in found}) == len(found) >= 3
    for each in found:
        assert not run_validator(each.pattern, stix_version="2.1")
        assert each.valid_until.date().isoformat() == "2027-02-25"


def observed(house: House, seen: Seen) -> list[dict[str, Any]]:
    """Observed data as STIX writes it, one bundle for each conversation."""
    made = []
    for number, (at, src, sport, dst, dport, proto) in enumerate(flows(house, seen)):
        stamp = moment(at)
        marks = [
            f"{kind}--00000000-0000-4000-8000-{number:012}"
            for kind in ("ipv4-addr", "network-traffic", "observed-data")
        ]
        ends = [marks[0], marks[0].replace("-4000-", "-4001-")]
        traffic = {
            "type": "network-traffic", "id": marks[1], "spec_version": "2.1", "src_ref": ends[0], "dst_ref": ends[1],
            "src_port": sport, "dst_port": dport, "protocols": ["ipv4", proto],
        }  # fmt: skip
        hosts = [
            {"type": "ipv4-addr", "id": end, "spec_version": "2.1", "value": value}
            for end, value in zip(ends, (src, dst), strict=True)
        ]
        data = {
            "type": "observed-data", "id": marks[2], "spec_version": "2.1", "created": stamp, "modified": stamp,
            "first_observed": stamp, "last_observed": stamp, "number_observed": 1,
            "object_refs": [*ends, marks[1]],
        }  # fmt: skip
        made.append(
            {
                "type": "bundle",
                "id": f"bundle--00000000-0000-4000-8000-{number:012}",
                "objects": [data, *hosts, traffic],
            }
        )
    return made


def by_stix(house: House, text: str, seen: Seen) -> set[str]:
    """OASIS's matcher knows ISSUBSET for IPv4 only; patterns about IPv6 are parsed above, and no more."""
    data = observed(house, seen)
    asked = [each for each in bundle(text).objects if each.type == "indicator" and "network-traffic" in each.pattern]
    known = [each for each in asked if "ISSUBSET '64:" not in each.pattern]
    return {title_to_rule(each.name) for each in known if match(each.pattern, data, stix_version="2.1")}


@each_capture
def test_stix_patterns_match_what_was_observed(path: Path, house: House) -> None:
    seen = house.capture(path)
    assert by_stix(house, house.texts("stix", seen.policy)["wardwatch-stix.json"], seen) == seen.told["stix"]


@cache
def scanner(text: str) -> Made:
    return yara_x.compile(text)


def matching(text: str, data: bytes) -> set[str]:
    return {rule.identifier for rule in scanner(text).scan(data).matching_rules}


PERSONALITIES = {
    "2.0.6": {"update_by_mount", "published_address_with_mount"},
    "2.0.6-pre1": {"update_by_mount", "published_address_with_mount"},
    "2.0.6-pre2": {"update_by_mount", "published_address_with_mount"},
    "2.0.7": {"update_by_mount", "published_address_with_mount"},
    "2.0.8": set(),
    "2025-07": set(),
    "signed": set(),
}


@cache
def programs(version: str) -> tuple[tuple[str, bytes], ...]:
    nodes = open_image(firmware.image(version)).nodes
    return tuple((node.path, node.read(1 << 25)) for node in nodes if node.kind is NodeKind.FILE)


def by_yara(text: str, version: str) -> set[str]:
    names = {name for _, data in programs(version) for name in matching(text, data)}
    return {name.removeprefix("wardwatch_") for name in names}


@pytest.mark.parametrize("version", PERSONALITIES)
def test_yara_finds_the_function_in_the_programs_of_the_twin(version: str, house: House) -> None:
    text = house.texts("yara", "vlans")["wardwatch.yar"]
    assert by_yara(text, version) == PERSONALITIES[version]
    found = {path.rpartition("/")[2] for path, data in programs(version) if matching(text, data)}
    assert found <= {"monitor", "update"}


BENIGN = {
    "home folders": b"#!/bin/sh\nmount -o nolock -t nfs $SERVER:/home /home || exit 1\n",
    "a backup": b"#!/bin/sh\nifconfig eth0 up\nmount -o nolock -t nfs 10.20.0.8:/backup /mnt\n"
    b"cp -rf /opt/bin /mnt\numount /mnt\n",
    "a station's settings": b"station=202.114.4.119\nport=515\n",
    "a browser": b"nfs mount umount eth0 -rf /opt/bin nolock pmap",
}


@pytest.mark.parametrize("name", BENIGN)
def test_yara_stays_silent(name: str, house: House) -> None:
    assert not matching(house.texts("yara", "vlans")["wardwatch.yar"], BENIGN[name])


def test_yara_knows_a_published_hash(house: House) -> None:
    known = Indicator("sha256", sha256(b"a program").hexdigest().upper(), "about", "source")
    text = detections()["yara"].write(Watched(house.watched("vlans").policy, (known,))).files["wardwatch.yar"]
    assert matching(text, b"a program") == {"wardwatch_published_program"}
    assert not matching(text, b"another program")
    bare = detections()["yara"].write(Watched(house.watched("vlans").policy, ())).files["wardwatch.yar"]
    assert not matching(bare, b"a program")


def test_a_published_address_is_known_as_bytes_in_either_order(house: House) -> None:
    text = house.texts("yara", "own-station")["wardwatch.yar"]
    for address in (
        b"\xca\x72\x04\x77",
        b"\x78\x04\x72\xca",
        b"2\x000\x002\x00.\x001\x001\x004\x00.\x004\x00.\x001\x002\x000\x00",
    ):
        assert matching(text, b"mount -t nfs " + address) == {"wardwatch_published_address_with_mount"}
    assert not matching(text, b"mount -t nfs \xca\x72\x04\x79")


def grammar(text: str) -> Made:
    return Parser(Language(tree_sitter_zeek.language())).parse(text.encode()).root_node


@pytest.mark.parametrize("policy", POLICIES)
def test_zeek_grammar_takes_the_script(policy: str, house: House) -> None:
    tree = grammar(house.texts("zeek", policy)["wardwatch.zeek"])
    assert not tree.has_error
    assert grammar("event x() { if }").has_error


def signatures(text: str) -> dict[str, tuple[str, "re.Pattern[bytes]"]]:
    """Zeek matches from the first byte that a side has sent on; its patterns are read as Python reads them."""
    found = re.findall(r'signature (\S+) \{\n  ip-proto == (tcp|udp)\n  payload /(.+)/\n  event "[^"]+"\n\}\n', text)
    assert len(found) == text.count("signature ")
    return {name: (protocol, re.compile(form.encode())) for name, protocol, form in found}


def by_zeek_signatures(house: House, text: str, seen: Seen) -> set[str]:
    """What the contents show; where they go and whether it is kept is the script's, see `test_zeek_script.py`."""
    found = set()
    for packet in house.packets(seen):
        for name, (protocol, form) in signatures(text).items():
            if packet.protocol == protocol and form.match(packet.stream):
                found.add("traffic.cms-stream" if name == "wardwatch-cms-stream" else "traffic.remote-mount")
    return found


KEPT_OR_INSIDE = {"kept-station", "kept-stations-last-port", "own-station", "home-folders"}


def zeek_is_right(house: House, text: str, seen: Seen) -> bool:
    found = by_zeek_signatures(house, text, seen)
    if not seen.told["tells"]:
        return not found or seen.name in KEPT_OR_INSIDE
    return found == seen.told["tells"] & {"traffic.cms-stream", "traffic.remote-mount"}


@each_capture
def test_zeek_signatures_see_the_contents(path: Path, house: House) -> None:
    seen = house.capture(path)
    assert zeek_is_right(house, house.texts("zeek", seen.policy)["wardwatch.sig"], seen)


FILES = {
    "suricata": "wardwatch-suricata.rules",
    "snort": "wardwatch-snort.rules",
    "sigma": "wardwatch-sigma.yml",
    "stix": "wardwatch-stix.json",
    "yara": "wardwatch.yar",
    "zeek": "wardwatch.sig",
}
FAULTS = tomllib.loads((HERE / "faults.toml").read_text("utf-8"))["fault"]


def is_right(form: str, house: House, text: str, seen: Seen) -> bool:
    if form in {"suricata", "snort"}:
        return {rule.name for rule in house.alerts(house.rules(text), seen)} == seen.told["tells"]
    if form == "zeek":
        return zeek_is_right(house, text, seen)
    return {"sigma": by_sigma, "stix": by_stix}[form](house, text, seen) == seen.told[form]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['format']}-{fault['what']}")
def test_a_planted_fault_is_seen(fault: dict[str, str], house: House) -> None:
    form, policy = fault["format"], fault["policy"]
    text = house.texts(form, policy)[FILES[form]]
    changed = re.sub(fault["old"], fault["new"], text)
    assert changed != text, f"nothing in the text is like {fault['old']}"
    if form == "yara":
        told = [by_yara(changed, version) == names for version, names in PERSONALITIES.items()]
        told += [not matching(changed, data) for data in BENIGN.values()]
    else:
        asked = (house.capture(path) for path in CAPTURES)
        told = [is_right(form, house, changed, seen) for seen in asked if seen.policy == policy]
    assert not all(told)
