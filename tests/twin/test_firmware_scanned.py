"""In: the twin's firmware images. Out: whether what is found in them is what their truth says, and no more."""

import json
from collections.abc import Callable
from functools import cache

import pytest

from wardwatch.firmware.examine import Answer, Question, examine_image
from wardwatch.twin import firmware
from wardwatch.vocabulary import Severity

Ask = Callable[[str], Answer]
HIDING = [version for version in firmware.VERSIONS if json.loads(firmware.truth(version))["chain"]]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    folder = tmp_path_factory.mktemp("images")

    @cache
    def ask(version: str) -> Answer:
        image = folder / f"{version}.cramfs"
        image.write_bytes(firmware.image(version))
        return examine_image(image, Question())

    return ask


def rules(answer: Answer) -> set[str]:
    return {finding.rule for finding in answer.findings if finding.severity is not Severity.INFO}


def peers(answer: Answer) -> set[str]:
    return {str(each.where.get("peer")) for finding in answer.findings for each in finding.evidence}


@pytest.mark.parametrize("version", [*firmware.VERSIONS])
def test_the_whole_truth_is_found_and_nothing_else(version: str, answers: Ask) -> None:
    told, answer = json.loads(firmware.truth(version)), answers(version)
    assert set(told["rules"]["fire"]) - rules(answer) == set()
    assert set(told["rules"]["silent"]) & rules(answer) == set()
    assert {f"{peer['host']}:{peer['port']}" for peer in told["peers"]} <= peers(answer)


@pytest.mark.parametrize("version", HIDING)
def test_the_chain_is_recovered_word_for_word(version: str, answers: Ask) -> None:
    told = json.loads(firmware.truth(version))["chain"]
    chains = answers(version).dissection.chains
    assert {chain.steps[0].file for chain in chains} == {each["program"] for each in told["reached"]}
    for chain in chains:
        assert [step.behaviour for step in chain.steps] == told["steps"]
        assert [words(step.detail) for step in chain.steps] == told["commands"]
        assert chain.completes is True


def words(detail: str) -> str:
    """A step as the truth has it: a call with its words is the command that they are, a request has its name."""
    if detail.startswith("execvpe("):
        return " ".join(json.loads(f"[{detail.removeprefix('execvpe(').removesuffix(')')}]")[1:])
    if detail.startswith("ioctl("):
        assert detail == 'ioctl({a socket}, 35092, "eth0")'  # SIOCSIFFLAGS
        return "SIOCSIFFLAGS eth0 IFF_UP"
    return detail


@pytest.mark.parametrize("version", HIDING)
def test_who_sets_the_function_going_is_told(version: str, answers: Ask) -> None:
    told = json.loads(firmware.truth(version))["chain"]["reached"]
    chains = answers(version).dissection.chains
    assert {(chain.steps[0].file, chain.trigger) for chain in chains} == {
        (each["program"], each["trigger"]) for each in told
    }


@pytest.mark.parametrize("version", HIDING)
def test_the_key_at_boot_is_named(version: str, answers: Ask) -> None:
    chain = next(each for each in answers(version).dissection.chains if each.steps[0].file == "/opt/bin/update")
    assert any(stop.how == "key 'C'" for stop in chain.path)
