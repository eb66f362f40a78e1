"""Cutting a serial scanner's bytes into codes.

Scanners differ in what they send after a code: CR, LF, both, TAB, ETX, or nothing at all. Any of
them ends a code here, so that nobody has to configure it; a scanner that sends nothing is served by
`flush` after a moment of silence. STX begins a code, so it ends whatever came before it. 0x1D
stays: it separates the fields of a GS1 code.
"""

import re

MAX_CODE_BYTES = 4096

_END_OF_CODE = re.compile(rb"[\r\n\t\x02\x03]")
_NOISE = b"\0\xff"
"""What a line that breaks or floats reads as. No text begins or ends with them: NUL is none, and
0xFF has no place in UTF-8."""
_AIM_IDENTIFIER = re.compile(rb"(\][A-Za-z][0-9A-Za-z])(.+)", re.DOTALL)


class Splitter:
    """Splits a stream of bytes into codes, in whatever pieces it arrives."""

    def __init__(self) -> None:
        self._begun = b""

    @property
    def has_begun(self) -> bool:
        """Whether bytes have come that no terminator has ended yet."""
        return bool(self._begun)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; return the codes that they complete.

        A line of more than `MAX_CODE_BYTES` is no code and is dropped whole.
        """
        *lines, begun = _END_OF_CODE.split(self._begun + chunk)
        # One byte over the limit is kept: enough to know the line for over-long when it ends.
        self._begun = begun[: MAX_CODE_BYTES + 1]
        return _codes(lines)

    def flush(self) -> list[bytes]:
        """The scanner has fallen silent: what it has sent so far is a code."""
        line, self._begun = self._begun, b""
        return _codes([line])


def _codes(lines: list[bytes]) -> list[bytes]:
    within_limit = (line for line in lines if len(line) <= MAX_CODE_BYTES)
    return [code for line in within_limit if (code := line.strip(_NOISE))]


def split_aim(code: bytes) -> tuple[str, bytes]:
    """Split a code into its AIM identifier, empty if it bears none, and what follows.

    A ticket whose own text begins like an identifier cannot be told from one: such a scanner has to
    be set to send identifiers.
    """
    match = _AIM_IDENTIFIER.fullmatch(code)
    return (match[1].decode("ascii"), match[2]) if match else ("", code)
