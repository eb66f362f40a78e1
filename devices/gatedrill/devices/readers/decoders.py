"""Finding QR codes and Code 128 in pictures.

zxing-cpp is the default: it reads more of a webcam's frames than zbar, in a fraction of the time
(`benchmarks/decoders.py` has the figures). zbar is there for those whose gate hardware uses it.
"""

import logging
from collections.abc import Callable, Collection
from typing import Protocol

import cv2
import msgspec
import zxingcpp
from cv2.typing import MatLike

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.symbol import text_of

logger = logging.getLogger(__name__)

SYMBOLOGIES = ("qr", "code128")
"""What can be looked for, in the order in which it is."""

Image = MatLike
"""A picture in bytes: height x width of gray, or height x width x 3 of blue, green, red."""


class Decoded(msgspec.Struct, frozen=True):
    """A code found in a picture: its text and its AIM identifier, such as `]Q1`."""

    text: str
    symbology: str


class Decoder(Protocol):
    """Finds codes in pictures; may be called by several threads at once."""

    def decode(self, image: Image) -> list[Decoded]:
        """Every QR code in `image`, or else every Code 128, as far as wanted; none is no error.

        In this order, because looking for QR codes alone is much faster, and because a ticket that
        bears both is still one ticket.
        """
        ...


class ZxingDecoder:
    """zxing-cpp: comes with its wheel, needs nothing of the system."""

    def __init__(self, symbologies: Collection[str] = SYMBOLOGIES) -> None:
        of_zxing = {
            "qr": zxingcpp.BarcodeFormat.QRCode,
            "code128": zxingcpp.BarcodeFormat.Code128,
        }
        self._in_order = [
            zxingcpp.BarcodeFormats((of_zxing[each],))
            for each in SYMBOLOGIES
            if each in symbologies
        ]

    def decode(self, image: Image) -> list[Decoded]:
        """Every QR code in `image`, or else every Code 128, as far as wanted."""
        try:
            for formats in self._in_order:
                if found := self._find(formats, image):
                    return found
        except (LookupError, RuntimeError, ValueError) as error:
            logger.debug("zxing-cpp could not work on a frame: %s", error)
        return []

    def _find(self, formats: zxingcpp.BarcodeFormats, image: Image) -> list[Decoded]:
        # In the plain mode the text is the code's own; the default one rewrites 0x1D.
        found = zxingcpp.read_barcodes(image, formats=formats, text_mode=zxingcpp.TextMode.Plain)
        return [
            Decoded(barcode.text, barcode.symbology_identifier)
            for barcode in found
            if not any(_contradict(barcode, other) for other in found)
        ]


def _contradict(one: zxingcpp.Barcode, other: zxingcpp.Barcode) -> bool:
    """Whether two texts were read in one place.

    One code has one text. A line across Code 128, whose check digit lets one of a hundred errors
    pass, is sometimes read in two ways: the next frame will tell.
    """
    if one.text == other.text:
        return False
    left, top, right, bottom = _bounds(one)
    other_left, other_top, other_right, other_bottom = _bounds(other)
    beside = right < other_left or other_right < left
    above = bottom < other_top or other_bottom < top
    return not (beside or above)


def _bounds(barcode: zxingcpp.Barcode) -> tuple[int, int, int, int]:
    place = barcode.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    across, down = [corner.x for corner in corners], [corner.y for corner in corners]
    return min(across), min(down), max(across), max(down)


class ZbarDecoder:
    """zbar by way of pyzbar: needs the extra `zbar` and a system library.

    It guesses the character set, and gets it wrong for some text that is not ASCII. It does not
    tell the variants of a symbology apart: each has the identifier of the plainest.
    """

    def __init__(self, symbologies: Collection[str] = SYMBOLOGIES) -> None:
        """Raises UsageError when pyzbar or the library is missing."""
        try:
            from pyzbar import pyzbar  # noqa: PLC0415 - optional, and loads the library at once
        except (ImportError, OSError) as error:
            raise UsageError(
                f"the decoder zbar is not installed ({error}): pip install 'gatedrill[zbar]' and "
                "the system package libzbar0 (Debian, Ubuntu) or zbar (Fedora, Homebrew), "
                "or use the decoder zxing"
            ) from error
        self._pyzbar = pyzbar
        of_zbar = {
            "qr": (pyzbar.ZBarSymbol.QRCODE, "]Q1"),
            "code128": (pyzbar.ZBarSymbol.CODE128, "]C0"),
        }
        self._in_order = [of_zbar[each] for each in SYMBOLOGIES if each in symbologies]

    def decode(self, image: Image) -> list[Decoded]:
        """Every QR code in `image`, or else every Code 128, as far as wanted."""
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        for symbol, identifier in self._in_order:
            # Only what is wanted: looking for others, zbar can abort the whole process.
            if found := self._pyzbar.decode(gray, symbols=[symbol]):
                return [Decoded(text_of(code.data), identifier) for code in found]
        return []


DECODERS: dict[str, Callable[[Collection[str]], Decoder]] = {
    "zxing": ZxingDecoder,
    "zbar": ZbarDecoder,
}


def make_decoder(name: str, *, symbologies: Collection[str] = SYMBOLOGIES) -> Decoder:
    """The decoder of that name, which looks for those symbologies alone.

    Raises UsageError if there is no such decoder or symbology, or it is not installed.
    """
    if name not in DECODERS:
        raise UsageError(f"unknown decoder {name!r}: choose one of {', '.join(DECODERS)}")
    _check(symbologies)
    return DECODERS[name](symbologies)


def _check(symbologies: Collection[str]) -> None:
    for each in symbologies:
        if each not in SYMBOLOGIES:
            raise UsageError(f"unknown symbology {each!r}: choose of {', '.join(SYMBOLOGIES)}")
    if not symbologies:
        raise UsageError(f"no symbology to look for: choose of {', '.join(SYMBOLOGIES)}")
