"""In: programs made by hand, and those of this machine. Out: whether components, bill and matches say what is so."""

import gzip
import json
import re
import shutil
import struct
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.dissection import Component
from wardwatch.errors import InputError, UsageError
from wardwatch.firmware.inventory import components, matched, matches, sbom
from wardwatch.firmware.inventory.elf import properties
from wardwatch.firmware.inventory.versions import versions
from wardwatch.firmware.tree import Node, NodeKind, Tree
from wardwatch.vocabulary import Indicator

ARM, MIPS, OLD_ABI, EABI5_HARD = 40, 8, 0x2, 0x05000400


def tree(**contents: bytes) -> Tree:
    """Files by name; `_` in a name stands for a slash."""
    nodes = [
        Node("/" + name.replace("_", "/"), NodeKind.FILE, len(data), read=lambda limit, data=data: data[:limit])
        for name, data in contents.items()
    ]
    return Tree(tuple(sorted(nodes, key=lambda node: node.path)), ())


def header(machine: int, kind: int, flags: int, *, bits: int = 32, little: bool = True) -> bytes:
    """The file header of System V ABI, chapter 4, and nothing behind it."""
    order = "<" if little else ">"
    ident = b"\x7fELF" + bytes([bits // 32, 1 if little else 2, 1]) + bytes(9)
    form = order + ("HHIIIIIHHHHHH" if bits == 32 else "HHIQQQIHHHHHH")
    return ident + struct.pack(form, kind, machine, 1, 0, 0, 0, flags, 52, 32, 0, 40, 0, 0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (header(ARM, 2, EABI5_HARD), ["architecture: ARM, 32 bits, little endian", "ABI: EABI 5, hard float"]),
        (header(ARM, 2, OLD_ABI), ["architecture: ARM, 32 bits, little endian", "ABI: old (before EABI)"]),
        (header(MIPS, 2, 0x1000, little=False), ["architecture: MIPS, 32 bits, big endian", "ABI: o32"]),
        (header(183, 2, 0, bits=64), ["architecture: AArch64, 64 bits, little endian"]),
        (header(999, 2, 0), ["architecture: machine 999, 32 bits, little endian"]),
    ],
)
def test_a_damaged_program_still_says_its_architecture(data: bytes, expected: list[str]) -> None:
    found = properties(data)
    assert found
    assert (found.kind, list(found.pairs)) == ("damaged program", expected)


def test_a_kernel_module_says_for_which_kernel_it_was_built() -> None:
    data = header(ARM, 1, 0x05000000) + b"\0license=GPL\0vermagic=2.6.27.8 preempt mod_unload ARMv5 \0"
    (found,) = components(tree(lib_eth=data))
    assert (found.kind, found.version) == ("kernel module", "2.6.27.8")
    assert "vermagic: 2.6.27.8 preempt mod_unload ARMv5" in found.properties


def programs() -> list[Path]:
    """Programs and libraries of this machine, of several kinds."""
    named = [sys.executable, *(found for name in ("sh", "bash", "ls", "ssh", "mount") if (found := shutil.which(name)))]
    libraries = sorted(Path(sys.prefix).rglob("*.so"))[:6]
    return [Path(path).resolve() for path in named] + libraries


@pytest.mark.skipif(not shutil.which("readelf"), reason="readelf is not here: nothing to compare with")
@pytest.mark.parametrize("path", programs(), ids=lambda path: path.name)
def test_what_a_program_says_of_itself_is_what_readelf_says(path: Path) -> None:
    asked = ["readelf", "-W", "-h", "-l", "-d", "-S", "-n", str(path)]
    theirs = subprocess.run(asked, capture_output=True, text=True, check=True, env={"LC_ALL": "C"}).stdout
    found = properties(path.read_bytes())
    assert found
    pairs = dict(pair.split(": ", 1) for pair in found.pairs)
    interpreter = re.search(r"interpreter: (\S+)\]", theirs)
    assert pairs.get("interpreter") == (interpreter[1] if interpreter else None)
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", theirs)
    assert pairs.get("needs", "") == ", ".join(needed)
    build = re.search(r"Build ID: (\w+)", theirs)
    assert pairs.get("build id") == (build[1] if build else None)
    stack = re.search(r"GNU_STACK.* (R[W ][E ]) ", theirs)
    assert pairs["stack not executable"] == ("not stated" if not stack else "no" if "E" in stack[1] else "yes")
    now = "BIND_NOW" in theirs or re.search(r"FLAGS_1\).*NOW", theirs)
    assert pairs["RELRO"] == ("no" if "GNU_RELRO" not in theirs else "full" if now else "partial")
    assert pairs["stripped"] == ("no" if ".symtab" in theirs else "yes")
    is_pie = bool(re.search(r"FLAGS_1\).*PIE", theirs)) or ("DYN" in theirs and bool(interpreter))
    assert pairs["position independent"] == ("yes" if is_pie else "library" if "DYN" in theirs else "no")


@pytest.mark.parametrize(
    ("string", "name", "version"),
    [
        (b"BusyBox v1.22.1 (2014-05-12 10:00:00 CST)\0", "busybox", "1.22.1"),
        (b"Linux version 2.6.27.8 (builder@host) (gcc version 4.3.2) #1\0", "linux", "2.6.27.8"),
        (b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n", "glibc", "2.36"),
        (b"OpenSSL 1.0.1e 11 Feb 2013\0", "openssl", "1.0.1e"),
        (b" inflate 1.2.3 Copyright 1995-2005 Mark Adler \0", "zlib", "1.2.3"),
        (b"libcurl/7.21.0\0", "curl", "7.21.0"),
        (b"SSH-2.0-dropbear_2014.63\r\n\0", "dropbear", "2014.63"),
        (b"musl libc (arm)\nVersion %s\n\0\0Version 1.2.3\0", "musl", "1.2.3"),
        (b"U-Boot 2012.10 (Jan 01 2013 - 00:00:00)\0", "u-boot", "2012.10"),
        (b"This is the QtCore library version Qt 5.12.8 (x86)\0", "qt", "5.12.8"),
    ],
)
def test_software_names_itself(string: bytes, name: str, version: str) -> None:
    assert [(each.name, each.version) for each in versions(b"\x7fELF...\0" + string)] == [(name, version)]


def test_a_name_without_a_version_is_no_version() -> None:
    assert versions(b"needs BusyBox vI or OpenSSL later, libcurl/ and uClibc\0") == ()


def test_every_pattern_holds_its_marker() -> None:
    assert versions(b"uClibc-0.9.33.2\0")[0].cpe == "cpe:2.3:a:uclibc:uclibc:0.9.33.2:*:*:*:*:*:*:*"


BANNER = b"Linux version 4.4.14 (root@b) (gcc version 5.3) #1 SMP\0"


@pytest.mark.parametrize(
    "image",
    [
        bytes(36) + b"\x18\x28\x6f\x01" + bytes(1000) + gzip.compress(BANNER + bytes(200_000)) + bytes(70_000),
        b"\x27\x05\x19\x56" + bytes(28) + b"Linux-4.4.14".ljust(32, b"\0") + bytes(range(256)) * 300,
        bytes(5000) + BANNER + bytes(70_000),
    ],
    ids=["zImage", "uImage", "vmlinux"],
)
def test_a_kernel_is_known_by_its_banner_or_header(image: bytes) -> None:
    (found,) = components(tree(boot_kernel=image))
    assert (found.kind, found.name, found.version) == ("kernel", "linux", "4.4.14")


def everything() -> Tree:
    program = Path(sys.executable).resolve().read_bytes()[: 1 << 20]
    return tree(
        bin_busybox=program + b"\0BusyBox v1.19.4 (x)\0",
        etc_rcS=b"#!/bin/sh\n",
        etc_a=b"",
        opt_b=b"x",
        boot_k=bytes(9) + BANNER * 2000,
    )


def test_files_are_listed_with_their_hash_in_the_order_of_paths() -> None:
    found = components(everything())
    by_path = [each.path for each in found]
    assert by_path == sorted(by_path)
    assert {each.path for each in found} == {node.path for node in everything().nodes}
    assert all(each.sha256 == sha256(_data(each.path)).hexdigest() for each in found)
    assert [(each.name, each.version) for each in found if each.version] == [("busybox", "1.19.4"), ("linux", "4.4.14")]
    assert [each.kind for each in found if each.path == "/etc/rcS"] == ["script"]


def _data(path: str) -> bytes:
    return next(node.read(1 << 30) for node in everything().nodes if node.path == path)


def test_the_bill_of_materials_keeps_its_schema_and_is_the_same_twice() -> None:
    found = components(everything())
    text = sbom(found, "monitor.cramfs")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert text == sbom(found, "monitor.cramfs")
    document = json.loads(text)
    assert document["specVersion"] == "1.6"
    assert len(document["components"]) == len(found)
    assert "timestamp" not in document["metadata"]
    assert document["metadata"]["component"]["name"] == "monitor.cramfs"
    (busybox,) = (each for each in document["components"] if each["name"] == "busybox" and "version" in each)
    assert busybox["cpe"] == "cpe:2.3:a:busybox:busybox:1.19.4:*:*:*:*:*:*:*"


def test_the_bill_does_not_depend_on_the_seed_of_hashes() -> None:
    code = (
        "from wardwatch.dissection import Component; from wardwatch.firmware.inventory import sbom;"
        "parts = [Component('file', f'n{i % 7}', f'/{i}', '0' * 64, i, '', (f'a: {i}', 'b: c')) for i in range(40)];"
        "print(sbom(parts, 'x'))"
    )
    ran = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert ran[0] == ran[1]
    assert len(ran[0]) > 1000


def test_components_that_share_a_name_are_told_apart() -> None:
    twice = [Component("library", "zlib", "/a", "0" * 64, 1, version) for version in ("1.2.3", "1.2.4")]
    references = [each["bom-ref"] for each in json.loads(sbom(twice, "x"))["components"]]
    assert sorted(references) == ["/a#zlib", "/a#zlib#2"]


def test_a_published_hash_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = sha256(b"known").hexdigest()
    published = Indicator("sha256", digest.upper(), "a known program", "somebody")
    monkeypatch.setattr("wardwatch.firmware.inventory.known.indicators", lambda: (published,))
    monkeypatch.setattr("wardwatch.firmware.inventory.known._hashes", lambda: {published.value.lower(): published})
    (found,) = matches(tree(opt_monitor=b"known", opt_other=b"unknown"))
    assert (found.path, found.by, found.about, found.source) == ("/opt/monitor", "hash", "a known program", "somebody")


RULES = """
rule mount_by_code {
    meta: description = "mounts a fixed share" reference = "CVE-2025-0626"
    strings: $a = "mount -o nolock -t nfs "
    condition: $a
}
rule silent { strings: $a = "never there" condition: $a }
"""


def test_yara_rules_of_a_folder_are_applied(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "own.yar").write_text(RULES)
    found = matches(tree(opt_monitor=b"..mount -o nolock -t nfs x", opt_other=b"y"), tmp_path)
    assert [(each.path, each.by, each.name, each.about, each.source) for each in found] == [
        ("/opt/monitor", "YARA", "mount_by_code", "mounts a fixed share", "CVE-2025-0626")
    ]


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    endless = "for all i in (0..1000000000) : ( uint8(i % filesize) == 97 )"
    (tmp_path / "slow.yara").write_text(f"rule slow {{ condition: {endless} }}")
    found = matched(tree(opt_a=b"a" * 2000), tmp_path, seconds=1)
    assert found.found == ()
    assert [each.at.file for each in found.unread] == ["/opt/a"]
    assert found.unread[0].bears_on == ("firmware.known-binary",)


def test_rules_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        matches(tree(a=b""), tmp_path)
    (tmp_path / "bad.yar").write_text("rule { nonsense")
    with pytest.raises(InputError, match=r"bad\.yar"):
        matches(tree(a=b""), tmp_path)
    (tmp_path / "bad.yar").write_text('include "/etc/passwd"')
    with pytest.raises(InputError):
        matches(tree(a=b""), tmp_path)


@given(st.binary(max_size=400), st.integers(0, 300))
def test_any_bytes_behind_an_elf_magic_are_read(noise: bytes, cut: int) -> None:
    for data in (header(ARM, 2, 0)[:16] + noise, header(ARM, 2, 0)[:cut] + noise, noise):
        components(tree(a=data))
