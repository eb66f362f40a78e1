"""What the parts of a venue prove themselves with: one folder for each, which it alone is given."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gatedrill.broker.accounts.accounts import Accounts
from gatedrill.broker.accounts.files import alone_in, read_if_there, write_whole
from gatedrill.broker.accounts.health import HEALTH_OPTIONS, health_options, password_in
from gatedrill.broker.accounts.password_hash import new_password
from gatedrill.broker.accounts.roles import Role
from gatedrill.cli.extras import extra_needed
from gatedrill.contract.errors import UsageError

BROKER_FOLDER = "broker"
_SHARED: tuple[tuple[str, ...], ...] = (
    ("conductor/broker-password",),
    ("registrar/broker-password",),
    ("device/broker-password",),
    ("backend/service-key", "conductor/service-key", "device/service-key"),
    ("postgres/password", "backend/store-password"),
)
"""Files of one secret each: the one who asks for it, and those who show it."""
ROLES = (BROKER_FOLDER, "conductor", "registrar", "device", "backend", "postgres")
AUTHORITY, CERTIFICATE, CA = "authority", "broker-certificate", "ca"
"""Folders for TLS: the CA with its key, the broker's certificate, what all clients are given."""
_FOLDER_MODE = 0o750
_READ_BY_GROUP = 0o640
_READ_BY_OWNER = 0o600


def make_secrets(folder: Path) -> dict[str, list[str]]:
    """Make what is missing below `folder`; the names of the files written, by role.

    Secrets that are there stay as they are. The broker's accounts follow from them. UsageError for
    what cannot be read or written, or cannot be made good.
    """
    made: dict[str, list[str]] = defaultdict(list)
    _make_folders(folder)
    with alone_in(folder):
        for names in _SHARED:
            for name in _complete(folder, names):
                role, _, file = name.partition("/")
                made[role].append(file)
        made[BROKER_FOLDER] += _complete_broker(folder)
    return {role: made[role] for role in ROLES}


def make_venue_certificates(folder: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """Have the broker's certificate for these names below `folder`; the files written, by folder.

    UsageError for a name that no host can have, or for what cannot be read or written.
    """
    with extra_needed("tls"):
        from gatedrill.broker.certificates.venue_certificates import keep_certificates

    folders = (AUTHORITY, CERTIFICATE, CA)
    _make_folders(folder, folders)
    authority, server, public = (folder / each for each in folders)
    written = keep_certificates(authority, server, public, names, datetime.now(UTC))
    return {each: [file.name for file in written if file.parent.name == each] for each in folders}


def _make_folders(folder: Path, names: Sequence[str] = ROLES) -> None:
    try:
        for each in (folder, *(folder / name for name in names)):
            each.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be made: {error.strerror}") from error


def _complete(folder: Path, names: Sequence[str]) -> list[str]:
    """Have the same secret in all these files; those that were missing."""
    there = {name: _secret(folder / name) for name in names}
    secrets = {secret for secret in there.values() if secret is not None}
    missing = [name for name, secret in there.items() if secret is None]
    if missing and len(secrets) > 1:
        raise UsageError(
            f"{folder / missing[0]}: is missing, and those who should hold the same differ: "
            "put the right one there"
        )
    secret = next(iter(secrets), None) or new_password()
    for name in missing:
        write_whole(folder / name, secret, _READ_BY_GROUP)
    return missing


def _secret(file: Path) -> str | None:
    text = read_if_there(file)
    if text is not None and not text.strip():
        raise UsageError(f"{file}: is empty: remove it, and it is made anew")
    return text if text is None else text.removesuffix("\n").removesuffix("\r")


def _complete_broker(folder: Path) -> list[str]:
    """Have the broker know all of them, and let its healthcheck in; the files written."""
    options = folder / BROKER_FOLDER / HEALTH_OPTIONS
    written = read_if_there(options)
    health = new_password() if written is None else password_in(written)
    if written is None:
        write_whole(options, health_options(health), _READ_BY_OWNER)
    passwords = {
        role: _secret(folder / role / "broker-password") or ""
        for role in (Role.CONDUCTOR, Role.REGISTRAR, Role.DEVICE)
    }
    accounts = Accounts(folder / BROKER_FOLDER)
    made = accounts.keep_roles({**passwords, Role.HEALTH: health})
    return [*([HEALTH_OPTIONS] if written is None else []), *made]
