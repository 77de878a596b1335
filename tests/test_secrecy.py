"""Pseudonyms stay the same under one key, differ under another, and say nothing of what they stand for."""

import hashlib
import hmac
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.secrecy import Pseudonyms, load_or_make_key, reveal

ONE, OTHER = Pseudonyms(bytes(32)), Pseudonyms(b"\x01" * 32)


def test_same_key_same_pseudonym() -> None:
    assert ONE("patient name", "MUSTER^EVA") == Pseudonyms(bytes(32))("patient name", "MUSTER^EVA")


def test_another_key_or_kind_gives_another() -> None:
    assert ONE("patient name", "4711") != OTHER("patient name", "4711")
    assert ONE("patient name", "4711") != ONE("patient number", "4711")


def test_it_is_the_hmac_and_no_plain_hash() -> None:
    digest = hmac.new(bytes(32), b"patient name\x00EVA", hashlib.sha256).digest()
    # Base 32 of the first five bytes, RFC 4648, section 6, done by hand here.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    number = int.from_bytes(digest[:5], "big")
    assert ONE("patient name", "EVA") == "~" + "".join(alphabet[number >> shift & 31] for shift in range(35, -1, -5))


@given(st.text(min_size=1))
def test_any_text_has_one_that_does_not_hold_it(text: str) -> None:
    shown = ONE("patient name", text)
    assert len(shown) == 9
    assert len(text) < 3 or text not in shown


def test_the_key_is_never_shown() -> None:
    assert "\\x00" not in repr(ONE)
    assert reveal("patient name", "EVA") == "EVA"


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    key = load_or_make_key(path)
    assert len(key) == 32
    assert load_or_make_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_a_key_others_may_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(32))
    path.chmod(0o644)
    load_or_make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"short")
    with pytest.raises(InputError, match="not a key"):
        load_or_make_key(path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be used"):
        load_or_make_key(tmp_path / "file" / "key")


def test_two_processes_agree_on_one_key(tmp_path: Path) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, load_or_make_key(tmp_path / "key"))
        os._exit(0)
    mine = load_or_make_key(tmp_path / "key")
    os.waitpid(child, 0)
    assert os.read(read, 64) == mine
