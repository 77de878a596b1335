"""Whether a measure stops a chain, by which step: told in lines, `measure NAME HOLDS step: WORDS`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wardwatch.firmware.behaviours.measures import judged, measures
from wardwatch.firmware.drawing import chain_drawn

SAMPLES = sorted((Path(__file__).parent / "measures").glob("*.play"))


def _expected(text: str) -> tuple[dict[str, tuple[str, str]], str]:
    wanted, rest = {}, []
    for line in text.splitlines():
        if line.startswith("measure "):
            name, holds, words = line.removeprefix("measure ").split(" | ")
            wanted[name] = (holds, words)
        else:
            rest.append(line)
    return wanted, "\n".join(rest)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_measures(sample: Path, play: Callable[[str], Any]) -> None:
    wanted, text = _expected(sample.read_text())
    scene = play(text).scene
    chain = next(chain for chain in scene.chains if chain.is_whole)
    assert wanted
    for name, (holds, words) in wanted.items():
        said = judged(measures()[name], chain, scene.around)
        assert said.holds == holds, said
        assert words in f"{said.step}: {said.why}", said


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_answer_says_why_and_names_its_step(sample: Path, play: Callable[[str], Any]) -> None:
    _, text = _expected(sample.read_text())
    scene = play(text).scene
    for chain in scene.chains:
        for said in chain_drawn(scene, chain, measures().values()).mitigations:
            assert said.why
            assert said.step


def test_what_the_image_does_itself_is_judged(play: Callable[[str], Any]) -> None:
    text = (Path(__file__).parent / "measures" / "the-hidden-function.play").read_text()
    scene = play(_expected(text)[1].replace("4 sh /opt/bin", "3 sh ifconfig eth0 down\n4 sh /opt/bin")).scene
    drawn = chain_drawn(scene, scene.chains[0], ())
    assert [(said.name, said.holds) for said in drawn.mitigations] == [("interface-down", "does not stop")]
    assert drawn.completes is True
    assert "takes eth0 up again" in drawn.why


def test_without_the_step_that_takes_it_up_the_chain_is_stopped(play: Callable[[str], Any]) -> None:
    text = (Path(__file__).parent / "measures" / "the-hidden-function.play").read_text()
    silent = "\n".join(line for line in _expected(text)[1].splitlines() if "eth0 up" not in line)
    scene = play(silent.replace("4 sh /opt/bin", "3 sh ifconfig eth0 down\n4 sh /opt/bin")).scene
    drawn = chain_drawn(scene, scene.chains[0], ())
    assert [(said.name, said.holds) for said in drawn.mitigations] == [("interface-down", "stops")]
    assert drawn.completes is None


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("iptables -A OUTPUT -d 202.114.4.119 -j DROP", "cannot tell"),
        ("ip route add blackhole 202.114.4.0/24", "cannot tell"),
        ("iptables -A OUTPUT -d 203.0.113.9 -j DROP", "does not stop"),
    ],
)
def test_what_the_start_up_blocks_is_judged(play: Callable[[str], Any], line: str, holds: str) -> None:
    text = (Path(__file__).parent / "measures" / "the-hidden-function.play").read_text()
    scene = play(_expected(text)[1].replace("4 sh /opt/bin", f"3 sh {line}\n4 sh /opt/bin")).scene
    drawn = chain_drawn(scene, scene.chains[0], ())
    assert [(said.name, said.holds) for said in drawn.mitigations] == [("own-block", holds)]


def test_what_is_taken_down_later_is_no_measure_of_the_start_up(play: Callable[[str], Any]) -> None:
    text = (Path(__file__).parent / "measures" / "the-hidden-function.play").read_text()
    late = "edge main > off table label=Off\nin off\n0x9900 sh ifconfig eth0 down\nscript /etc"
    scene = play(_expected(text)[1].replace("script /etc", late, 1)).scene
    assert chain_drawn(scene, scene.chains[0], ()).mitigations == ()
