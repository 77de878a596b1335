"""In: what is watched. Out: YARA rules for programs and scripts: the hidden update function, and published hashes."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from wardwatch.contain.detect import Detection
from wardwatch.contain.dialect import Texts
from wardwatch.contain.policy import Address
from wardwatch.contain.watched import Watched, references, rule

FILE: Final = "wardwatch.yar"
_LARGEST: Final = "32MB"

_WORDS: Final = r"""
    $mount = /mount( -o [a-z0-9,=]{1,40})? -t nfs/
    $nfs = "nfs" fullword
    $nolock = "nolock" fullword
    $share = ":%(share)s" fullword
    $share_word = "%(word)s" fullword
    $copy = /cp -[a-zA-Z]{0,4}[rR][a-zA-Z]{0,4} /
    $copy_word = "-rf" fullword
    $unmount = "umount"
    $programs = "/opt/bin"
    $up = /ifconfig [a-z0-9%%]{1,8} (up|%%s)/
    $up_word = "eth0"
"""
"""Compilers put a word that ends another into it (mount into umount), and code right behind a word."""


def write(watched: Watched) -> Texts:
    """One rule for the function, one for an address with a mount, one for published hashes."""
    policy = watched.policy
    parts = [f"// wardwatch detection: {policy.name}; expires {policy.expires}", 'import "hash"', ""]
    parts += _function(watched)
    if watched.named:
        parts += ["", *_address_and_mount(watched)]
    if watched.hashes:
        parts += ["", *_hashes(watched)]
    return Texts(
        {FILE: "\n".join(parts) + "\n"},
        install=("wardwatch scan IMAGE --yara FOLDER", f"or unpack the image and run: yara -r {FILE} FOLDER"),
        rollback=(f"delete {FILE}",),
        check=(f"yr check {FILE}",),
    )


def _function(watched: Watched) -> Iterator[str]:
    """Mount, copy over programs, unmount: whoever the peer is, and however the address is written."""
    share = watched.share.rstrip("/")
    yield from _head(watched, "wardwatch_update_by_mount", "firmware.reverse-backdoor")
    yield "  strings:" + (_WORDS % {"share": share, "word": share.lstrip("/")}).rstrip()
    yield "  condition:"
    yield f"    filesize < {_LARGEST} and ($mount or ($nfs and $nolock)) and ($share or $share_word)"
    yield "    and ($copy or $copy_word) and $programs and $unmount and ($up or $up_word)"
    yield "}"


def _address_and_mount(watched: Watched) -> Iterator[str]:
    """A published address, as text or as bytes, in a program that mounts."""
    yield from _head(watched, "wardwatch_published_address_with_mount", "firmware.hard-coded-peer")
    yield "  strings:"
    for number, address in enumerate(watched.named):
        yield f'    $address_{number} = "{address}" ascii wide'
        yield from _as_bytes(number, address)
    yield '    $nfs = "nfs" fullword'
    yield '    $mount = "mount"'
    yield "  condition:"
    yield f"    filesize < {_LARGEST} and any of ($address_*) and $nfs and $mount"
    yield "}"


def _as_bytes(number: int, address: Address) -> Iterator[str]:
    """In network order, and as a little-endian word."""
    if isinstance(address, IPv4Address):
        yield f"    $address_{number}_network = {{ {address.packed.hex(' ').upper()} }}"
        yield f"    $address_{number}_word = {{ {address.packed[::-1].hex(' ').upper()} }}"


def _hashes(watched: Watched) -> Iterator[str]:
    yield from _head(watched, "wardwatch_published_program", "firmware.known-binary")
    yield "  condition:"
    yield "    " + " or ".join(f'hash.sha256(0, filesize) == "{each.value.lower()}"' for each in watched.hashes)
    yield "}"


def _head(watched: Watched, name: str, about: str) -> Iterator[str]:
    yield f"rule {name} {{"
    yield "  meta:"
    yield f'    description = "{rule(about).title}"'
    yield f'    reference = "{", ".join(references(about))}"'
    yield f'    expires = "{watched.policy.expires}"'
    yield f'    wardwatch = "{about}"'


DETECTION: Final = Detection(
    "yara",
    "YARA (4) and YARA-X",
    "YARA documentation, 'Writing YARA rules'",
    write,
    limits=(
        "Rules see unpacked files: an image is compressed, so let 'wardwatch scan' open it, or unpack it first.",
        "A program that disguises its words is not found by them; 'wardwatch scan' runs the code and finds it.",
    ),
)
