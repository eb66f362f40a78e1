"""The commands below `gatedrill broker`, for a venue's own broker."""

import sys
from pathlib import Path

import pytest
from accounts_broker import make_accounts
from own_command_line import OwnCommandLine

from gatedrill.broker.accounts.accounts import PASSWORDS
from gatedrill.broker.accounts.password_file import PasswordFile
from gatedrill.broker.accounts.password_hash import is_hash_of

NEEDS_EXTRA = "gatedrill.broker.certificates"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> OwnCommandLine:
    monkeypatch.delenv("GATEDRILL_ACCOUNTS", raising=False)
    return OwnCommandLine(monkeypatch, capsys)


def hashes(folder: Path) -> dict[str, str]:
    return PasswordFile.parse((folder / PASSWORDS).read_text()).hashes


def test_a_device_s_account_is_printed_for_its_environment(
    call: OwnCommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_accounts(tmp_path)
    assert call("broker", "add-device", "gate-a", "--accounts", str(tmp_path)) == 0
    user, password = (line.partition("=")[2] for line in call.out.splitlines())
    names = [line.partition("=")[0] for line in call.out.splitlines()]
    assert names == ["GATEDRILL_BROKER_USER", "GATEDRILL_BROKER_PASSWORD"]
    assert user == "gate-a"
    assert is_hash_of(hashes(tmp_path)["gate-a"], password)
    assert "SIGHUP: docker-compose kill -s HUP broker" in call.err
    assert password not in call.err

    monkeypatch.setenv("GATEDRILL_ACCOUNTS", str(tmp_path))
    assert call("broker", "add-device", "gate-a") == 2
    assert "--renew" in call.err
    assert call("broker", "add-device", "gate-a", "--renew") == 0
    assert password not in call.out
    assert call("broker", "remove-device", "gate-a") == 0
    assert "gate-a" not in hashes(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add-device", "gate-a"), "Missing option '--accounts'"),
        (("add-device", "device", "--accounts", "."), "device is the account of a role"),
        (("remove-device", "gate-a", "--accounts", "."), "gatedrill secrets makes them"),
        (("certificates", "."), "Missing option '--name'"),
        (("certificates", ".", "--name", "no host"), "--name no host: this is neither"),
        (("lend",), "No such command 'lend'"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(
    call: OwnCommandLine,
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("broker", *arguments) == 2
    [line] = call.err.splitlines()
    assert words in line
    assert list(tmp_path.iterdir()) == []


def test_certificates_say_how_long_they_last(call: OwnCommandLine, tmp_path: Path) -> None:
    command = ("broker", "certificates", str(tmp_path), "--name", "venue.local")
    assert call(*command) == 0
    ca, _, server = call.out.splitlines()
    assert f"{tmp_path}/ca.pem: CA made, lasts until 20" in ca
    assert "server.key: made for venue.local, last until 20" in server
    assert call(*command) == 0
    assert ": CA kept, lasts until 20" in call.out


def test_without_the_extra_its_name_is_told(
    call: OwnCommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.startswith(NEEDS_EXTRA)]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert call("broker", "certificates", str(tmp_path), "--name", "venue.local") == 2
    assert "pip install 'gatedrill[tls]'" in call.err
