"""In: rules for Suricata and Snort, and captures. Out: whether they tell of what they should, and of nothing else."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from suricataparser import parse_rules

from wardwatch.contain.detect import detections
from wardwatch.contain.watched import Watched
from wardwatch.errors import UsageError

House = Seen = Made = Any  # of conftest.py, and of libraries without types
HERE = Path(__file__).parent
CAPTURES = sorted((HERE / "captures").glob("*/*.play"))
CONFIG = """%YAML 1.1
---
vars:
  address-groups: {HOME_NET: any, EXTERNAL_NET: any}
  port-groups: {}
stream: {midstream: false, checksum-validation: no}
app-layer: {protocols: {}}
outputs:
- eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [alert]}
"""
LANGUAGES = {"suricata": "wardwatch-suricata.rules", "snort": "wardwatch-snort.rules"}


def test_captures_fire_and_stay_silent(house: House) -> None:
    told = {path.parent.name: [] for path in CAPTURES}
    for path in CAPTURES:
        told[path.parent.name].append(house.capture(path).told)
    assert all(each["tells"] for each in told["fires"])
    assert not any(each["tells"] or each["sigma"] or each["stix"] for each in told["silent"])
    assert {name for each in told["fires"] for name in each["tells"]} == {
        "traffic.known-address", "traffic.cms-stream", "traffic.remote-mount", "traffic.phone-home",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_a_second_reading_tells_what_is_to_be_told(path: Path, language: str, house: House) -> None:
    seen = house.capture(path)
    found = house.alerts(house.rules(house.texts(language, seen.policy)[LANGUAGES[language]]), seen)
    assert {rule.name for rule in found} == seen.told["tells"]


@pytest.mark.parametrize("policy", ["ward", "vlans", "own-station", "alone", "called"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_parser_of_others_reads_every_rule(language: str, policy: str, house: House) -> None:
    text = house.texts(language, policy)[LANGUAGES[language]]
    ours = house.rules(text)
    theirs = parse_rules(text)
    assert [rule.sid for rule in theirs] == [rule.sid for rule in ours]
    assert len({rule.sid for rule in ours}) == len(ours)
    assert all(1_000_000 <= rule.sid < 2_000_000 and rule.rev == 1 for rule in theirs)
    assert [rule.msg for rule in theirs] == [rule.message for rule in ours]


def test_snort_is_told_to_repeat_itself_no_more_than_suricata(house: House) -> None:
    files = house.texts("snort", "vlans")
    limited = re.findall(r"sid = (\d+), type = 'limit', track = 'by_src', count = 1", files["wardwatch-snort.lua"])
    assert [int(sid) for sid in limited] == [rule.sid for rule in house.rules(files["wardwatch-snort.rules"])]


def suricata(folder: Path, rules: str, *words: str) -> str:
    if not shutil.which("suricata"):
        pytest.skip("not installed: suricata (Debian: suricata, in bookworm from backports)")
    (folder / "rules").write_text(rules, encoding="utf-8")
    for name in ("classification.config", "reference.config", "threshold.config"):
        shutil.copy(Path("/etc/suricata") / name, folder / name)
    files = {
        "classification-file": "classification",
        "reference-config-file": "reference",
        "threshold-file": "threshold",
    }
    lines = [f"{word}: {folder / name}.config\n" for word, name in files.items()]
    (folder / "suricata.yaml").write_text(CONFIG + "".join(lines), encoding="utf-8")
    command = ["suricata", "-c", str(folder / "suricata.yaml"), "-S", str(folder / "rules"), "-l", str(folder)]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stderr + done.stdout


@pytest.mark.parametrize("policy", ["ward", "vlans", "own-station", "alone", "called"])
def test_suricata_takes_the_rules_without_a_word(policy: str, house: House, tmp_path: Path) -> None:
    told = suricata(tmp_path, house.texts("suricata", policy)[LANGUAGES["suricata"]], "-T")
    assert not re.findall(r"^[EW].*(?:rule|sig|detect).*", told, re.MULTILINE)


@pytest.mark.parametrize("policy", ["vlans", "own-station", "called"])
def test_suricata_tells_what_is_to_be_told(policy: str, house: House, tmp_path: Path) -> None:
    text = house.texts("suricata", policy)[LANGUAGES["suricata"]]
    captures = tmp_path / "captures"
    captures.mkdir()
    seen = [house.capture(path) for path in CAPTURES]
    names = {rule.sid: rule.name for rule in house.rules(text)}
    asked = [each for each in seen if each.policy == policy]
    for number, each in enumerate(asked):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "x.pcap").write_bytes(each.pcap)
        suricata(folder, text, "-r", str(folder / "x.pcap"), "-k", "none", "--runmode", "single")
        lines = (folder / "eve.json").read_text(encoding="utf-8").splitlines()
        found = {json.loads(line)["alert"]["signature_id"] for line in lines}
        assert {names[sid] for sid in found} == each.told["tells"], each.name
        assert found == {rule.sid for rule in house.alerts(house.rules(text), each)}, each.name


SAMPLES = HERE / "samples"
CASES = sorted((path.parent.name, path.name) for path in SAMPLES.glob("*/*") if path.is_dir())


@pytest.mark.parametrize(("form", "policy"), CASES)
def test_a_format_writes_what_was_read_and_approved(form: str, policy: str, house: House) -> None:
    files = house.texts(form, policy)
    assert set(files) == {path.name for path in (SAMPLES / form / policy).iterdir()}
    for name, text in files.items():
        assert text == (SAMPLES / form / policy / name).read_text(encoding="utf-8")


def test_each_format_says_when_it_ends_and_how_to_go_back(house: House) -> None:
    for name, detection in detections().items():
        texts = detection.write(house.watched("vlans"))
        assert texts.install
        assert texts.rollback
        assert texts.check
        assert detection.limits
        assert all("2027-02-25" in text for text in texts.files.values()), name


def test_without_a_blocked_network_there_is_nothing_to_watch_for(house: House) -> None:
    policy = replace(house.watched("vlans").policy, blocks=())
    with pytest.raises(UsageError, match="no network to watch for"):
        Watched(policy, ())
