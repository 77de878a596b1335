"""What a correct tool must say of real captures made by others: their index, read by hand into this table."""

from pathlib import Path
from typing import NamedTuple

import pytest

from wardwatch.secrecy import Pseudonyms
from wardwatch.traffic.examine import Answer, Question, examine_captures
from wardwatch.traffic.networks import site
from wardwatch.vocabulary import Severity

CAPTURES = Path(__file__).resolve().parents[2].parent / "shared" / "captures"
IDENTIFYING = {"patient name", "patient number", "birth date"}


class Said(NamedTuple):
    """`findings`: (rule, severity) of all that is more than a note; `gap`: words a gap must hold."""

    findings: frozenset[tuple[str, str]] = frozenset()
    gap: str = ""
    fields: frozenset[str] = frozenset()


CLEAR_TEXT = ("traffic.patient-data-clear", "low")
NOTHING = Said()
SAID = {
    "corelight_boa.pcap": NOTHING,
    "corelight_facefish_generated.pcap": NOTHING,
    "lab_dicom_cstore_11112.pcap": Said(frozenset({CLEAR_TEXT}), fields=frozenset({"patient name"})),
    "ndpi_ipp.pcap": NOTHING,
    "ndpi_malware.pcap": NOTHING,
    "ndpi_mqtt.pcap": NOTHING,
    "ndpi_rsh-syslog-false-positive.pcap": NOTHING,
    "ndpi_syslog.pcap": NOTHING,
    "ndpi_telnet.pcap": NOTHING,
    "ndpi_tftp.pcap": NOTHING,
    "ndpi_trickbot.pcap": NOTHING,
    "slips_test8-malicious.pcap": NOTHING,
    "sv_frag-eth-vlan-ipv6-tcp.pcap": NOTHING,
    "sv_ipv4frags.pcap": NOTHING,
    "sv_nfsv2.pcap": Said(frozenset({("traffic.remote-mount", "low")})),
    "sv_tcp-overlap.pcap": Said(gap="different bytes"),
    "sv_tcp-overlap2.pcap": Said(gap="different bytes"),
    "sv_tcp-simple-gap2.pcap": Said(gap="does not hold these segments"),
    "tapirx_HL7-ORM.pcap": Said(frozenset({CLEAR_TEXT}), fields=frozenset(IDENTIFYING)),
    "tapirx_HL7-ORU.pcap": Said(frozenset({CLEAR_TEXT}), fields=frozenset(IDENTIFYING)),
    "tapirx_dicom_arq_1_find_testclient.pcap": NOTHING,
    "tapirx_dicom_arq_2_get_testclient.pcap": NOTHING,
    "zeek_dhcp.pcap": NOTHING,
    "zeek_ipv4_fragmented-3.pcap": NOTHING,
    "zeek_ipv4_fragmented-4.pcap": Said(gap="fragments"),
    "zeek_ipv4_fragmented-syn.pcap": NOTHING,
    "zeek_ipv6-fragmented-dns.pcap": NOTHING,
    "zeek_mixed-vlan-mpls.pcap": NOTHING,
    "zeek_mount-unmount.pcap": NOTHING,
    "zeek_mount_base.pcap": NOTHING,
    "zeek_ntp.pcap": NOTHING,
    "zeek_tcp_retransmit-fast009.pcap": NOTHING,
    "zeek_vlan-collisions.pcap": Said(gap="came more than once"),
    "zeek_vlan-pcp-dei.pcapng": NOTHING,
    "zeek_vlan-qinqinq.pcap": NOTHING,
}


def _scan(name: str) -> Answer:
    path = CAPTURES / name
    if not path.exists():
        pytest.skip("the folder of public captures is not beside this checkout")
    return examine_captures([path], Question(site([]), Pseudonyms(bytes(32))))


@pytest.mark.parametrize("name", sorted(SAID))
def test_what_is_said(name: str) -> None:
    answer = _scan(name)
    said = SAID[name]
    found = {(f.rule, f.severity.value) for f in answer.findings if f.severity is not Severity.INFO}
    assert found == said.findings
    assert said.fields <= {field for exposure in answer.exposures for field in exposure.fields}
    words = " | ".join(f"{gap.what} {gap.why}" for gap in answer.gaps)
    assert said.gap in words


def test_the_table_names_every_capture_there_is() -> None:
    if not CAPTURES.exists():
        pytest.skip("the folder of public captures is not beside this checkout")
    assert {path.name for path in CAPTURES.glob("*.pcap*")} == SAID.keys()
