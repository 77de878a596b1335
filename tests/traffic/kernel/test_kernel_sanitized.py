"""The kernel built with sanitizers, run over every sample and thousands of changed copies of them."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
KERNEL = ROOT / "src" / "wardwatch" / "traffic" / "kernel"
CAPTURES = ROOT.parent / "shared" / "captures"
FLAGS = ["-std=gnu11", "-O1", "-g", "-DWW_CHECK", "-DWW_MAIN", "-fno-strict-aliasing", "-Wall", "-Wextra"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fuzzing driver with a main of its own."""
    program = tmp_path_factory.mktemp("sanitized") / "driver"
    sources = [str(ROOT / "fuzz" / "kernel_driver.c"), *map(str, sorted(KERNEL.glob("*.c")))]
    done = subprocess.run(
        ["gcc", *FLAGS, *SANITIZERS, f"-I{KERNEL}", *sources, "-o", str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "cannot find -lasan" in done.stderr or "cannot find -lubsan" in done.stderr:
        pytest.skip("gcc is here, its sanitizers are not")
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_no_sanitizer_objects(driver: Path) -> None:
    samples = [*Path(__file__).with_name("damaged").iterdir()]
    samples += CAPTURES.glob("*.pcap*") if CAPTURES.is_dir() else []
    done = subprocess.run(
        [str(driver), "4", *map(str, sorted(samples))], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "number_of_executed_units" in done.stdout
