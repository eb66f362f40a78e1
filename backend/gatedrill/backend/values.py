"""Text into the values that columns and arguments hold. Pure; ValueError when it cannot be one."""

import re
from uuid import UUID

import msgspec

_UUID = re.compile(r"(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}", re.IGNORECASE | re.ASCII)


def parse_uuid(text: str) -> str:
    """The canonical spelling of a UUID in any spelling that PostgreSQL takes.

    Those are capitals, braces around it, and hyphens after any group of four digits or left out.
    """
    bare = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if not _UUID.fullmatch(bare):
        raise ValueError(f'invalid input syntax for type uuid: "{text}"')
    return str(UUID(bare))


def parse_uuid_or_text(text: str) -> str:
    """The canonical spelling of a UUID, any other text as it is."""
    try:
        return parse_uuid(text)
    except ValueError:
        return parse_text(text)


def parse_text(text: str) -> str:
    """Any text but one with the character NUL, which PostgreSQL cannot hold."""
    if "\0" in text:
        raise ValueError("text cannot contain the character NUL")
    return text


def parse_bigint(text: str) -> int:
    """A whole number of 64 bits."""
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f'invalid input syntax for type bigint: "{text}"') from None
    if not -(2**63) <= number < 2**63:
        raise ValueError(f'value "{text}" is out of range for type bigint')
    return number


def given(argument: str | msgspec.UnsetType | None) -> str | None:
    """The text of an argument that may be null, left out, or empty: None in all three cases."""
    return argument if isinstance(argument, str) and argument else None
