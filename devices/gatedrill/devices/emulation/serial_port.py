"""An emulated serial scanner: the far end of a pseudo-terminal.

Linux, and by its interfaces macOS, where it is not tested; Windows has no pseudo-terminals, and
this module cannot be imported there.
"""

import os
import random
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

import msgspec

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.emulation.presenter import Material
from gatedrill.devices.emulation.pseudo_terminal import open_wire

FRAMINGS: Mapping[str, tuple[bytes, bytes]] = MappingProxyType(
    {
        "cr": (b"", b"\r"),
        "lf": (b"", b"\n"),
        "crlf": (b"", b"\r\n"),
        "tab": (b"", b"\t"),
        "etx": (b"\x02", b"\x03"),
        "none": (b"", b""),
    }
)
"""What stands before and after a code, by the name of what ends it."""

_AIM_IDENTIFIER = re.compile(r"\][A-Za-z][0-9A-Za-z]")


class ScannerStyle(msgspec.Struct, frozen=True):
    """What a scanner sends around a code, as set up in the factory or by its owner."""

    prefix: bytes
    suffix: bytes

    @classmethod
    def seeded(cls, seed: int) -> Self:
        """A style that real scanners have: with or without AIM identifier, CR, LF, both or TAB."""
        rng = random.Random(seed)
        return cls(rng.choice([b"", b"]Q1"]), rng.choice([b"\r", b"\n", b"\r\n", b"\t"]))

    @classmethod
    def of(cls, framing: str, *, aim: str = "", prefix: str = "", suffix: str = "") -> Self:
        """The style with this of the `FRAMINGS`, this AIM identifier, and what the owner adds.

        They stand in the order of Zebra's scanners: prefix, identifier, code, suffix. Raises
        UsageError for a framing or an identifier that there is not.
        """
        if framing not in FRAMINGS:
            raise UsageError(f"unknown framing {framing!r}: choose one of {', '.join(FRAMINGS)}")
        if aim and not _AIM_IDENTIFIER.fullmatch(aim):
            raise UsageError(
                f"{aim!r} is no AIM identifier: write ], a letter and a modifier, "
                "like ]Q1 (QR code) or ]C1 (GS1-128)"
            )
        start, end = FRAMINGS[framing]
        return cls(start + (prefix + aim).encode(), suffix.encode() + end)

    def framed(self, code: str | bytes) -> bytes:
        """All that the scanner sends for a code."""
        return self.prefix + (code.encode() if isinstance(code, str) else code) + self.suffix


class EmulatedScanner:
    """A serial scanner on `port`, which a `SerialReader` opens like a real one's.

    It reads without fail: what a guest's hand does to a serial scanner is not emulated. What it
    sends before the port is opened is lost, as opening flushes; a real scanner's is lost as well.
    """

    def __init__(self, style: ScannerStyle) -> None:
        """Plug it in. Raises UsageError when the machine has no pseudo-terminal left."""
        self._style = style
        # The near end stays open here too: without it, what is sent while no reader has the port
        # would be an error.
        self._far_end, self._near_end = open_wire()
        self.port = os.ttyname(self._near_end)

    def prepare(self, text: str, seed: int) -> Material:  # noqa: ARG002 - no hand, no chance
        """The bytes that the scanner sends for a code with `text`."""
        return (self._style.framed(text),)

    def present(self, material: Material) -> None:
        """Send the code. Raises PeerError when it cannot be sent whole."""
        for piece in material:
            self._send(piece)

    def withdraw(self) -> None:
        """Nothing: a serial scanner has sent the code once and for all."""

    def close(self) -> None:
        """Unplug it: whoever reads the port finds the scanner gone. Harmless if done before."""
        ends, self._far_end, self._near_end = (self._far_end, self._near_end), -1, -1
        for end in ends:
            if end >= 0:
                os.close(end)

    def _send(self, piece: bytes) -> None:
        try:
            sent = os.write(self._far_end, piece)
        except OSError as error:
            raise PeerError(
                f"emulated scanner on {self.port}: cannot send ({error.strerror})"
            ) from error
        if sent < len(piece):
            raise PeerError(f"emulated scanner on {self.port}: nobody reads what it sends")
