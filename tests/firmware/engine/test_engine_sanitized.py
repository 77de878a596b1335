"""The engine's kernel built with sanitizers, run over thousands of pieces of random code."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
KERNEL = ROOT / "src" / "wardwatch" / "firmware" / "programs" / "engine" / "kernel"
FLAGS = ["-std=gnu11", "-O1", "-g", "-DWW_MAIN", "-fno-strict-aliasing", "-Wall", "-Wextra"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_no_sanitizer_objects(tmp_path: Path) -> None:
    program = tmp_path / "driver"
    sources = [str(ROOT / "fuzz" / "engine_driver.c"), *map(str, sorted(KERNEL.glob("*.c")))]
    command = ["gcc", *FLAGS, *SANITIZERS, f"-I{KERNEL}", *sources, "-o", str(program)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot find -lasan" in made.stderr or "cannot find -lubsan" in made.stderr:
        pytest.skip("gcc is here, its sanitizers are not")
    assert made.returncode == 0, made.stderr
    done = subprocess.run([str(program), "8000"], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "number_of_executed_units: 8000" in done.stdout
