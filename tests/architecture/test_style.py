"""In: every module of src/. Out: whether it keeps the style: first line, lengths, standard library for the words.

An exception stands in a list with its reason, and must leave the list once it is cured.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "wardwatch"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST_FUNCTION = 60
MEDIAN_FUNCTION = 10
LONGEST_FILE = 300

LONG_FUNCTIONS: dict[str, str] = {}
"""'path:function' below src/wardwatch, and why it is better in one piece."""

LONG_FILES: dict[str, str] = {
    "firmware/programs/engine/kernel/mips.c": "one instruction set, decoded and run in one reading of its manual",
    "firmware/programs/engine/kernel/aarch64.c": "one instruction set stands together",
    "firmware/programs/engine/kernel/paths.c": "branches, calls and returns only hold together",
    "firmware/programs/engine/kernel/texts_models.c": "models of the string functions stand in one table",
    "firmware/programs/engine/kernel/x86.c": "one instruction set stands together; vectors apart",
    "firmware/programs/engine/kernel/x86_sse.c": "one instruction set stands together",
    "protocols/_rpc_programs.py": "the procedures of portmap, mount and NFS stand in one table, as in their RFCs",
    "protocols/cms_blocks.py": "the blocks of the stream stand together, as in the published decoding of them",
    "traffic/beacons.py": "one statistic, whose bounds only hold together",
    "traffic/kernel/kernel.h": "the kernel's parts share one header, so that no declaration exists twice",
    "vocabulary.py": "the words stand together: who knows this file knows what domains and documents say to each other",
}
"""Path below src/wardwatch, and why it is better in one piece."""

WORDS = ("vocabulary.py", "curves.py", "dissection.py", "tried.py", "errors.py", "printable.py")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.name, node.end_lineno - node.lineno + 1


def name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def imported(path: Path) -> Iterator[str]:
    """First part of each module imported from outside the package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_first_line_says_what_goes_in_and_what_comes_out(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text, f"{name(path)} has no docstring"
    first = text.splitlines()[0]
    if name(path) == "__init__.py":
        return  # the product's own sentence
    assert first.startswith("In: "), f"{name(path)} begins with {first!r}, not with 'In: ...'"
    assert " Out: " in first, f"{name(path)} does not name what comes out, in its first line"


def test_functions_are_short() -> None:
    lengths = [length for path in MODULES for _, length in functions(path)]
    assert statistics.median(lengths) < MEDIAN_FUNCTION


def test_long_functions_are_the_listed_ones() -> None:
    long = {
        f"{name(path)}:{function}"
        for path in MODULES
        for function, length in functions(path)
        if length > LONGEST_FUNCTION
    }
    assert long == set(LONG_FUNCTIONS), "split them, or list them with a reason; take cured ones from the list"


def test_long_files_are_the_listed_ones() -> None:
    sources = [*MODULES, *SOURCE.rglob("*.c"), *SOURCE.rglob("*.h")]
    long = {name(path) for path in sources if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE}
    assert long == set(LONG_FILES), "split them, or list them with a reason; take cured ones from the list"


def test_every_exception_has_a_reason() -> None:
    assert all(reason.strip() for reason in (*LONG_FUNCTIONS.values(), *LONG_FILES.values()))


@pytest.mark.parametrize("module", WORDS)
def test_the_words_need_the_standard_library_only(module: str) -> None:
    assert set(imported(SOURCE / module)) <= sys.stdlib_module_names
