"""The accounts of a venue's broker: two files, of which one follows from the other.

Mosquitto reads both when it starts and when it is sent SIGHUP. Then it ends the connections of
users who are gone or have another password, and rights are new for those who are connected.
"""

from collections.abc import Mapping
from pathlib import Path

from gatedrill.broker.accounts.access_file import access_text
from gatedrill.broker.accounts.files import alone_in, read_if_there, write_whole
from gatedrill.broker.accounts.password_file import PasswordFile
from gatedrill.broker.accounts.password_hash import hash_password, is_hash_of, new_password
from gatedrill.broker.accounts.roles import Role, check_account_name
from gatedrill.contract.errors import UsageError
from gatedrill.contract.topics import is_name

PASSWORDS = "passwords"
ACCESS = "access"
_MODE = 0o600


class Accounts:
    """The accounts in `folder`. Every method raises UsageError if it cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep_roles(self, passwords: Mapping[Role, str]) -> list[str]:
        """Have an account for each role, with this password; the names of the files written.

        Nothing is written that is right already, and other accounts stay as they are.
        """
        with alone_in(self._folder):
            users = PasswordFile.parse(read_if_there(self._folder / PASSWORDS) or "")
            for role, password in passwords.items():
                if not is_hash_of(users.hashes.get(role, ""), password):
                    users = users.with_user(role, hash_password(password))
            return self._write(users)

    def add(self, name: str, *, renew: bool = False) -> str:
        """Make an account for the fleet `name`, or `renew` its password; the password.

        UsageError if it has one already, or if there is none to renew.
        """
        check_account_name(name)
        with alone_in(self._folder):
            users = self._users()
            if renew:
                _must_be_there(name, users)
            elif name in users.hashes:
                raise UsageError(
                    f"{name} has an account already: "
                    "--renew gives it another password in place of the one it has"
                )
            password = new_password()
            self._write(users.with_user(name, hash_password(password)))
        return password

    def remove(self, name: str) -> None:
        """Let nobody in as the fleet `name` any more; UsageError if it has no account."""
        check_account_name(name)
        with alone_in(self._folder):
            users = self._users()
            _must_be_there(name, users)
            self._write(users.without(name))

    def _users(self) -> PasswordFile:
        text = read_if_there(self._folder / PASSWORDS)
        if text is None:
            raise UsageError(
                f"{self._folder}: there are no accounts here: gatedrill secrets makes them"
            )
        return PasswordFile.parse(text)

    def _write(self, users: PasswordFile) -> list[str]:
        """Rights come first: interrupted in between, nobody may do more than before."""
        wanted = {ACCESS: access_text(_fleets(users)), PASSWORDS: users.text}
        written = []
        for name, text in wanted.items():
            file = self._folder / name
            if read_if_there(file) != text:
                write_whole(file, text, _MODE)
                written.append(name)
        return written


def _fleets(users: PasswordFile) -> list[str]:
    """Who has an account for a fleet. A user whose name is none, like `+`, gets no rights."""
    return [user for user in users.hashes if user not in set(Role) and is_name(user)]


def _must_be_there(name: str, users: PasswordFile) -> None:
    if name not in users.hashes:
        others = ", ".join(sorted(_fleets(users))) or "none"
        raise UsageError(f"{name} has no account here (fleets that have one: {others})")
