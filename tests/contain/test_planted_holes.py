"""In: rules as generated, and a mistake planted in each. Out: whether the comparison with the policy sees it."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest

from wardwatch.contain.compare import compare, first_difference
from wardwatch.contain.dialect import dialects
from wardwatch.contain.policy import Policy

Load = Callable[[str], Policy]


class Hole(NamedTuple):
    """One edit of the text: every match of `old`, or with `lines` whole lines that match, taken out."""

    what: str
    dialect: str
    old: str
    new: str = ""
    policy: str = "ward"


def without(pattern: str) -> str:
    """A whole line that holds the pattern."""
    return rf"(?m)^.*{pattern}.*\n"


NFT = [
    Hole("port range one too wide", "nftables", r"515-520", "515-521"),
    Hole("port range begins one too low", "nftables", r"515-520", "514-520"),
    Hole("kept port range one too narrow", "nftables", r"515-520", "515-519"),
    Hole("IPv6 forgotten", "nftables", r"table inet", "table ip"),
    Hole("IPv6 block forgotten", "nftables", without("ip6 daddr .*block")),
    Hole("established flows allowed", "nftables", r"(policy accept;\n)", r"\1\t\tct state established accept\n"),
    Hole("replies of any kind allowed", "nftables", r"(policy accept;\n)", r"\1\t\tct direction reply accept\n"),
    Hole("order: accept in front", "nftables", r"(policy accept;\n)", r'\1\t\tiifname "ward0" accept\n'),
    Hole("order: drop in front", "nftables", r"(policy accept;\n)", r'\1\t\tiifname "ward0" drop\n'),
    Hole("/32 instead of /24", "nftables", r"202\.114\.4\.0/24", "202.114.4.119"),
    Hole("/25 instead of /24", "nftables", r"202\.114\.4\.0/24", "202.114.4.0/25"),
    Hole("/23 instead of /24", "nftables", r"202\.114\.4\.0/24", "202.114.4.0/23"),
    Hole("neighbouring network", "nftables", r"202\.114\.4\.0/24", "202.114.5.0/24"),
    Hole("wrong interface", "nftables", r'iifname "ward0" counter drop', 'iifname "ward1" counter drop'),
    Hole("wrong side of the interface", "nftables", r'iifname "ward0" counter drop', 'oifname "ward0" counter drop'),
    Hole("missing direction: from the block", "nftables", without("ip saddr .*block")),
    Hole("missing direction: to the device", "nftables", without('oifname "ward0" counter drop')),
    Hole("wireless forgotten", "nftables", without('iifname "wlan0" ether saddr [0-9a-f:]+ counter drop')),
    Hole("bound to the address alone", "nftables", without('iifname "ward0" counter drop')),
    Hole("wrong MAC", "nftables", r"02:10:0a:14:00:15 counter", "02:10:0a:14:00:16 counter"),
    Hole("fragments pass", "nftables", r"(policy accept;\n)", r"\1\t\tip frag-off & 0x1fff != 0 accept\n"),
    Hole("IPv6 fragments pass", "nftables", r"(policy accept;\n)", r"\1\t\texthdr frag exists accept\n"),
    Hole("kept path cut", "nftables", without("keep ntp: monitor-3 speaks")),
    Hole("kept answers cut", "nftables", without("keep ntp: monitor-3 is answered")),
    Hole("protocol forgotten", "nftables", r"ip daddr (\{ 202.*?\}) counter drop", r"ip daddr \1 ip protocol tcp drop"),
    Hole("ICMP passes", "nftables", r"(policy accept;\n)", r"\1\t\tip protocol icmp accept\n"),
    Hole("another protocol on the kept port", "nftables", r"udp dport \{ 123 \}", "th dport 123"),
    Hole("server may open connections", "nftables", r"ct state established ct direction reply", "ct state { new, established }"),
    Hole("kept for the wrong peer", "nftables", r"ip daddr \{ 10\.22\.0\.6 \}", "ip daddr { 10.22.0.7 }"),
    Hole("kept for a whole network", "nftables", r"ip daddr \{ 10\.22\.0\.6 \}", "ip daddr { 10.22.0.0/24 }"),
    Hole("kept for every address behind", "nftables", r'ip saddr \{ 10\.20\.0\.21 \} (ip daddr \{ 10\.22)', r"\1"),
    Hole("kept without the MAC", "nftables", r"ether saddr [0-9a-f:]+ (ip6? saddr)", r"\1"),
    Hole("hook at which nothing is forwarded", "nftables", r"hook forward", "hook input"),
    Hole("rule without a verdict", "nftables", r'(iifname "ward0" counter) drop', r"\1"),
    Hole("everybody else cut off", "nftables", r"policy accept", "policy drop"),
    Hole("own station reached by any side", "nftables", r'oifname "station0" ', "", "own-station"),
    Hole("own station's whole block open", "nftables", r"ip daddr \{ 202\.114\.4\.119 \}", "ip daddr 202.114.4.0/24", "own-station"),
    Hole("own station denied", "nftables", r"(policy accept;\n)", r"\1\t\tip daddr 202.114.4.0/24 drop\n", "own-station"),
    Hole("one of two addresses", "nftables", r", 202\.114\.4\.120", "", "alone"),
    Hole("between the two devices' VLAN and outside", "nftables", without('iifname "ward0"'), "", "alone"),
]  # fmt: skip

IPTABLES = [
    Hole("port range one too wide", "iptables", r"515:520", "515:521"),
    Hole("kept port range one too narrow", "iptables", r"515:520", "516:520"),
    Hole("chain never called", "iptables", without("-I FORWARD 1")),
    Hole("chain called by the wrong chain", "iptables", r"-I FORWARD 1", "-I INPUT 1"),
    Hole("established flows allowed", "iptables", r"(:WARDWATCH .*\n)", r"\1-A WARDWATCH -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN\n"),
    Hole("order: accept in front of the chain", "iptables", r"(-I FORWARD 1.*\n)", r"\1-I FORWARD 1 -i ward0 -j ACCEPT\n"),
    Hole("/32 instead of /24", "iptables", r"202\.114\.4\.0/24", "202.114.4.119/32"),
    Hole("/23 instead of /24", "iptables", r"202\.114\.4\.0/24", "202.114.4.0/23"),
    Hole("wrong interface", "iptables", r"-A WARDWATCH -i ward0", "-A WARDWATCH -i ward1"),
    Hole("missing direction", "iptables", without(r"-A WARDWATCH -s 202\.114")),
    Hole("missing direction, IPv6", "iptables", without(r"-A WARDWATCH -o ward0")),
    Hole("fragments pass", "iptables", r"(:WARDWATCH .*\n)(-A WARDWATCH -s 10)", r"\1-A WARDWATCH -f -j RETURN\n\2"),
    Hole("kept path cut", "iptables", without("keep poll: monitor-3 is called")),
    Hole("protocol forgotten", "iptables", r"-A WARDWATCH -i ward0 -m comment", "-A WARDWATCH -i ward0 -p tcp -m comment"),
    Hole("rejects only TCP from the block", "iptables", r"(-s 202\.114\.4\.0/24)", r"\1 -p tcp"),
    Hole("wrong MAC", "iptables", r"02:10:0a:14:00:15 -m comment", "02:10:0a:14:00:16 -m comment"),
    Hole("server may open connections", "iptables", r"--ctstate ESTABLISHED --ctdir REPLY", "--ctstate NEW,ESTABLISHED"),
    Hole("returns where it should drop", "iptables", r'("contain what is behind ward0: from it" -j) DROP', r"\1 RETURN"),
    Hole("turned round", "iptables", r"-A WARDWATCH -d 202", "-A WARDWATCH ! -d 202"),
]  # fmt: skip


def planted(hole: Hole, files: Mapping[str, str]) -> Mapping[str, str]:
    changed = {name: re.sub(hole.old, hole.new, text) for name, text in files.items()}
    assert changed != files, f"{hole.what}: nothing in the text is like {hole.old}"
    return changed


def test_there_are_holes_enough() -> None:
    assert len({hole.what for hole in (*NFT, *IPTABLES)}) >= 25


@pytest.mark.parametrize("hole", [*NFT, *IPTABLES], ids=lambda hole: f"{hole.dialect}-{hole.what}")
def test_a_planted_hole_is_seen(hole: Hole, load: Load) -> None:
    policy = load(hole.policy)
    files = dialects()[hole.dialect].texts(policy).files
    assert first_difference(policy, hole.dialect, planted(hole, files))


@pytest.mark.parametrize("policy", ["ward", "own-station", "alone"])
@pytest.mark.parametrize("dialect", sorted(dialects()))
def test_what_is_generated_says_what_the_policy_says(dialect: str, policy: str, load: Load) -> None:
    loaded = load(policy)
    if not dialects()[dialect].by_mac and any(place.mac for place in loaded.attachments):
        pytest.skip(f"{dialect} cannot bind rules to a MAC address, and says so")
    comparison = compare(loaded, dialect, dialects()[dialect].texts(loaded).files)
    assert comparison.tried > 1000
    assert not [str(difference) for difference in comparison.differences[:5]]


def test_a_dropped_ipv6_file_is_seen(load: Load) -> None:
    policy = load("ward")
    files = {name: text for name, text in dialects()["iptables"].texts(policy).files.items() if "6" not in name}
    assert first_difference(policy, "iptables", files)
