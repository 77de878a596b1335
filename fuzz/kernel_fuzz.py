"""In: libFuzzer's arguments. Out: nothing, unless a changed capture makes the sanitized capture kernel misbehave.

With clang the kernel is built for libFuzzer, which knows which branches an input reached; without, gcc builds the same
driver with a mutation loop of its own. The corpus is the damaged captures of the tests, and any folders named.

    python fuzz/kernel_fuzz.py -max_total_time=60 [-artifact_prefix=fuzz/findings/] [CORPUS...]
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "src" / "wardwatch" / "traffic" / "kernel"
CORPUS = [ROOT / "tests" / "traffic" / "kernel" / "damaged", ROOT.parent / "shared" / "captures"]
FLAGS = ["-std=gnu11", "-O1", "-g", "-DWW_CHECK", "-fno-strict-aliasing", "-fno-omit-frame-pointer", f"-I{KERNEL}"]
SANITIZERS = "address,undefined"


def build(folder: Path) -> tuple[Path, bool]:
    """The driver's program in `folder`, and whether it has libFuzzer in it."""
    sources = [str(ROOT / "fuzz" / "kernel_driver.c"), *map(str, sorted(KERNEL.glob("*.c")))]
    program = folder / "kernel_fuzz"
    if shutil.which("clang"):
        flags = [f"-fsanitize=fuzzer,{SANITIZERS}", "-fno-sanitize-recover=all"]
        command = ["clang", *FLAGS, *flags, *sources, "-o", str(program)]
        done = subprocess.run(command, check=False)  # noqa: S603  # the compiler on our own sources
        if not done.returncode:
            return program, True
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        sys.exit("kernel_fuzz.py: neither clang nor gcc is installed")
    flags = [f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all", "-DWW_MAIN"]
    command = [compiler, *FLAGS, *flags, *sources, "-o", str(program)]
    subprocess.run(command, check=True)  # noqa: S603  # the compiler on our own sources
    return program, False


def seeds(folder: Path, given: list[str]) -> Path:
    """The corpus with the byte in front that chooses how each capture is cut."""
    found = [path for place in [*CORPUS, *map(Path, given)] if place.is_dir() for path in sorted(place.glob("*.pcap*"))]
    for number, path in enumerate(found):
        (folder / f"{number}-{path.name}").write_bytes(bytes([number % 8]) + path.read_bytes()[: 64 * 1024])
    return folder


def main() -> int:
    """The status of the driver: not 0 where something was found."""
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    seconds = next((option.split("=")[1] for option in options if option.startswith("-max_total_time=")), "60")
    with tempfile.TemporaryDirectory() as place:
        program, coverage = build(Path(place))
        corpus = Path(place) / "corpus"
        corpus.mkdir()
        seeds(corpus, given)
        if coverage:
            command = [str(program), *options, "-max_len=65536", "-timeout=20", "-rss_limit_mb=2048", str(corpus)]
        else:
            command = [str(program), seconds, *(str(path) for path in sorted(corpus.iterdir()))]
        return subprocess.run(command, check=False).returncode  # noqa: S603  # the program just built


if __name__ == "__main__":
    sys.exit(main())
