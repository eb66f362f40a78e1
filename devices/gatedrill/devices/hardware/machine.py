"""The machine that is looked at: this one, or a tree of files that stands for one."""

import re
import sys
from pathlib import Path

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """Where the system's `/sys`, `/dev`, `/proc` and `/run` are, and which system it is.

    Whoever tests hands over a `root` of their own: nothing is read from anywhere else.
    """

    root: Path = Path("/")
    platform: str = sys.platform

    @property
    def is_linux(self) -> bool:
        """Whether there is a `/sys` to read at all."""
        return self.platform.startswith("linux")

    def at(self, path: str) -> Path:
        """Where the file is that the machine itself calls `path`, such as `/dev/ttyACM0`."""
        return self.root / path.lstrip("/")

    def entries(self, folder: str, pattern: str = "*") -> list[Path]:
        """What is in a folder, `event2` before `event10`; nothing if it is not there."""
        return sorted(self.at(folder).glob(pattern), key=lambda path: _natural(path.name))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def read_line(file: Path) -> str | None:
    """The text of a small file of the system; None if it is empty, gone or not for us."""
    try:
        return file.read_bytes().decode(errors="replace").strip() or None
    except OSError:
        return None


def read_name(file: Path) -> str | None:
    """What a device or process calls itself, fit to be shown."""
    return printable(read_line(file))


def printable(name: str | None) -> str | None:
    """Without what a terminal would obey: a device may call itself anything. None for nothing."""
    if not name:
        return None
    return "".join(letter if letter.isprintable() else "?" for letter in name)
