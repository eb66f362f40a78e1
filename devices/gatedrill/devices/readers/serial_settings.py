"""How a serial scanner speaks, as set up in the factory or by its owner."""

import re
from enum import StrEnum
from typing import Final, Self

import msgspec

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.repeat_windows import SCANNER_S

SLOWEST_BAUD: Final = 50
FASTEST_BAUD: Final = 4_000_000
DATA_BITS: Final = (7, 8)
STOP_BITS: Final = (1, 2)
SHORTEST_FLUSH_S: Final = 0.001
LONGEST_WAIT_S: Final = 60.0

_ENDS_A_CODE = re.compile(r"[\r\n\t\x02\x03]")


class Parity(StrEnum):
    """The bit that follows the data bits, by the letter that stands for it everywhere."""

    NONE = "N"
    EVEN = "E"
    ODD = "O"
    MARK = "M"
    SPACE = "S"


class FlowControl(StrEnum):
    """How one side tells the other to wait."""

    NONE = "none"
    RTS_CTS = "rts-cts"
    """By two wires of their own."""
    XON_XOFF = "xon-xoff"
    """By the bytes 0x11 and 0x13, which no code can hold then."""


class SerialSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one serial scanner is read. Raises UsageError when made with what cannot be.

    A USB scanner in "virtual serial port" mode mostly takes any `baud` and bits; with one on a real
    cable they have to be the scanner's. What ends a code is no setting (see `framing.py`).
    """

    baud: int = 9600
    data_bits: int = 8
    parity: Parity = Parity.NONE
    stop_bits: int = 1
    flow_control: FlowControl = FlowControl.NONE
    idle_flush_s: float = 0.08
    """The silence after which a code without terminator is complete."""
    keep_aim: bool = False
    """Whether an AIM identifier stays in the text, too; it is the symbology either way."""
    prefix: str = ""
    """What the scanner puts before each code. What comes without it is a code all the same."""
    suffix: str = ""
    """What it puts between the code and its terminator, likewise."""
    repeat_window_s: float = SCANNER_S
    """How long the same code must be out of view to count as a new scan."""

    def __post_init__(self) -> None:
        """Refuse what no serial port and no scanner can be set to."""
        _within("baud", self.baud, SLOWEST_BAUD, FASTEST_BAUD)
        _one_of("data bits", self.data_bits, DATA_BITS)
        _one_of("stop bits", self.stop_bits, STOP_BITS)
        _within("idle flush", self.idle_flush_s, SHORTEST_FLUSH_S, LONGEST_WAIT_S, "s")
        _within("repeat window", self.repeat_window_s, 0, LONGEST_WAIT_S, "s")
        for name, text in (("prefix", self.prefix), ("suffix", self.suffix)):
            if _ENDS_A_CODE.search(text):
                raise UsageError(
                    f"the serial {name} {text!r} cannot have CR, LF, TAB, STX or ETX in it: "
                    "they frame a code and are removed by themselves"
                )

    @property
    def line(self) -> str:
        """Speed and bits in short, as `parse` takes them."""
        return f"{self.baud}-{self.data_bits}{self.parity}{self.stop_bits}"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Settings with speed and bits as everybody writes them, and all else as it is by default.

        `9600-8N1`: baud, data bits, parity, stop bits. `9600` alone is the same. Raises UsageError,
        which names the part that is wrong.
        """
        speed, dash, bits = written.strip().partition("-")
        if not _is_number(speed):
            raise UsageError(f"serial setting {written!r}: {speed!r} is no baud; {_EXAMPLES}")
        if not dash:
            return cls(baud=int(speed))
        if not re.fullmatch(r"[0-9][A-Za-z][0-9]", bits):
            raise UsageError(
                f"serial setting {written!r}: {bits!r} is not data bits, parity and stop bits; "
                f"{_EXAMPLES}"
            )
        if bits[1].upper() not in list(Parity):
            raise UsageError(
                f"serial setting {written!r}: there is no parity {bits[1]}; choose N (none), "
                "E (even), O (odd), M (mark) or S (space)"
            )
        return cls(
            baud=int(speed),
            data_bits=int(bits[0]),
            parity=Parity(bits[1].upper()),
            stop_bits=int(bits[2]),
        )


_EXAMPLES = "write them like 9600-8N1 or 115200-7E1"


def _is_number(written: str) -> bool:
    # Ten digits are more than any baud has; Python refuses to read thousands of them.
    return re.fullmatch("[0-9]{1,10}", written) is not None


def _within(name: str, value: float, least: float, most: float, unit: str = "") -> None:
    if not least <= value <= most:
        raise UsageError(f"a serial {name} of {value}{unit} cannot be: {least} to {most} can")


def _one_of(name: str, value: int, allowed: tuple[int, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"a serial port cannot have {value} {name}: {allowed[0]} or {allowed[1]}")
