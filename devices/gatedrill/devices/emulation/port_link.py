"""A name that stays for a serial port that does not: a symbolic link, as udev makes them."""

import contextlib
from pathlib import Path

from gatedrill.contract.errors import UsageError

_PORTS = "/dev/pts/"


def make_link(link: Path, port: str) -> None:
    """Let `link` lead to `port`; UsageError if that cannot be.

    What stands there is never overwritten, but for a link that an emulated scanner left behind when
    it was killed: one to a pseudo-terminal that is no more, or that is our own by now.
    """
    if _leads_to(link) == port:
        return
    if _leads_to(link).startswith(_PORTS) and not link.exists():
        link.unlink()
    try:
        link.symlink_to(port)
    except FileExistsError as error:
        raise UsageError(
            f"{link} exists already ({_what_is(link)}) and is left alone: name another link, "
            "or remove it if it is not used any more"
        ) from error
    except OSError as error:
        raise UsageError(f"cannot make the link {link}: {error.strerror}") from error


def remove_link(link: Path, port: str) -> None:
    """Remove the link if it still leads to `port`."""
    if _leads_to(link) == port:
        with contextlib.suppress(OSError):
            link.unlink()


def _leads_to(link: Path) -> str:
    """Where it leads; empty if it is no link."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _what_is(link: Path) -> str:
    if target := _leads_to(link):
        return f"a link to {target}"
    return "a directory" if link.is_dir() else "a file"
