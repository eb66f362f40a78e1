"""What `gatedrill secrets` makes, and what it leaves alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from document import Document
from own_command_line import OwnCommandLine

from gatedrill.broker.accounts import files
from gatedrill.broker.accounts.accounts import Accounts
from gatedrill.broker.accounts.health import password_in
from gatedrill.broker.accounts.password_file import PasswordFile
from gatedrill.broker.accounts.password_hash import is_hash_of
from gatedrill.broker.accounts.roles import Role
from gatedrill.broker.certificates.venue_certificates import keep_certificates
from gatedrill.cli.venue_secrets import ROLES, make_secrets, make_venue_certificates
from gatedrill.contract.errors import UsageError

MADE = {
    "broker": ["mosquitto_sub", "access", "passwords"],
    "conductor": ["broker-password", "service-key"],
    "registrar": ["broker-password"],
    "device": ["broker-password", "service-key"],
    "backend": ["service-key", "store-password"],
    "postgres": ["password"],
}
NOTHING: dict[str, list[str]] = {role: [] for role in ROLES}


def contents(folder: Path) -> dict[str, str]:
    return {str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()}


def accounts_fit(folder: Path) -> bool:
    """Whether the broker lets each role in with the password that it has."""
    held = contents(folder)
    passwords = {role: held.get(f"{role}/broker-password", "") for role in Role}
    passwords[Role.HEALTH] = password_in(held["broker/mosquitto_sub"])
    hashes = PasswordFile.parse(held["broker/passwords"]).hashes
    return all(is_hash_of(hashes[role], password) for role, password in passwords.items())


def test_everything_is_made_once_and_readable_for_whom_it_is_meant(tmp_path: Path) -> None:
    assert make_secrets(tmp_path / "new") == MADE
    made = contents(tmp_path / "new")
    assert {f"{role}/{file}" for role, names in MADE.items() for file in names} == made.keys()
    assert accounts_fit(tmp_path / "new")
    for path in (tmp_path / "new").rglob("*"):
        wanted = 0o750 if path.is_dir() else 0o600 if path.parent.name == "broker" else 0o640
        assert path.stat().st_mode & 0o777 == wanted, path
    assert make_secrets(tmp_path / "new") == NOTHING
    assert contents(tmp_path / "new") == made


def test_those_who_meet_have_the_same_secret_and_nobody_else(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    held = contents(tmp_path)
    keys = [held[f"{role}/service-key"] for role in ("backend", "conductor", "device")]
    stores = [held["backend/store-password"], held["postgres/password"]]
    own = [held[f"{role}/broker-password"] for role in ("conductor", "registrar", "device")]
    assert len(set(keys)) == len(set(stores)) == 1
    assert len({*keys, *stores, *own}) == 5


def test_the_document_tells_every_file() -> None:
    files = [f"secrets/{role}/{file}" for role, names in MADE.items() for file in names]
    assert sorted(Document("broker.md").names("Accounts")) == sorted(files)


def test_folders_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "device").mkdir(0o755)
    make_secrets(tmp_path)
    assert (tmp_path / "device").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "missing",
    [
        "broker/passwords",
        "broker/access",
        "broker/mosquitto_sub",
        "device/broker-password",
        "backend/service-key",
        "device/service-key",
        "postgres/password",
    ],
)
def test_what_is_missing_is_made_and_fits_the_rest(tmp_path: Path, missing: str) -> None:
    make_secrets(tmp_path)
    Accounts(tmp_path / "broker").add("north")
    before = contents(tmp_path)
    (tmp_path / missing).unlink()
    made = make_secrets(tmp_path)
    after = contents(tmp_path)
    written = {f"{role}/{file}" for role, names in made.items() for file in names}
    assert missing in written
    assert written <= {missing, "broker/passwords", "broker/access"}
    assert {name: after[name] for name in after if name not in written} == {
        name: before[name] for name in before if name not in written
    }
    assert accounts_fit(tmp_path)
    assert after["device/service-key"] == after["backend/service-key"]
    assert after["backend/store-password"] == after["postgres/password"]
    assert ("north:" in after["broker/passwords"]) == (missing != "broker/passwords")


def test_a_key_of_one_s_own_is_handed_to_whoever_lacks_it(tmp_path: Path) -> None:
    (tmp_path / "conductor").mkdir()
    (tmp_path / "conductor" / "service-key").write_text("the-service-s-own\n")
    make_secrets(tmp_path)
    assert (tmp_path / "device" / "service-key").read_text() == "the-service-s-own"
    (tmp_path / "backend" / "service-key").write_text("another")
    assert make_secrets(tmp_path) == NOTHING
    (tmp_path / "device" / "service-key").unlink()
    with pytest.raises(UsageError, match=r"device/service-key: is missing, and .* differ: put"):
        make_secrets(tmp_path)


@pytest.mark.parametrize(
    ("spoiled", "content", "match"),
    [
        ("device/service-key", b"\n", "is empty: remove it"),
        ("device/broker-password", b"\xff", "is no text"),
        ("broker/mosquitto_sub", b"-u health\n", "has no password"),
    ],
)
def test_a_file_that_is_spoiled_is_told_and_left_alone(
    tmp_path: Path, spoiled: str, content: bytes, match: str
) -> None:
    make_secrets(tmp_path)
    (tmp_path / spoiled).write_bytes(content)
    with pytest.raises(UsageError, match=match):
        make_secrets(tmp_path)
    assert (tmp_path / spoiled).read_bytes() == content


def test_interrupted_anywhere_it_is_made_good_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = sum(len(names) for names in MADE.values())
    write_whole = files.write_whole
    for last in range(count):
        folder = tmp_path / str(last)
        left = last

        def die_after_some(file: Path, text: str, mode: int) -> None:
            nonlocal left
            if left == 0:
                file.with_name(f".{file.name}.new").write_text(text[: len(text) // 2])
                raise KeyboardInterrupt
            left -= 1
            write_whole(file, text, mode)

        with monkeypatch.context() as patched:
            for module in ("gatedrill.cli.venue_secrets", "gatedrill.broker.accounts.accounts"):
                patched.setattr(f"{module}.write_whole", die_after_some)
            with pytest.raises(KeyboardInterrupt):
                make_secrets(folder)
        make_secrets(folder)
        assert {f"{role}/{file}" for role in MADE for file in MADE[role]} == contents(folder).keys()
        assert accounts_fit(folder)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"file.*: cannot be made: "):
        make_secrets(tmp_path / "file" / "secrets")


def test_the_command_says_what_it_made_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = OwnCommandLine(monkeypatch, capsys)
    assert call("secrets", str(tmp_path)) == 0
    assert call.out.splitlines() == [f"{role}: made {', '.join(MADE[role])}" for role in ROLES]
    (tmp_path / "postgres" / "password").unlink()
    assert call("secrets", str(tmp_path)) == 0
    assert call.out.splitlines()[-2:] == ["backend: all there", "postgres: made password"]
    secrets = [held for name, held in contents(tmp_path).items() if "broker/" not in name]
    assert not any(secret in call.out + call.err for secret in secrets)


def test_a_name_that_no_host_can_have_is_told_with_the_option_that_gave_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = OwnCommandLine(monkeypatch, capsys)
    for command in (("secrets", "--broker-name"), ("broker", "certificates", "--name")):
        assert call(*command, "a b", str(tmp_path)) == 2
        [line] = call.err.splitlines()
        assert line == f"gatedrill: {command[-1]} a b: this is neither a host's name nor an address"


def test_certificates_are_made_for_each_reader_apart_and_kept_as_long_as_they_do(
    tmp_path: Path,
) -> None:
    made = {
        "authority": ["ca.pem", "ca.key"],
        "broker-certificate": ["server.pem", "server.key"],
        "ca": ["ca.pem"],
    }
    kept: dict[str, list[str]] = {folder: [] for folder in made}
    assert make_venue_certificates(tmp_path, ["broker"]) == made
    assert make_venue_certificates(tmp_path, ["broker"]) == kept
    assert contents(tmp_path).keys() == {
        f"{folder}/{file}" for folder in made for file in made[folder]
    }
    for key in ("authority/ca.key", "broker-certificate/server.key"):
        assert (tmp_path / key).stat().st_mode & 0o777 == 0o600

    renewed = make_venue_certificates(tmp_path, ["broker", "192.0.2.7"])
    assert renewed == kept | {"broker-certificate": ["server.pem", "server.key"]}

    for file in ("ca.pem", "ca.key"):
        (tmp_path / "authority" / file).unlink()
    assert make_venue_certificates(tmp_path, ["broker", "192.0.2.7"]) == made


def test_a_certificate_that_ends_soon_is_made_anew(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("authority", "broker", "ca")]
    for folder in folders:
        folder.mkdir()
    authority, server, public = folders
    now = datetime.now(UTC)
    keep_certificates(authority, server, public, ["broker"], now)
    assert keep_certificates(authority, server, public, ["broker"], now + timedelta(days=700)) == []
    again = keep_certificates(authority, server, public, ["broker"], now + timedelta(days=800))
    assert again == [server / "server.pem", server / "server.key"]
