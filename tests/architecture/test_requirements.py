"""In: requirements/. Out: whether each file is pinned, hashed, free of addresses, and agrees with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "requirements"
PINNED = sorted(FOLDER.glob("*.txt"))
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)==[^ \\]+")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements(path: Path) -> list[str]:
    """Each requirement of a compiled file as one line, comments left out."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def names(path: Path) -> dict[str, str]:
    """Name and pinned version of each requirement."""
    return {line.split("==")[0]: line.split()[0] for line in requirements(path)}


def test_there_is_a_compiled_file_for_every_list() -> None:
    assert {path.stem for path in PINNED} == {path.stem for path in FOLDER.glob("*.in")}
    assert PINNED


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_no_file_holds_an_address_or_a_path(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert "://" not in line
        assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|(^|[ \"'=])/", line)


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_each_requirement_is_pinned_and_hashed(path: Path) -> None:
    found = requirements(path)
    assert found
    for requirement in found:
        assert PIN.match(requirement), requirement
        assert HASH.search(requirement), requirement


def test_the_runtime_list_is_what_the_project_depends_on() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    listed = [line for line in (FOLDER / "runtime.in").read_text().splitlines() if not line.startswith("#")]
    assert sorted(listed) == sorted(declared)


def test_the_build_list_holds_what_the_build_needs() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert set(needed) <= set(names(FOLDER / "build.txt"))


@pytest.mark.parametrize("smaller", ["runtime", "build"])
def test_developers_run_what_users_run(smaller: str) -> None:
    ours = names(FOLDER / "dev.txt")
    for name, pin in names(FOLDER / f"{smaller}.txt").items():
        assert ours[name] == pin
