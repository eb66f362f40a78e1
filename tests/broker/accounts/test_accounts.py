"""The files of the accounts: what is written, what stays, and who may be in them."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from accounts_broker import ROLE_PASSWORDS, make_accounts

from gatedrill.broker.accounts.access_file import access_text
from gatedrill.broker.accounts.accounts import ACCESS, PASSWORDS, Accounts
from gatedrill.broker.accounts.password_file import PasswordFile
from gatedrill.broker.accounts.password_hash import hash_password, is_hash_of
from gatedrill.broker.accounts.roles import Role
from gatedrill.contract.errors import UsageError


def users(folder: Path) -> dict[str, str]:
    return PasswordFile.parse((folder / PASSWORDS).read_text()).hashes


def sections(folder: Path) -> list[str]:
    lines = (folder / ACCESS).read_text().splitlines()
    return [line.removeprefix("user ") for line in lines if line.startswith("user ")]


def test_a_hash_of_mosquitto_s_own_tool_is_known() -> None:
    hashed = (
        "$7$101$c/KrdF9KaPNhgWiy$lBcfsX4ffjk1Q6V0g/ulvH+DneQM/nmmOMNCqx6IEoggYMKPV2YbGiHh0MRvDK4c"
        "IiTgJVVpqR7zHKEtBRYAmA=="
    )
    assert is_hash_of(hashed, "hush")
    assert not is_hash_of(hashed, "Hush")


def test_two_hashes_of_one_password_differ_and_both_are_known() -> None:
    one, other = hash_password("open sesame"), hash_password("open sesame")
    assert one != other
    assert is_hash_of(one, "open sesame")
    assert is_hash_of(other, "open sesame")


@pytest.mark.parametrize("hashed", ["", "hush", "$6$salt$hash", "$7$many$salt$hash", "$7$1$%$"])
def test_what_is_no_such_hash_is_one_of_no_password(hashed: str) -> None:
    assert not is_hash_of(hashed, "hush")


def test_an_account_has_a_user_and_rights_until_it_is_removed(tmp_path: Path) -> None:
    passwords = make_accounts(tmp_path, "north", "south")
    assert sections(tmp_path) == [*Role, "north", "south"]
    assert is_hash_of(users(tmp_path)["north"], passwords["north"])
    Accounts(tmp_path).remove("north")
    assert sections(tmp_path) == [*Role, "south"]
    assert users(tmp_path).keys() == {*Role, "south"}


def test_nothing_is_written_that_is_right_already(tmp_path: Path) -> None:
    make_accounts(tmp_path, "north")
    before = {name: (tmp_path / name).stat().st_ino for name in (PASSWORDS, ACCESS)}
    assert Accounts(tmp_path).keep_roles({role: ROLE_PASSWORDS[role] for role in Role}) == []
    assert {name: (tmp_path / name).stat().st_ino for name in (PASSWORDS, ACCESS)} == before


def test_a_role_s_new_password_changes_its_line_and_no_other(tmp_path: Path) -> None:
    make_accounts(tmp_path, "north")
    before = users(tmp_path)
    assert Accounts(tmp_path).keep_roles({Role.DEVICE: "another"}) == [PASSWORDS]
    after = users(tmp_path)
    assert is_hash_of(after[Role.DEVICE], "another")
    assert {**after, Role.DEVICE: ""} == {**before, Role.DEVICE: ""}


def test_rights_of_an_older_gatedrill_are_made_anew(tmp_path: Path) -> None:
    make_accounts(tmp_path, "north")
    (tmp_path / ACCESS).write_text("user device\ntopic write gatedrill/v1/#\n")
    passwords = {role: ROLE_PASSWORDS[role] for role in Role}
    assert Accounts(tmp_path).keep_roles(passwords) == [ACCESS]
    assert (tmp_path / ACCESS).read_text() == access_text(["north"])


def test_what_others_wrote_among_the_passwords_stays_and_gives_no_rights(tmp_path: Path) -> None:
    make_accounts(tmp_path)
    file = tmp_path / PASSWORDS
    theirs = ["# ours since spring", "+:$7$101$x$y", "up/#:$7$101$x$y", "Meter:$7$101$x$y"]
    file.write_text("\n".join([*theirs, file.read_text()]))
    Accounts(tmp_path).add("north")
    assert file.read_text().splitlines()[: len(theirs)] == theirs
    assert sections(tmp_path) == [*Role, "north"]


def test_an_account_is_made_once_and_renewed_on_request(tmp_path: Path) -> None:
    first = make_accounts(tmp_path, "north")["north"]
    accounts = Accounts(tmp_path)
    with pytest.raises(UsageError, match="north has an account already: --renew"):
        accounts.add("north")
    assert is_hash_of(users(tmp_path)["north"], first)
    second = accounts.add("north", renew=True)
    assert second != first
    assert is_hash_of(users(tmp_path)["north"], second)


def test_who_has_no_account_can_neither_be_renewed_nor_removed(tmp_path: Path) -> None:
    make_accounts(tmp_path, "south")
    with pytest.raises(UsageError, match=r"north has no account here \(.*: south\)"):
        Accounts(tmp_path).add("north", renew=True)
    with pytest.raises(UsageError, match=r"north has no account here \(.*: south\)"):
        Accounts(tmp_path).remove("north")


@pytest.mark.parametrize("name", [*Role, "", "Gate A", "+", "a/b", "a:b", "-a", "a" * 65])
def test_a_name_that_no_fleet_can_have_gets_no_account(tmp_path: Path, name: str) -> None:
    make_accounts(tmp_path)
    with pytest.raises(UsageError, match="account"):
        Accounts(tmp_path).add(name)
    assert users(tmp_path).keys() == set(Role)


def test_a_folder_without_accounts_is_told_with_the_cure(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match=f"^{folder}: "):
            Accounts(folder).add("north")
    with pytest.raises(UsageError, match="gatedrill secrets makes them"):
        Accounts(tmp_path).add("north")


def test_who_reads_sees_the_old_file_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_accounts(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in (PASSWORDS, ACCESS)}

    def die(_descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", die)
        with pytest.raises(KeyboardInterrupt):
            Accounts(tmp_path).add("north")
    assert {name: (tmp_path / name).read_bytes() for name in (PASSWORDS, ACCESS)} == before
    Accounts(tmp_path).add("north")
    assert sorted(file.name for file in tmp_path.iterdir()) == [ACCESS, PASSWORDS]
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_of_accounts_that_are_made_at_once_none_is_lost(tmp_path: Path) -> None:
    make_accounts(tmp_path)
    names = [f"gate-{number}" for number in range(16)]
    with ThreadPoolExecutor(len(names)) as at_once:
        list(at_once.map(Accounts(tmp_path).add, names))
    assert users(tmp_path).keys() == {*Role, *names}
    assert sections(tmp_path) == [*Role, *sorted(names)]
