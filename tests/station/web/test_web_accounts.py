"""Accounts: who may sign in, and what the file of them gives away."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.errors import InputError, UsageError
from wardwatch.station.web.accounts import Account, Accounts, Role, dump, load, make
from wardwatch.station.web.people import AccountFile

PASSWORD = "correct horse battery"  # noqa: S105  # of accounts that exist in these tests only


@pytest.fixture(scope="module")
def nurse() -> Account:
    return make("nurse", Role.CLINICAL, PASSWORD)


def test_the_password_opens_and_another_does_not(nurse: Account) -> None:
    accounts = Accounts({"nurse": nurse})
    assert accounts.open("nurse", PASSWORD) == nurse
    assert accounts.open("nurse", PASSWORD + " ") is None
    assert accounts.open("doctor", PASSWORD) is None
    assert accounts.open("nurse", "") is None


def test_an_unknown_name_takes_the_same_work_as_a_wrong_password(
    nurse: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    monkeypatch.setattr("wardwatch.station.web.accounts._fits", lambda secret, _: checked.append(secret) or False)
    accounts = Accounts({"nurse": nurse}, decoy="decoy")
    accounts.open("nobody", PASSWORD)
    accounts.open("nurse", "wrong password")
    assert checked == ["decoy", nurse.secret]


def test_an_endless_password_is_not_hashed(nurse: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardwatch.station.web.accounts._fits", lambda *_: True)
    assert Accounts({"nurse": nurse}).open("nurse", "x" * 1025) is None


def test_the_secret_is_argon2id_and_is_not_shown(nurse: Account) -> None:
    assert nurse.secret.startswith("$argon2id$")
    assert nurse.secret not in repr(nurse)
    assert PASSWORD not in dump(Accounts({"nurse": nurse}))


@pytest.mark.parametrize("name", ["", "  ", "a\x1b[31m", "n" * 65])
def test_a_name_that_will_not_do(name: str) -> None:
    with pytest.raises(UsageError):
        make(name, Role.VIEW, PASSWORD)


@pytest.mark.parametrize("password", ["", "too short", "x" * 1025])
def test_a_password_that_will_not_do(password: str) -> None:
    with pytest.raises(UsageError):
        make("nurse", Role.VIEW, password)


def test_roles_say_what_they_allow() -> None:
    assert [(each.sees_names, each.admits) for each in Role] == [(False, False), (True, False), (True, True)]


def test_a_file_of_accounts_comes_back(nurse: Account) -> None:
    accounts = Accounts({"nurse": nurse, "wall": replace(nurse, name="wall", role=Role.VIEW)})
    assert load(dump(accounts), "accounts.json").by_name == accounts.by_name


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=4).map(json.dumps)
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        load(text, "accounts.json")


def test_the_file_is_its_owners_and_is_read_anew(tmp_path: Path) -> None:
    people = AccountFile(tmp_path / "state" / "accounts.json")
    assert people.accounts().by_name == {}
    people.add("nurse", Role.CLINICAL, PASSWORD)
    assert people.path.stat().st_mode & 0o777 == 0o600
    other = AccountFile(people.path)
    assert set(other.accounts().by_name) == {"nurse"}
    people.remove("nurse")
    assert set(other.accounts().by_name) == set()
    assert [each.name for each in people.path.parent.iterdir()] == ["accounts.json"]
    with pytest.raises(UsageError):
        people.remove("nurse")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(" " * 2_000_001)
    with pytest.raises(InputError, match="too large"):
        AccountFile(path).accounts()
