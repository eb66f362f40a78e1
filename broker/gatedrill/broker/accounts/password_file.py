"""The file by which Mosquitto knows its users (its `password_file`): `user:hash`, one a line."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class PasswordFile:
    """Its lines. Those of others, and comments, stay as they are."""

    lines: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` returns."""
        return cls(tuple(text.splitlines()))

    @property
    def text(self) -> str:
        """The file."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def hashes(self) -> dict[str, str]:
        """What it holds of each user's password."""
        found = (_user(line) for line in self.lines)
        return {user: hashed for user, hashed in found if user}

    def with_user(self, user: str, hashed: str) -> Self:
        """The same with this user, in place of one of that name."""
        return type(self)((*self.without(user).lines, f"{user}:{hashed}"))

    def without(self, user: str) -> Self:
        """The same without this user."""
        return type(self)(tuple(line for line in self.lines if _user(line)[0] != user))


def _user(line: str) -> tuple[str, str]:
    """The user and the hash of a line; two empty texts if it has none."""
    user, colon, hashed = line.partition(":")
    return ("", "") if not colon or user.startswith("#") else (user, hashed)
