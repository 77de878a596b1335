"""The kernel of the vital signs built with sanitizers, run over what the twin sends and changed copies of it."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
KERNEL = ROOT / "src" / "wardwatch" / "vitals" / "beats" / "kernel"
FLAGS = ["-std=gnu11", "-O1", "-g", "-DWW_MAIN", "-fno-strict-aliasing", "-Wall", "-Wextra", f"-I{KERNEL}"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
RUNS = 500


def _seeds(folder: Path) -> list[Path]:
    """Those of the fuzz harness."""
    spec = importlib.util.spec_from_file_location("beats_fuzz", ROOT / "fuzz" / "beats_fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.seeds(folder)


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_no_sanitizer_objects(tmp_path: Path) -> None:
    program = tmp_path / "driver"
    sources = [str(ROOT / "fuzz" / "beats_driver.c"), *map(str, sorted(KERNEL.glob("*.c")))]
    command = ["gcc", *FLAGS, *SANITIZERS, *sources, "-lm", "-o", str(program)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot find -lasan" in made.stderr or "cannot find -lubsan" in made.stderr:
        pytest.skip("gcc is here, its sanitizers are not")
    assert made.returncode == 0, made.stderr
    command = [str(program), str(RUNS), *map(str, _seeds(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"number_of_executed_units: {RUNS}" in done.stdout
