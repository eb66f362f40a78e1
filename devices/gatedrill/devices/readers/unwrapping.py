"""From a code as a serial scanner sent it to the text that stands on the ticket."""

import re

from gatedrill.devices.readers.framing import split_aim
from gatedrill.devices.readers.serial_settings import SerialSettings
from gatedrill.devices.readers.symbol import text_of

_IDENTIFIER_ALONE = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
"""What is left of a code if its scanner sends the identifier before STX."""


def unwrap(code: bytes, settings: SerialSettings) -> tuple[str, str] | None:
    """The ticket's text and its AIM identifier, which may be empty; None if no text is left.

    The owner's prefix may stand on either side of the identifier: scanners let that be chosen.
    """
    prefix, suffix = settings.prefix.encode(), settings.suffix.encode()
    bare = code.removesuffix(suffix)
    outer = bare.removeprefix(prefix)
    symbology, content = split_aim(outer)
    if outer == bare:
        content = content.removeprefix(prefix)
    if not content or _IDENTIFIER_ALONE.fullmatch(content):
        return None
    text = text_of(content)
    return (symbology + text if settings.keep_aim else text), symbology
