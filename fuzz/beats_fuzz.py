"""In: libFuzzer's arguments. Out: nothing, unless a changed signal makes the sanitized beats kernel misbehave.

With clang the kernel is built for libFuzzer, which knows which branches an input reached; without, gcc builds the same
driver with a mutation loop of its own. The corpus is what the twin sends, and any folders named.

    python fuzz/beats_fuzz.py -max_total_time=60 [-artifact_prefix=fuzz/findings/] [CORPUS...]
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "src" / "wardwatch" / "vitals" / "beats" / "kernel"
FLAGS = [
    "-std=gnu11",
    "-O1",
    "-g",
    "-fno-strict-aliasing",
    "-fno-omit-frame-pointer",
    "-Wall",
    "-Wextra",
    f"-I{KERNEL}",
]
SANITIZERS = "address,undefined"
SECONDS = 40
RUNS_A_SECOND = 400
"""About so many the loop without libFuzzer makes."""


def build(folder: Path) -> tuple[Path, bool]:
    """The driver's program in `folder`, and whether it has libFuzzer in it."""
    sources = [str(ROOT / "fuzz" / "beats_driver.c"), *map(str, sorted(KERNEL.glob("*.c")))]
    program = folder / "beats_fuzz"
    if shutil.which("clang"):
        flags = [f"-fsanitize=fuzzer,{SANITIZERS}", "-fno-sanitize-recover=all"]
        command = ["clang", *FLAGS, *flags, *sources, "-lm", "-o", str(program)]
        done = subprocess.run(command, check=False)  # noqa: S603  # the compiler on our own sources
        if not done.returncode:
            return program, True
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        sys.exit("beats_fuzz.py: neither clang nor gcc is installed")
    flags = [f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all", "-DWW_MAIN"]
    command = [compiler, *FLAGS, *flags, *sources, "-lm", "-o", str(program)]
    subprocess.run(command, check=True)  # noqa: S603  # the compiler on our own sources
    return program, False


def seeds(folder: Path) -> list[Path]:
    """What the twin sends, each signal as its kind, with the bytes in front that choose rate, form and pieces."""
    from wardwatch.twin.waves import Body, Waves  # noqa: PLC0415  # only this needs the product

    waves = Waves(Body(heart_rate=72.0), Random(1))  # noqa: S311  # no secret
    told = [waves.second(second) for second in range(SECONDS)]
    made = []
    for kind, (name, rate) in enumerate((("lead_2", 5), ("pleth", 5), ("resp", 4))):
        for how in (2, 2 | 16, 2 | 32, 8):
            path = folder / f"{name}-{how}"
            path.write_bytes(bytes([kind, rate, how, 85]) + b"".join(getattr(second, name) for second in told))
            made.append(path)
    return made


def main() -> int:
    """The status of the driver: not 0 where something was found."""
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    given = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    seconds = next((option.split("=")[1] for option in options if option.startswith("-max_total_time=")), "60")
    with tempfile.TemporaryDirectory() as place:
        program, coverage = build(Path(place))
        corpus = Path(place) / "corpus"
        corpus.mkdir()
        files = [*seeds(corpus), *(path for folder in given for path in sorted(folder.iterdir()))]
        if coverage:
            folders = [str(corpus), *map(str, given)]
            command = [str(program), *options, "-max_len=65536", "-timeout=20", "-rss_limit_mb=2048", *folders]
        else:
            command = [str(program), str(RUNS_A_SECOND * int(seconds)), *map(str, files)]
        return subprocess.run(command, check=False).returncode  # noqa: S603  # the program just built


if __name__ == "__main__":
    sys.exit(main())
