"""A device is named by what it does, never by its address alone, and under all its names."""

from collections.abc import Callable
from typing import Any

from wardwatch.traffic.examine import Answer
from wardwatch.vocabulary import Device

Play = Callable[[str], Any]


def _device(answer: Answer, address: str) -> Device:
    return next(device for device in answer.devices if address in device.addresses)


def test_the_stream_names_the_design(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:40000 > 10.20.0.5:9999 client=cms:3:MUSTER^EVA:4711")
    device = _device(answer, "10.20.0.21")
    assert (device.profile, device.confidence) == ("contec-cms8000", 0.9)
    assert "central-station stream" in device.reasons[0]


def test_an_address_alone_names_nothing(play: Play) -> None:
    _, answer = play("0 syn 10.20.0.21:40000 > 202.114.4.119:9600 count=3 every=60")
    device = _device(answer, "10.20.0.21")
    assert (device.profile, device.confidence) == (None, 0.0)


def test_calls_on_its_port_are_a_hint_but_not_enough(play: Play) -> None:
    _, answer = play("0 syn 10.20.0.21:40000 > 202.114.4.119:515 count=3 every=60")
    device = _device(answer, "10.20.0.21")
    assert device.profile is None
    assert 0 < device.confidence < 0.5
    assert device.reasons


def test_clues_add_up(play: Play) -> None:
    _, answer = play("""
        0 arp 10.20.0.21 > 202.114.4.119
        1 syn 10.20.0.21:40000 > 202.114.4.119:515 count=3 every=60
    """)
    device = _device(answer, "10.20.0.21")
    assert device.profile == "contec-cms8000"
    assert device.confidence == round(1 - 0.65 * 0.65, 3)


def test_its_dhcp_name_is_a_clue_and_becomes_its_name(play: Play) -> None:
    _, answer = play("""
        0 udp 10.20.0.21:68 > 255.255.255.255:67 client=dhcp:MN-120-bed3:10.20.0.21
        5 syn 10.20.0.21:40000 > 202.114.4.119:515 count=3 every=60
    """)
    device = _device(answer, "10.20.0.21")
    assert (device.name, device.profile) == ("MN-120-bed3", "contec-cms8000")


def test_hl7_headers_are_a_clue(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:5000 > 10.20.0.60:511 client=hl7:CMS8000:DOE^JANE:12")
    assert _device(answer, "10.20.0.21").profile == "contec-cms8000"
    _, answer = play("0 tcp 10.20.0.7:5000 > 10.20.0.60:511 client=hl7:LAB:DOE^JANE:12")
    assert _device(answer, "10.20.0.7").profile is None


def test_two_addresses_of_one_card_are_one_device(play: Play) -> None:
    card = "021000000021"
    _, answer = play(f"""
        0 arp 202.114.4.21 > 202.114.4.119 mac={card}
        5 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:3:MUSTER^EVA:4711 mac={card}
    """)
    assert _device(answer, "10.20.0.21").addresses == ("10.20.0.21", "202.114.4.21")
    assert len([subject for subject in answer.subjects if subject.device.profile]) == 1


def test_two_devices_behind_a_router_stay_two(play: Play) -> None:
    _, answer = play("""
        0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:3:MUSTER^EVA:4711
        0 tcp 10.20.0.22:40000 > 10.20.0.5:515 client=cms:3:BEISPIEL^MAX:4712
    """)
    assert len([subject for subject in answer.subjects if subject.device.profile]) == 2
