"""What scanners of several makers send, and whatever else a line may carry.

The streams are written down after manuals: Zebra's (Symbol's) data formats and its presets for
terminals of other makers, Datalogic's header and terminator, Honeywell's and Newland's suffixes.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from device_fakes import ManualClock
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.readers.framing import MAX_CODE_BYTES, Splitter
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.readers.serial_settings import SerialSettings
from gatedrill.devices.readers.unwrapping import unwrap

AS_BY_DEFAULT = SerialSettings()
UUID = "0b6c2f6e-5f0a-4c1e-9c57-0a2f4f0f9d11"
ID = UUID.encode()
Codes = list[tuple[str, str]]


class Recorded(NamedTuple):
    """What was sent, what was to be read, as text and symbology, and how it was set up."""

    scanner: str
    sent: bytes
    read: Codes
    settings: SerialSettings = AS_BY_DEFAULT


RECORDED = [
    Recorded("Zebra, data as is, nothing after it", ID, [(UUID, "")]),
    Recorded("Zebra, <DATA><SUFFIX>", ID + b"\r\n" + ID + b"\r\n", [(UUID, "")] * 2),
    Recorded("Zebra, AIM code id, CR", b"]Q1" + ID + b"\r", [(UUID, "]Q1")]),
    Recorded(
        "Zebra, <PREFIX><DATA><SUFFIX> with AIM code id and a key of the owner's",
        b"T-]Q1" + ID + b"#\r\n",
        [(UUID, "]Q1")],
        SerialSettings(prefix="T-", suffix="#"),
    ),
    Recorded("Zebra, preset Olivetti: STX, ETX", b"\x02" + ID + b"\x03", [(UUID, "")]),
    Recorded("Zebra, preset Omron: CR", ID + b"\r", [(UUID, "")]),
    Recorded("Honeywell, CR", ID + b"\r" + ID + b"\r", [(UUID, "")] * 2),
    Recorded("Honeywell, none set", ID, [(UUID, "")]),
    Recorded("Honeywell, AIM prefix, then STX", b"]Q1\x02" + ID + b"\x03", [(UUID, "")]),
    Recorded("Honeywell, TAB", b"]C0" + ID + b"\t", [(UUID, "]C0")]),
    Recorded("Datalogic, no header, CR LF", ID + b"\r\n", [(UUID, "")]),
    Recorded(
        "Datalogic, header STX, AIM id, terminator CR", b"\x02]Q1" + ID + b"\r", [(UUID, "]Q1")]
    ),
    Recorded("Newland, CR", ID + b"\r", [(UUID, "")]),
    Recorded("Newland, LF", b"]Q2" + ID + b"\n", [(UUID, "]Q2")]),
    Recorded(
        "GS1-128 with FNC1 as GS",
        b"]C1010950600013435221ABC\x1d10LOT\r",
        [("010950600013435221ABC\x1d10LOT", "]C1")],
    ),
    Recorded(
        "GS1 Data Matrix, no terminator",
        b"]d20109506000134352\x1d21A",
        [("0109506000134352\x1d21A", "]d2")],
    ),
    Recorded("UTF-8", "Zürich 漢字\r".encode(), [("Zürich 漢字", "")]),
    Recorded("Latin-1", b"Z\xfcrich\r", [("Zürich", "")]),
    Recorded("noise at plugging in", b"\x00\xff\x00" + ID + b"\r", [(UUID, "")]),
    Recorded("a break amid codes", ID + b"\r\x00\x00" + ID + b"\r", [(UUID, "")] * 2),
    Recorded("empty lines", b"\r\n\r\n\x02\x03\t]Q1\r" + ID + b"\r", [(UUID, "")]),
    Recorded(
        "a terminator that got lost before STX", ID + b"\x02" + ID + b"\x03", [(UUID, "")] * 2
    ),
    Recorded("a flood", b"x" * (MAX_CODE_BYTES + 9) + b"\r" + ID + b"\r", [(UUID, "")]),
]


def read(pieces: Sequence[bytes], settings: SerialSettings) -> Codes:
    """All codes in these pieces and the silence after them."""
    splitter = Splitter()
    codes = [code for piece in pieces for code in splitter.feed(piece)] + splitter.flush()
    return [unwrapped for code in codes if (unwrapped := unwrap(code, settings))]


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded.scanner)
def test_a_recorded_stream_is_read_however_it_is_cut(recorded: Recorded) -> None:
    whole = [recorded.sent]
    bytewise = [bytes([byte]) for byte in recorded.sent]
    assert read(whole, recorded.settings) == recorded.read
    assert read(bytewise, recorded.settings) == recorded.read


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded.scanner)
async def test_a_recorded_stream_is_read_from_a_port(recorded: Recorded) -> None:
    settings = SerialSettings(
        prefix=recorded.settings.prefix, suffix=recorded.settings.suffix, idle_flush_s=0.2
    )
    assert await read_from_port([recorded.sent], settings, len(recorded.read)) == recorded.read


TOO_LONG = b"x" * (MAX_CODE_BYTES + 1)
pieces = st.lists(
    st.sampled_from([b"\r", b"\n", b"\t", b"\x02", b"\x03", b"\x1d", b"]Q1", b"]", b"<", b">"])
    | st.binary(max_size=8)
    | st.text(max_size=4).map(str.encode)
    | st.sampled_from([b"\0", b"\xff", TOO_LONG]),
    max_size=12,
)
# A pseudo-terminal holds 8 KiB on their way to the reader and has no speed that bounds what is sent
# meanwhile, as a cable has: two of the long pieces are more than it takes before anybody read.
pieces_at_once = pieces.filter(lambda garbage: garbage.count(TOO_LONG) <= 1)
setups = st.builds(
    SerialSettings,
    keep_aim=st.booleans(),
    prefix=st.sampled_from(["", "<", "]Q1", "é"]),
    suffix=st.sampled_from(["", ">", "é"]),
)
terminators = st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03"])


@given(pieces, setups)
def test_nothing_that_a_line_carries_breaks_the_reading_of_it(
    garbage: list[bytes], settings: SerialSettings
) -> None:
    for text, symbology in read(garbage, settings):
        assert text
        assert len(symbology) in {0, 3}


@given(pieces, setups, terminators, st.data())
def test_a_code_after_any_garbage_and_a_terminator_is_read(
    garbage: list[bytes], settings: SerialSettings, terminator: bytes, data: st.DataObject
) -> None:
    stream = b"".join(garbage) + terminator + ID + terminator
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    cut = [stream[start:end] for start, end in itertools.pairwise([0, *cuts, len(stream)])]
    assert read(cut, settings)[-1] == (UUID, "")


@hypothesis_settings(max_examples=15, deadline=None)
@given(pieces_at_once, terminators)
def test_a_code_after_any_garbage_comes_through_a_port(
    garbage: list[bytes], terminator: bytes
) -> None:
    sent = [*garbage, terminator, ID, terminator]
    expected = read(sent, AS_BY_DEFAULT)
    settings = SerialSettings(idle_flush_s=60)
    assert asyncio.run(read_from_port(sent, settings, len(expected))) == expected


async def read_from_port(sent: Sequence[bytes], settings: SerialSettings, count: int) -> Codes:
    """The first so many codes that a reader has of a scanner that sends these pieces."""
    with contextlib.closing(EmulatedScanner(ScannerStyle(b"", b""))) as scanner:
        reader = SerialReader(scanner.port, ManualClock(), settings)
        await reader.open()
        for piece in sent:
            scanner.present((piece,))
            await asyncio.sleep(0)
        symbols = [await reader.read() for _ in range(count)]
        await reader.close()
    return [(symbol.text, symbol.symbology) for symbol in symbols]
