"""The knowledge is complete and says what the contract and the advisories say."""

import pytest

from wardwatch.knowledge import catalogue

# The traffic rules of the outside contract.
TRAFFIC = {
    "traffic.known-address", "traffic.cms-stream", "traffic.patient-data-clear", "traffic.remote-mount",
    "traffic.phone-home", "traffic.foreign-arp", "traffic.unsolicited-udp",
}  # fmt: skip


def test_every_traffic_rule_has_its_text() -> None:
    assert {name for name in catalogue.rules() if name.startswith("traffic.")} == TRAFFIC


@pytest.mark.parametrize("name", sorted(TRAFFIC))
def test_a_rule_says_everything(name: str) -> None:
    rule = catalogue.rules()[name]
    assert all((rule.title, rule.finds, rule.matters, rule.remedy, rule.lookalikes, rule.references))
    assert not any(word in rule.finds + rule.matters for word in ("malicious", "intent", "spy"))


def test_the_published_addresses() -> None:
    values = {entry.value: entry.kind for entry in catalogue.indicators()}
    assert values["202.114.4.119"] == "address"
    assert values["202.114.4.120"] == "address"
    assert values["202.114.4.0/24"] == "network"
    assert all(entry.source for entry in catalogue.indicators())


def test_the_monitor_goes_under_all_its_names() -> None:
    (profile,) = [profile for profile in catalogue.profiles() if profile.name == "contec-cms8000"]
    assert "Epsimed MN-120" in profile.names
    assert {clue.see for clue in profile.clues} >= {"stream", "mount", "hl7", "dhcp", "attempt"}


def test_a_clue_cannot_be_certain() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        catalogue.Clue("stream", 1.0, "because")


def test_an_address_alone_names_no_device() -> None:
    for profile in catalogue.profiles():
        weak = [clue.weight for clue in profile.clues if clue.see in {"attempt", "foreign-arp"}]
        assert all(weight < 0.5 for weight in weak)
