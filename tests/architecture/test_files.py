"""In: every text file of the checkout. Out: whether it names no path of a machine and a reason for each exception."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATH_OF_A_MACHINE = re.compile(r"(?<![\w.$}~-])/(work|home|root|Users)/\.?\w")
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover)")
REASONED = re.compile(r"#\s*(noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type:\s*ignore\[[\w, -]+\]|pragma:\s*no cover)  # \S.*\w")
SWITCHED_OFF = re.compile(r"#\s*(ruff:\s*noqa|mypy:\s*ignore-errors|fmt:\s*off)")
THIS = Path(__file__).resolve()


def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        return sorted(path for path in (ROOT / "src").rglob("*") if path.is_file())
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def texts() -> list[tuple[str, str]]:
    """Path and content of each text file; what is no UTF-8 is no text."""
    found = []
    for path in files():
        if path == THIS:
            continue
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def lines(pattern: re.Pattern[str], *, suffix: str = "") -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts()
        if name.endswith(suffix)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines(PATH_OF_A_MACHINE) == []


def test_each_exception_from_a_check_says_which_and_why() -> None:
    assert [line for line in lines(EXCEPTION, suffix=".py") if not REASONED.search(line)] == []


def test_no_check_is_switched_off_for_a_whole_file() -> None:
    assert lines(SWITCHED_OFF, suffix=".py") == []


@pytest.mark.parametrize("text", ["open('/home/ann/x')", "see /work/notes", "/root/.cache"])
def test_paths_of_a_machine_are_seen(text: str) -> None:
    assert PATH_OF_A_MACHINE.search(text)


@pytest.mark.parametrize("text", ["https://example.org/home/x", "src/work/x", "$HOME/.cache", "~/work/x", "./home/x"])
def test_other_paths_are_not_taken_for_one(text: str) -> None:
    assert not PATH_OF_A_MACHINE.search(text)
