"""Mosquitto as a venue has it: the configuration that we ship, with accounts that we made."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checkout import CHECKOUT
from ports import free_port
from services import require

from gatedrill.broker.accounts.accounts import ACCESS, PASSWORDS, Accounts
from gatedrill.broker.accounts.password_file import PasswordFile
from gatedrill.broker.accounts.password_hash import hash_password
from gatedrill.broker.accounts.roles import Role
from gatedrill.broker.address import complete
from gatedrill.broker.mosquitto import find_mosquitto

OBSERVER = "observer"
"""Who sees and says everything; no venue has one."""
_ATTEMPTS = 5
"""A free port may be another's before Mosquitto has it."""
ROLE_PASSWORDS = {role.value: f"password-of-{role}" for role in Role}


@dataclass
class AccountsBroker:
    """A running Mosquitto; `passwords` are those of users whom it lets in."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    passwords: dict[str, str]

    @property
    def url(self) -> str:
        """Its address, without an account."""
        return f"mqtt://127.0.0.1:{self.port}"

    def url_of(self, user: str) -> str:
        """Its address, with the account of this user."""
        return complete(self.url, username=user, password=self.passwords[user])

    def reload(self) -> None:
        """Have it read its files again; it has when this returns."""
        self.process.send_signal(signal.SIGHUP)
        assert _says(self.process, "Reloading config")

    def loosen(self, *lines: str) -> None:
        """Let accounts do more than they should: these lines at the end of the access file."""
        write_access(self.folder, *lines)
        self.reload()


def make_accounts(folder: Path, *fleets: str) -> dict[str, str]:
    """Accounts of all roles, and of these fleets, in `folder`; their passwords."""
    accounts = Accounts(folder)
    accounts.keep_roles({role: ROLE_PASSWORDS[role] for role in Role})
    return {**ROLE_PASSWORDS, **{fleet: accounts.add(fleet) for fleet in fleets}}


def write_access(folder: Path, *lines: str) -> None:
    """The access file as it should be, with an observer and with these lines."""
    text = (folder / ACCESS).read_text().partition(f"user {OBSERVER}\n")[0]
    more = (f"user {OBSERVER}", "topic readwrite #", *lines)
    (folder / ACCESS).write_text(text + "".join(f"{line}\n" for line in more))


@contextmanager
def accounts_broker(folder: Path, *fleets: str) -> Iterator[AccountsBroker]:
    """Run one with accounts for the roles, these fleets, and an observer."""
    passwords = make_accounts(folder, *fleets)
    users = PasswordFile.parse((folder / PASSWORDS).read_text())
    users = users.with_user(OBSERVER, hash_password(OBSERVER))
    (folder / PASSWORDS).write_text(users.text)
    write_access(folder)
    with running_mosquitto("mosquitto.conf", folder) as (process, [port]):
        yield AccountsBroker(folder, port, process, {**passwords, OBSERVER: OBSERVER})


@contextmanager
def running_mosquitto(
    configuration: str, accounts: Path, certificates: Path | None = None
) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Run it with a configuration of ours, but with these folders and free ports of loopback."""
    program = find_mosquitto()
    require(program is not None, "the program mosquitto")
    text = (CHECKOUT / "broker" / configuration).read_text(encoding="utf-8")
    text = text.replace("/mosquitto/accounts", str(accounts))
    text = text.replace("/mosquitto/certificates", str(certificates))
    text = text.replace("/mosquitto/data/", f"{accounts}/")
    text = f"user root\n{text}"  # started by root it would give its rights up
    for _ in range(_ATTEMPTS):
        process, ports = _start(str(program), text, accounts / configuration)
        with process:
            try:
                if is_running := _says(process, "running"):
                    yield process, ports
            finally:
                process.kill()
        if is_running:
            return
    raise AssertionError("mosquitto does not start")


def _start(program: str, text: str, file: Path) -> tuple[subprocess.Popen[str], list[int]]:
    ports: list[int] = []

    def on_free_port(_found: re.Match[str]) -> str:
        ports.append(free_port())
        return f"listener {ports[-1]} 127.0.0.1"

    file.write_text(re.sub(r"(?m)^listener \d+( 127\.0\.0\.1)?$", on_free_port, text))
    return subprocess.Popen([program, "-c", str(file)], stderr=subprocess.PIPE, text=True), ports


def _says(process: subprocess.Popen[str], words: str) -> bool:
    """Whether these words come before its end."""
    assert process.stderr is not None
    return any(words in line for line in process.stderr)
