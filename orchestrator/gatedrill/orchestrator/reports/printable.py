"""Text from elsewhere that may hold anything: made fit for XML, HTML and the eye."""

import re

# What XML 1.0 forbids, and what turns the direction of the text around it.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def printable(text: str) -> str:
    """The same text with control characters written out like `\\u001b`; newlines and tabs stay."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
