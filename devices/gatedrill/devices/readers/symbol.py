"""One reading of one code."""

import msgspec

from gatedrill.contract.attempt import FrameFigures


class Symbol(msgspec.Struct, frozen=True):
    """A code as it was read.

    `symbology` is the AIM identifier (ISO/IEC 15424, such as `]Q1` for a QR code or `]C0` for
    Code 128), empty where the scanner does not tell. `decoded_ns` is the instant at which the
    reader had the text, on the device's clock. `frames` is what a camera has seen since its last
    code, None where the reader is none.
    """

    text: str
    symbology: str
    decoded_ns: int
    frames: FrameFigures | None = None


def text_of(code: bytes) -> str:
    """The text in a code's bytes: UTF-8 if it is, else Latin-1, which never fails."""
    try:
        return code.decode()
    except UnicodeDecodeError:
        return code.decode("latin-1")
