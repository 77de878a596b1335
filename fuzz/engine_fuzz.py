"""In: libFuzzer's arguments. Out: nothing, unless code made up at random makes the sanitized engine misbehave.

With clang the engine is built for libFuzzer, which knows which branches an input reached; without, gcc builds the same
driver with a loop of its own.

    python fuzz/engine_fuzz.py -max_total_time=60 [-artifact_prefix=fuzz/findings/] [CORPUS...]
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "src" / "wardwatch" / "firmware" / "programs" / "engine" / "kernel"
FLAGS = ["-std=gnu11", "-O1", "-g", "-fno-strict-aliasing", "-fno-omit-frame-pointer", f"-I{KERNEL}"]
SANITIZERS = "address,undefined"
ROUNDS = "200000"


def build(folder: Path) -> tuple[Path, bool]:
    """The driver's program in `folder`, and whether it has libFuzzer in it."""
    sources = [str(ROOT / "fuzz" / "engine_driver.c"), *map(str, sorted(KERNEL.glob("*.c")))]
    program = folder / "engine_fuzz"
    if shutil.which("clang"):
        flags = [f"-fsanitize=fuzzer,{SANITIZERS}", "-fno-sanitize-recover=all"]
        command = ["clang", *FLAGS, *flags, *sources, "-o", str(program)]
        done = subprocess.run(command, check=False)  # noqa: S603  # the compiler on our own sources
        if not done.returncode:
            return program, True
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        sys.exit("engine_fuzz.py: neither clang nor gcc is installed")
    flags = [f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all", "-DWW_MAIN"]
    command = [compiler, *FLAGS, *flags, *sources, "-o", str(program)]
    subprocess.run(command, check=True)  # noqa: S603  # the compiler on our own sources
    return program, False


def main() -> int:
    """The status of the driver: not 0 where something was found."""
    with tempfile.TemporaryDirectory() as place:
        program, coverage = build(Path(place))
        given = sys.argv[1:]
        files = [argument for argument in given if not argument.startswith("-")]
        command = [str(program), *given, "-max_len=4096", "-timeout=20"] if coverage else [str(program), ROUNDS, *files]
        return subprocess.run(command, check=False).returncode  # noqa: S603  # the program just built


if __name__ == "__main__":
    sys.exit(main())
