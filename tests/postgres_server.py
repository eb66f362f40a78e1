"""A PostgreSQL server of our own: a throw-away cluster on loopback."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ports import free_port
from services import require

USER = "gatedrill"
PASSWORD = "a-password-that-nobody-may-ever-see"
_SETTINGS = (
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off "
    "-c synchronous_commit=off -c full_page_writes=off"
)


def postgres_programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, which Debian keeps off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((each for each in reversed(folders) if (each / "initdb").exists()), None)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server; the URL of its database, with the password. Skips where there is none."""
    programs = postgres_programs()
    require(programs is not None, "a PostgreSQL server")
    assert programs is not None
    with tempfile.TemporaryDirectory(prefix="gatedrill-postgres-") as folder:
        home = Path(folder)
        as_user = _unprivileged(home)
        secret = home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data, port = home / "data", free_port()
        initdb: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            USER,
            "-A",
            "scram-sha-256",
        ]
        _run(as_user, *initdb, "--pwfile", secret, "-E", "UTF8", "--no-sync")
        control: list[str | Path] = [
            programs / "pg_ctl",
            "-D",
            data,
            "-w",
            "-s",
            "-l",
            home / "log",
        ]
        _run(as_user, *control, "-o", f"-p {port} {_SETTINGS}", "start")
        try:
            yield f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run(as_user, *control, "-m", "immediate", "stop")


def _unprivileged(home: Path) -> str | None:
    """The user who runs the server, as root may not; None when we are nobody special ourselves."""
    if os.geteuid() != 0:
        return None
    account = pwd.getpwnam("postgres")
    os.chown(home, account.pw_uid, account.pw_gid)
    return account.pw_name


def _run(user: str | None, *command: str | Path) -> None:
    # Its output goes nowhere: the server would hold a pipe open for as long as it runs.
    subprocess.run(
        command, user=user, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
