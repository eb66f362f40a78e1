"""Report descriptors and reports of HID-POS scanners, written from their makers' guides.

No report here was recorded from hardware.
"""

from typing import Final

AIM_FIRST: Final = bytes.fromhex(
    "058c 0902 a101 0912 a102 8502"  # Bar Code Scanner, Scanned Data Report, report id 2
    "1500 26ff00 7508"
    "9501 0501 093b 8102"  # Byte Count
    "9503 058c 09fb 09fc 09fd 8102"  # Symbology Identifier 1 to 3
    "9538 09fe 820201"  # Decoded Data, 56 bytes
    "0666ff 9502 0904 0900 8102"  # two bytes of the maker's own
    "058c 2501 7501 9508 09ff 8102"  # Decode Data Continued, in the lowest bit
    "c0"
    "0914 a102 8504 1500 2501 7501 9508 0900 095f 0960 9186 c0"  # a report to the scanner
    "c0"
)
"""As Hand Held Products' and Access-IS's guides show it: the identifier stands at byte 2."""

DATA_FIRST: Final = bytes.fromhex(
    "058c 0902 a101 8502 0912 a102"
    "1500 26ff00 7508"
    "9501 0501 093b 8102"  # Byte Count
    "058c 9538 09fe 820201"  # Decoded Data, 56 bytes
    "9504 8103"  # four reserved bytes
    "9501 09fb 8102"  # one byte with the maker's own number for the symbology
    "2501 7501 9501 09ff 8102 9507 8103"  # Decode Data Continued, and seven bits of nothing
    "c0 c0"
)
"""As the guides of Newland, Unitech and ID TECH show it: the text stands at byte 2."""

MOUSE: Final = bytes.fromhex(
    "05010902a1010901a100050919012903150025019503750181029501750581030501093009311581257f75089502"
    "8106c0c0"
)


def aim_first(text: bytes, *, symbology: bytes = b"]Q1", is_continued: bool = False) -> bytes:
    """A report of the first kind."""
    return (
        b"\x02"
        + bytes([len(text)])
        + symbology
        + text.ljust(56, b"\0")
        + b"s\0"
        + bytes([is_continued])
    )


def data_first(text: bytes, *, is_continued: bool = False) -> bytes:
    """A report of the second kind."""
    return b"\x02" + bytes([len(text)]) + text.ljust(60, b"\0") + b"\x21" + bytes([is_continued])
