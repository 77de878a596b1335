"""In: README.md, docs/ and CHANGELOG.md. Out: whether they say what the program and the folders say."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from wardwatch import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCK = re.compile(r"```(?:console|sh|shell|bash)?\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]+)")
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))


def commands() -> list[str]:
    """Each command line of wardwatch that a document shows, prompt, pipe and comment taken off."""
    found = []
    for document in filter(Path.exists, DOCUMENTS):
        for block in BLOCK.findall(document.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                part = re.search(r"(?:^|[\s/|])wardwatch (.+)", line.split("  #")[0])
                if part and not line.lstrip().startswith(("#", "//")):
                    found.append(part[1].split("|")[0].strip())
    return sorted(set(found))


def help_of(words: tuple[str, ...], home: Path) -> str:
    """What `wardwatch WORDS --help` prints; empty where there is no such command."""
    program = "from wardwatch.cli.main import run; run()"
    shown = subprocess.run(
        [sys.executable, "-c", program, *words, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={"NO_COLOR": "1", "COLUMNS": "200", "PATH": "", "HOME": str(home)},
    )
    return shown.stdout if shown.returncode == 0 else ""


@pytest.mark.parametrize("command", commands())
def test_a_shown_command_is_one_the_program_knows(command: str, tmp_path: Path) -> None:
    words = tuple(word for word in command.split() if re.fullmatch(r"[a-z]+", word))
    pages = [help_of(words[:count], tmp_path) for count in range(min(len(words), 2) + 1)]
    assert pages[0]
    if words and not command.startswith("-"):
        assert re.search(rf"^\s*{words[0]}\b", pages[0], re.MULTILINE), f"--help does not list {words[0]!r}"
    for option in OPTION.findall(command):
        assert any(option in page for page in pages), f"{option} is in no --help of: wardwatch {command}"


def test_the_readme_shows_commands() -> None:
    assert len(commands()) > 3


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_decisions_are_numbered_without_a_hole_and_listed() -> None:
    assert [path.name[:5] for path in RECORDS if path.name != "README.md"] == [
        f"{number:04d}-" for number in range(1, len(RECORDS))
    ]
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d{4}-[^)]+\.md)\)", index) == [path.name for path in RECORDS if path.name != "README.md"]


@pytest.mark.parametrize("record", [path for path in RECORDS if path.name != "README.md"], ids=lambda path: path.stem)
def test_a_decision_says_why_and_what_else_was_weighed(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    number = int(record.name[:4])
    assert text.startswith(f"# {number}. ")
    for heading in ("## Status", "## Context", "## Decision", "## Considered as well", "## Consequences"):
        assert f"\n{heading}\n" in text


def test_the_changelog_knows_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert __version__ in headings or len(headings) == 1


def test_the_version_is_said_once_in_two_places() -> None:
    assert f'\nversion = "{__version__}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_every_module_folder_is_drawn_in_the_architecture() -> None:
    drawn = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for folder in sorted((ROOT / "src" / "wardwatch").iterdir()):
        if folder.is_dir() and (folder / "__init__.py").exists():
            assert f"{folder.name}/" in drawn, f"docs/architecture.md does not speak of {folder.name}/"


def test_the_bundled_capture_is_the_one_its_page_describes() -> None:
    for capture in (ROOT / "examples").glob("*.pcap"):
        assert sha256(capture.read_bytes()).hexdigest() in (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
