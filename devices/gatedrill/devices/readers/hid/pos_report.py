"""HID-POS: from a scanner's input reports to codes. Pure: time comes with the reports.

The fields are those of the Bar Code Scanner page (0x8C) of the USB forum's "HID Point of Sale Usage
Tables" 1.02, section 3 (now a section of "HID Usage Tables"): Symbology Identifier 1 to 3 (0xFB to
0xFD), Decoded Data (0xFE), Decode Data Continued (0xFF); and Byte Count (0x3B) of the Generic
Desktop page. The descriptor tells where they lie, and that is no luxury: in the guides of Hand Held
Products (now Honeywell; "USB Interfaces User's Guide", HID POS Interface) and Access-IS (LSR118,
appendix B) the identifier stands before the text, which begins at byte 5; in those of Newland,
Unitech (MS842N) and ID TECH (FX100) behind it, and the text begins at byte 2.
"""

from typing import Final, Self

import msgspec

from gatedrill.devices.readers.framing import MAX_CODE_BYTES, split_aim
from gatedrill.devices.readers.hid.report_descriptor import Field, input_fields

_DECODED_DATA: Final = 0x8C00FE
_DATA_CONTINUED: Final = 0x8C00FF
_SYMBOLOGY: Final = (0x8C00FB, 0x8C00FC, 0x8C00FD)
_BYTE_COUNT: Final = 0x01003B

_SUFFIXES: Final = b"\r\n\t\x03"

CONTINUED_WITHIN_NS: Final = 1_000_000_000
"""Reports of one code follow each other within milliseconds; what comes later is another code's."""


class PosLayout(msgspec.Struct, frozen=True):
    """Where a scanner's report has what, in bits behind the report id; None where it has it not."""

    report_id: int
    data: Field
    count: Field | None
    continued: Field | None
    symbology: tuple[Field, ...]

    @classmethod
    def of_descriptor(cls, descriptor: bytes) -> Self | None:
        """Find the report with a code's text; None if there is none: this is no HID-POS scanner."""
        fields = input_fields(descriptor)
        data = next((field for field in fields if field.usage == _DECODED_DATA), None)
        if data is None:
            return None
        beside = {field.usage: field for field in fields if field.report_id == data.report_id}
        return cls(
            report_id=data.report_id,
            data=data,
            count=beside.get(_BYTE_COUNT),
            continued=beside.get(_DATA_CONTINUED),
            symbology=tuple(beside[usage] for usage in _SYMBOLOGY if usage in beside),
        )


class PosCode(msgspec.Struct, frozen=True):
    """A code: its bytes, and its AIM identifier, empty where the scanner does not tell."""

    content: bytes
    symbology: str


class PosDecoder:
    """Puts codes together from reports; long ones come in several.

    A code of more than `MAX_CODE_BYTES` is dropped whole, and so is one whose rest fails to come.
    What the scanner was told to add behind a code (CR, LF, TAB, ETX) or before it (STX) is cut off.
    """

    def __init__(self, layout: PosLayout) -> None:
        self._layout = layout
        self._begun = bytearray()
        self._symbology = ""
        self._continued_ns: int | None = None

    def feed(self, report: bytes, at_ns: int) -> PosCode | None:
        """Take a report, read at `at_ns`; return the code that it completes, if it does."""
        body = self._body(report)
        if body is None:
            return None
        if not self._is_continuation(at_ns):
            self._begun.clear()
            self._symbology = self._identifier(body)
        if len(self._begun) <= MAX_CODE_BYTES:
            self._begun += self._part(body)
        is_continued = bool(_number(self._layout.continued, body) & 1)
        self._continued_ns = at_ns if is_continued else None
        return None if is_continued else self._complete()

    def _body(self, report: bytes) -> bytes | None:
        """What follows the report id; None if it is another report, or only half of one."""
        if self._layout.report_id:
            if not report or report[0] != self._layout.report_id:
                return None
            report = report[1:]
        is_whole = len(report) * 8 >= self._layout.data.first_bit + self._layout.data.bits
        return report if is_whole else None

    def _is_continuation(self, at_ns: int) -> bool:
        since_ns = self._continued_ns
        return since_ns is not None and at_ns - since_ns <= CONTINUED_WITHIN_NS

    def _identifier(self, body: bytes) -> str:
        identifier = bytes(_number(field, body) for field in self._layout.symbology)
        # Some makers put a number of their own there: AIM's begin with a flag.
        is_aim = len(identifier) == 3 and identifier.startswith(b"]") and identifier.isascii()
        return identifier.decode("ascii") if is_aim else ""

    def _part(self, body: bytes) -> bytes:
        first = self._layout.data.first_bit // 8
        data = body[first : first + self._layout.data.bits // 8]
        if self._layout.count is None:
            return data.rstrip(b"\x00")
        return data[: _number(self._layout.count, body)]

    def _complete(self) -> PosCode | None:
        if len(self._begun) > MAX_CODE_BYTES:
            return None
        content = bytes(self._begun).lstrip(b"\x02").rstrip(_SUFFIXES)
        symbology, rest = split_aim(content)
        if symbology and self._symbology in ("", symbology):
            return PosCode(rest, symbology)
        return PosCode(content, self._symbology) if content else None


def _number(field: Field | None, body: bytes) -> int:
    """A field's value, of the least significant eight bits; 0 if the report has it not."""
    if field is None or field.first_bit // 8 >= len(body):
        return 0
    mask = (1 << min(field.bits, 8)) - 1
    return (body[field.first_bit // 8] >> field.first_bit % 8) & mask
