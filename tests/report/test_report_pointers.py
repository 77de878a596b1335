"""In: evidence. Out: filters and commands that are safe to copy, whatever the capture is called."""

import shlex
from datetime import UTC, datetime

import pytest

from wardwatch.report.pointers import pointer, reference
from wardwatch.vocabulary import Evidence, EvidenceKind, Flow

TIME = datetime(2026, 1, 12, 7, 14, 5, 250_000, tzinfo=UTC)


def packet(file: str) -> Evidence:
    return Evidence(EvidenceKind.PACKET, {"file": file, "number": 1204, "time": "2026-01-12T07:14:05.250000Z"})


def test_a_packet_has_a_filter_and_a_command() -> None:
    shown = pointer(packet("ward.pcap"), UTC)
    assert shown.place == "Packet 1,204, 2026-01-12 07:14:05, in ward.pcap"
    assert shown.filter == "frame.number == 1204"
    assert shown.command == "wireshark -r ward.pcap -g 1204"


@pytest.mark.parametrize(
    "name", ["a b.pcap", "$(reboot).pcap", "a;rm -rf ~.pcap", "it's.pcap", "`id`", "-x.pcap", "a&b"]
)
def test_a_file_name_is_one_word_for_the_shell(name: str) -> None:
    assert shlex.split(pointer(packet(name), UTC).command) == ["wireshark", "-r", name, "-g", "1204"]


def test_a_name_that_cannot_be_shown_gives_no_command() -> None:
    assert pointer(packet("a\x1b[2J.pcap"), UTC).command == ""
    assert pointer(packet("a" * 5_000), UTC).command == ""


def test_a_conversation_has_a_filter() -> None:
    flow = Flow("10.0.0.7", 1025, "202.114.4.119", 515, "tcp", TIME, TIME, 12_000, 1_200_000)
    shown = pointer(flow.evidence("block 0x3E"), UTC)
    assert shown.place == "Conversation 10.0.0.7 port 1025 to 202.114.4.119 port 515 (central station or printing), TCP"
    assert shown.detail == "2026-01-12 07:14:05 to 2026-01-12 07:14:05, 12,000 packets, 1.2 MB"
    assert shown.filter == "ip.addr == 10.0.0.7 && ip.addr == 202.114.4.119 && tcp.port == 1025 && tcp.port == 515"
    six = Flow("2001:db8::1", 1, "fe80::1%eth0 || 1", 2, "UDP", TIME, TIME, 1, 1)
    assert pointer(six.evidence(), UTC).filter == (
        "ipv6.addr == 2001:db8::1 && ipv6.addr == fe80::1 && udp.port == 1 && udp.port == 2"
    )


@pytest.mark.parametrize(("src", "proto"), [("10.0.0.7 || true", "tcp"), ("10.0.0.7", "tcp || true"), ("", "udp")])
def test_no_filter_is_written_of_what_is_no_address(src: str, proto: str) -> None:
    assert pointer(Flow(src, 1, "10.0.0.1", 2, proto, TIME, TIME, 1, 1).evidence(), UTC).filter == ""


def test_a_function_says_how_it_is_reached() -> None:
    where = {
        "file": "monitor",
        "address": 0x1F00,
        "name": "do_update",
        "trigger": "menu",
        "call_path": ("rc.sh", "monitor", "menu_update"),
        "peer": "202.114.4.119",
    }
    shown = pointer(Evidence(EvidenceKind.FUNCTION, where), UTC)
    assert shown.place == "do_update at 0x1f00 in monitor"
    assert shown.detail == "Reached by menu, through rc.sh → monitor → menu_update, peer 202.114.4.119"


def test_samples_are_told_in_time_and_in_numbers() -> None:
    where = {"signal": "II", "start_s": 3_672.5, "end_s": 3_700, "start_sample": 940_160, "end_sample": 947_200}
    shown = pointer(Evidence(EvidenceKind.SAMPLES, where | {"rate": 256.0, "raised_s": 3_681.9}), UTC)
    assert shown.place == "II, 1:01:12 to 1:01:40 of the recording"
    assert shown.detail == "Samples 940,160 to 947,200 at 256 a second, raised at 1:01:21"
    assert (
        pointer(Evidence(EvidenceKind.SAMPLES, where | {"rate": "fast", "raised_s": 7}), UTC).detail
        == "Raised at 0:00:07"
    )


def test_a_line_says_where_it_stands_and_how_it_is_reached() -> None:
    where = {
        "file": "/etc/init.d/rcS",
        "line": 1_204,
        "name": "update",
        "trigger": "start-up",
        "call_path": ("inittab",),
    }
    shown = pointer(Evidence(EvidenceKind.LINE, where), UTC)
    assert shown.place == "Line 1,204 of /etc/init.d/rcS, in update"
    assert shown.detail == "Reached by start-up, through inittab"
    logged = pointer(Evidence(EvidenceKind.LINE, {"file": "conn.log", "line": 7}), UTC)
    assert (logged.place, logged.detail) == ("Line 7 of conn.log", "")


def test_other_evidence_is_shown_by_its_keys() -> None:
    for wrong in ({"start_s": -1, "end_s": 2}, {"start_s": "now"}, {"start_s": float("inf"), "end_s": float("nan")}):
        shown = pointer(Evidence(EvidenceKind.SAMPLES, {"signal": "II", **wrong}), UTC)
        assert shown.place == ", ".join(f"{name}: {value}" for name, value in {"signal": "II", **wrong}.items())


def test_times_that_are_none_are_shown_as_they_are() -> None:
    where = {"file": "a.pcap", "number": 1, "time": "yesterday"}
    assert pointer(Evidence(EvidenceKind.PACKET, where), UTC).place == "Packet 1, yesterday, in a.pcap"


def test_references_say_where_they_can_be_read() -> None:
    assert reference("CVE-2025-0626") == "CVE-2025-0626 (www.cve.org/CVERecord?id=CVE-2025-0626)"
    assert reference("CWE-912") == "CWE-912 (cwe.mitre.org/data/definitions/912.html)"
    assert reference("CWE-x") == "CWE-x"
    assert reference("ICSMA-25-030-01").endswith("ics-medical-advisories/icsma-25-030-01)")
    assert reference("RFC 1179") == "RFC 1179"
