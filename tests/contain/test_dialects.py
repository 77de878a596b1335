"""In: policies and the texts expected of them. Out: whether each dialect writes these, and real programs take them."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from wardwatch.contain.compare import first_difference, readers
from wardwatch.contain.dialect import dialects
from wardwatch.contain.policy import Attachment, Block, Contained, Policy
from wardwatch.errors import InputError, UsageError

Load = Callable[[str], Policy]
SAMPLES = Path(__file__).parent / "samples"
CASES = sorted((path.parent.name, path.name) for path in SAMPLES.glob("*/*") if path.is_dir())
SEPARATE = ("unshare", "--user", "--map-root-user", "--net")


@pytest.mark.parametrize(("dialect", "policy"), CASES)
def test_a_dialect_writes_what_was_read_and_approved(dialect: str, policy: str, load: Load) -> None:
    files = dialects()[dialect].texts(load(policy)).files
    assert set(files) == {path.name for path in (SAMPLES / dialect / policy).iterdir()}
    for name, text in files.items():
        assert text == (SAMPLES / dialect / policy / name).read_text(encoding="utf-8")


def test_each_dialect_has_a_reader_and_says_how_to_go_back(load: Load) -> None:
    assert set(dialects()) == set(readers())
    for dialect in dialects().values():
        texts = dialect.texts(load("own-station"))
        assert texts.install
        assert texts.rollback
        assert texts.check
        assert all("202.114.4.119" in "".join(texts.files.values()) for _ in texts.files)


def accepted(*words: str) -> None:
    """That a checker takes a text, in a network namespace of its own."""
    missing = [tool for tool in (words[0], "unshare") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {missing[0]}")
    if subprocess.run([*SEPARATE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")
    done = subprocess.run([*SEPARATE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("policy", ["ward", "own-station"])
def test_nft_takes_it(policy: str) -> None:
    accepted("nft", "-c", "-f", str(SAMPLES / "nftables" / policy / "wardwatch.nft"))


@pytest.mark.parametrize("policy", ["ward", "own-station"])
@pytest.mark.parametrize("program", ["iptables", "ip6tables"])
def test_iptables_restore_takes_it(program: str, policy: str) -> None:
    file = SAMPLES / "iptables" / policy / f"wardwatch.{program}"
    accepted(f"{program}-restore", "--noflush", "--test", str(file))


@pytest.mark.parametrize("dialect", ["cisco_asa", "cisco_ios", "fortios", "junos_srx", "panos", "pf"])
def test_what_cannot_be_bound_by_mac_is_refused(dialect: str, load: Load) -> None:
    with pytest.raises(UsageError, match="MAC"):
        dialects()[dialect].texts(load("ward"))


@pytest.mark.parametrize("dialect", ["cisco_asa", "cisco_ios"])
def test_what_filters_at_each_interface_must_know_them_all(dialect: str, load: Load) -> None:
    with pytest.raises(UsageError, match="name them all"):
        dialects()[dialect].texts(replace(load("vlans"), interfaces=()))


@pytest.mark.parametrize("dialect", sorted(dialects()))
def test_blocks_that_overlap_are_written_once_and_mean_the_same(dialect: str, load: Load) -> None:
    policy = load("vlans")
    inner = Block("inner", tuple(policy.blocks[0].networks[0].subnets(new_prefix=26)))
    wider = replace(policy, blocks=(replace(policy.blocks[0], networks=(*policy.blocks[0].networks, *inner.networks)),))
    assert first_difference(wider, dialect, dialects()[dialect].texts(wider).files) is None


@pytest.mark.parametrize("dialect", sorted(dialects()))
def test_two_devices_on_two_vlans(dialect: str, load: Load) -> None:
    policy = load("vlans")
    second = Contained("monitor-4", (policy.devices[0].addresses[0] + 1,), (Attachment("ward1"),))
    both = replace(policy, devices=(*policy.devices, second), interfaces=(*policy.interfaces, "ward1"))
    assert first_difference(both, dialect, dialects()[dialect].texts(both).files) is None


@pytest.mark.parametrize("reader", sorted(readers()))
@given(text=some.text(max_size=400))
@settings(max_examples=60)
def test_a_reader_refuses_what_it_does_not_know(reader: str, text: str) -> None:
    try:
        readers()[reader].read({"x": text})
    except InputError:
        return


@pytest.mark.parametrize(("dialect", "policy"), CASES)
def test_a_word_that_is_not_known_is_an_error_not_a_guess(dialect: str, policy: str) -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in (SAMPLES / dialect / policy).iterdir()}
    changed = {name: text.replace("\n", "\nfrobnicate all\n", 3) for name, text in files.items()}
    with pytest.raises(InputError, match=r"not understood|no JSON"):
        readers()[dialect].read(changed)
