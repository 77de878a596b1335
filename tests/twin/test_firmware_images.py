"""In: the twin's firmware. Out: whether its images are whole, small, reproducible, and what their truth says."""

import json
import shutil
import stat
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.cli.twin import twin
from wardwatch.errors import UsageError
from wardwatch.twin import firmware
from wardwatch.twin.firmware import cramfs, recipe, signing
from wardwatch.twin.firmware.deflate import compressed
from wardwatch.twin.firmware.personalities import PERSONALITIES
from wardwatch.twin.firmware.waves import HEART_RATE, RATE, SECONDS, waves

SMALL = 100_000
MOUNT = b"mount -o nolock -t nfs 202.114.4.119:/pm /mnt"


def unpacked(image: bytes) -> dict[str, tuple[int, bytes]]:
    """Mode and content of each entry, read as the kernel's documentation says and with Python's own zlib."""
    found: dict[str, tuple[int, bytes]] = {}

    def content(offset: int, size: int) -> bytes:
        count = -(-size // 4096)
        at, out = offset + 4 * count, b""
        for end in struct.unpack_from(f"<{count}I", image, offset):
            out += zlib.decompress(image[at:end])
            at = end
        return out

    def walk(path: str, record: int) -> None:
        mode, _uid, size, name = struct.unpack_from("<HHII", image, record)
        size, offset = size & 0xFFFFFF, (name >> 6) * 4
        if stat.S_ISDIR(mode):
            found[path or "/"] = mode, b""
            at = offset
            while at < offset + size:
                length = (struct.unpack_from("<I", image, at + 8)[0] & 63) * 4
                walk(f"{path}/{image[at + 12 : at + 12 + length].rstrip(bytes(1)).decode()}", at)
                at += 12 + length
        else:
            found[path] = mode, b"" if stat.S_ISCHR(mode) else content(offset, size)

    walk("", 64)
    return found


@pytest.fixture(params=firmware.VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@given(
    st.one_of(st.binary(max_size=600), st.text("ab", max_size=3000).map(str.encode), st.integers(0, 9000).map(bytes))
)
def test_compressed_data_is_what_zlib_reads(data: bytes) -> None:
    assert zlib.decompress(compressed(data)) == data


def test_matches_of_every_length_and_distance_are_coded() -> None:
    noise = b"".join(struct.pack(">I", number * 2654435761 & 0xFFFFFFFF) for number in range(8100))
    data = b"".join(noise[place * 97 % 31000 :][: 3 + place] for place in range(256))
    assert zlib.decompress(compressed(noise + data)) == noise + data
    assert len(compressed(noise + data)) < len(noise + data)


def test_an_image_is_whole_by_its_own_checksum(version: str) -> None:
    image = firmware.image(version)
    magic, size = struct.unpack_from("<II", image)
    assert (magic, size, image[16:32]) == (0x28CD3D45, len(image), b"Compressed ROMFS")
    (checksum,) = struct.unpack_from("<I", image, 32)
    assert zlib.crc32(image[:32] + bytes(4) + image[36:]) == checksum
    assert len(image) < SMALL


@pytest.mark.skipif(not shutil.which("fsck.cramfs"), reason="fsck.cramfs (util-linux) is not installed")
def test_fsck_accepts_the_image(version: str, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(firmware.image(version))
    done = subprocess.run(["fsck.cramfs", "-v", str(tmp_path / "image")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_image_boots_what_it_holds(version: str) -> None:
    entries = unpacked(firmware.image(version))
    inittab, script = entries["/etc/inittab"][1].decode(), entries["/etc/init.d/rcS"][1].decode()
    assert "/etc/init.d/rcS" in inittab
    for program in ("/opt/bin/monitor", "/opt/bin/update", "/bin/toolbox"):
        mode, content = entries[program]
        assert mode & 0o111
        assert content[:20] == b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x28\x00"  # 32 bits, little-endian, ARM
    assert script.index("/opt/bin/update") < script.index("/opt/bin/monitor")
    assert ("ifconfig eth0 down" in script) is json.loads(firmware.truth(version))["eth0_down_at_start"]
    assert stat.S_ISCHR(entries["/dev/console"][0])
    assert entries["/bin/sh"][1] == b"toolbox"


def test_only_some_versions_show_their_command_to_strings() -> None:
    plain = {
        version for version in firmware.VERSIONS if MOUNT in unpacked(firmware.image(version))["/opt/bin/monitor"][1]
    }
    assert plain == {"2.0.6", "2.0.7"}


def test_the_last_patch_has_no_network() -> None:
    entries = unpacked(firmware.image("2025-07"))
    everything = b"".join(content for _, content in entries.values())
    assert "/sbin/ifconfig" not in entries
    assert b"202.114" not in everything
    assert b"eth0" not in everything


def test_the_function_of_207_is_that_of_206() -> None:
    before, after = (unpacked(firmware.image(version)) for version in ("2.0.6", "2.0.7"))
    for program in ("/opt/bin/monitor", "/opt/bin/update"):
        assert before[program][1].replace(b"2.0.6", b"2.0.7") == after[program][1]


@pytest.mark.long
def test_the_recipe_gives_the_bundled_image(version: str) -> None:
    assert recipe.build(PERSONALITIES[version]) == firmware.image(version)


def test_the_recipe_gives_the_bundled_image_of_the_last_patch() -> None:
    pytest.importorskip("ziglang")
    assert recipe.build(PERSONALITIES["2025-07"]) == firmware.image("2025-07")


def test_waves_beat_as_often_as_is_shown() -> None:
    lead = b"".join(waves()[at : at + RATE] for at in range(0, len(waves()), 5 * RATE - 128 + 4))
    peaks = [at for at in range(1, len(lead) - 1) if lead[at] > 185 and lead[at - 1] < lead[at] >= lead[at + 1]]
    assert len(peaks) * 60 / SECONDS == HEART_RATE


def test_a_folder_without_entries_and_an_odd_name_are_kept() -> None:
    entries = {"/empty": cramfs.folder(0o700), "/a/ö b": cramfs.plain(b"x" * 5000), "/l": cramfs.link("a/ö b")}
    seen = unpacked(cramfs.image(entries, "odd"))
    assert seen["/a/ö b"][1] == b"x" * 5000
    assert seen["/l"] == (stat.S_IFLNK | 0o777, "a/ö b".encode())
    assert seen["/empty"] == (stat.S_IFDIR | 0o700, b"")


def test_a_version_is_written_with_its_truth(tmp_path: Path) -> None:
    image, truth = tmp_path / "image", tmp_path / "truth"
    done = CliRunner().invoke(twin, ["firmware", "2.0.8", "--to", str(image), "--truth", str(truth)])
    assert done.exit_code == 0, done.output
    assert image.read_bytes() == firmware.image("2.0.8")
    told = json.loads(truth.read_text(encoding="utf-8"))
    assert told["compared_with_2.0.6"] == "not-fixed"
    assert "firmware.reverse-backdoor" in told["rules"]["fire"]


@pytest.mark.parametrize("wrong", [["9.9", "--to", "x"], ["2.0.6"]])
def test_what_cannot_be_written_is_refused_in_words(wrong: list[str]) -> None:
    with pytest.raises(UsageError):
        CliRunner().invoke(twin, ["firmware", *wrong], catch_exceptions=False)


def test_a_signature_fits_its_message_and_key_only() -> None:
    signed = signing.signature(b"seed", b"message")
    assert signed != signing.signature(b"seed", b"massage")
    assert signed != signing.signature(b"sead", b"message")
    assert len(signed) == 256 * 64
