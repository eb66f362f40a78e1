"""What each decoder reads, what it reads wrongly and what that costs, difficulty by difficulty.

The pictures are those of `benchmarks/decoder_frames.py`, and the two looks at a ticket that an
emulated camera delivers; all have been a JPEG, as a webcam's are. A frame is read if exactly the
codes in it were found, and wrong if a text was found that is in none of them. The time is processor
time of one thread, unpacking the JPEG not included.
"""

import argparse
import importlib.metadata
import os
import platform
import random
import statistics
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from benchmarks.decoder_frames import CONDITIONS, SIZES, Sight, render
from cv2.typing import MatLike

from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulation.frames import FIRST_LOOK, STEADY_LOOK, render_frame
from gatedrill.devices.readers.decoders import DECODERS, Decoder, make_decoder

LOOKS = {"emulated, first look": FIRST_LOOK, "emulated, steady look": STEADY_LOOK}
LOOK_SIZE = (640, 480)
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 80)


class Tally(NamedTuple):
    """What one decoder made of the frames of one row."""

    read: int
    wrong: int
    cpu_ms: Sequence[float]


class Row(NamedTuple):
    """One condition in one size: its frames, and the tallies by decoder."""

    condition: str
    size: tuple[int, int]
    frames: int
    unpack_ms: float
    tallies: dict[str, Tally]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=150, help="for each condition and each size")
    frames = parser.parse_args().frames
    cv2.setNumThreads(1)
    decoders, missing = installed()
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.2f}; Python {platform.python_version()}, ", end="")
    print(", ".join(versions()))
    print(f"{frames} frames a row; read and wrong in %, ms is the median of processor time a frame")
    print(*missing, "", sep="\n")
    print(heading(decoders))
    rows = []
    for row in measure(decoders, frames):
        rows.append(row)
        print(line(row), flush=True)
    print(*totals(rows), sep="\n")


def installed() -> tuple[dict[str, Decoder], list[str]]:
    """The decoders there are, as gates use them, and why others are not."""
    decoders, missing = {}, []
    for name in DECODERS:
        try:
            decoders[name] = make_decoder(name)
        except UsageError as error:
            missing.append(str(error))
    return decoders, missing


def versions() -> Iterator[str]:
    """The packages that the figures depend on."""
    for package in ("zxing-cpp", "pyzbar", "opencv-python-headless"):
        try:
            yield f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"no {package}"


def measure(decoders: dict[str, Decoder], frames: int) -> Iterator[Row]:
    """All rows, one after the other, each with so many frames."""
    for size in SIZES:
        for condition in CONDITIONS:
            sights = (render(condition, size, seed) for seed in range(frames))
            yield tallied(condition, size, sights, decoders)
    for look, severity in LOOKS.items():
        yield tallied(look, LOOK_SIZE, looks(severity, frames), decoders)


def looks(severity: float, count: int) -> Iterator[Sight]:
    """What an emulated camera delivers."""
    rng = random.Random(1)
    for seed in range(count):
        text = str(uuid.UUID(int=rng.getrandbits(128)))
        yield Sight(unpacked(render_frame(text, seed, severity)), frozenset({text}))


def tallied(
    condition: str, size: tuple[int, int], sights: Iterable[Sight], decoders: dict[str, Decoder]
) -> Row:
    """What each decoder makes of the same pictures."""
    read, wrong = dict.fromkeys(decoders, 0), dict.fromkeys(decoders, 0)
    cpu_ms: dict[str, list[float]] = {name: [] for name in decoders}
    unpack_ms = []
    for sight in sights:
        encoded = cv2.imencode(".jpg", sight.picture, _JPEG)[1].tobytes()
        began_ns = time.thread_time_ns()
        picture = unpacked(encoded)
        unpack_ms.append((time.thread_time_ns() - began_ns) / 1e6)
        for name, decoder in decoders.items():
            began_ns = time.thread_time_ns()
            found = decoder.decode(picture)
            cpu_ms[name].append((time.thread_time_ns() - began_ns) / 1e6)
            texts = {code.text for code in found}
            read[name] += texts == sight.texts
            wrong[name] += not texts <= sight.texts
    tallies = {name: Tally(read[name], wrong[name], cpu_ms[name]) for name in decoders}
    return Row(condition, size, len(unpack_ms), statistics.median(unpack_ms), tallies)


def unpacked(encoded: bytes) -> MatLike:
    """The gray picture in a JPEG that we have just made."""
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


def heading(decoders: Iterable[str]) -> str:
    """The two lines above the rows."""
    groups = "".join(f"{name:>26}" for name in decoders)
    columns = "".join(f"{'read':>10}{'wrong':>8}{'ms':>8}" for _ in decoders)
    return f"{'':34}{groups}\n{'condition':24}{'size':>10}{columns}"


def line(row: Row) -> str:
    """One row of the table."""
    width, height = row.size
    cells = "".join(
        f"{tally.read / row.frames:>10.1%}{tally.wrong / row.frames:>8.1%}"
        f"{statistics.median(tally.cpu_ms):>8.2f}"
        for tally in row.tallies.values()
    )
    return f"{row.condition:24}{f'{width}x{height}':>10}{cells}"


def totals(rows: Sequence[Row]) -> Iterator[str]:
    """A row for all pictures of each size, and how many frames a second a thread gets through."""
    for size in SIZES:
        of_size = [row for row in rows if row.size == size and row.condition in CONDITIONS]
        frames = sum(row.frames for row in of_size)
        together = {
            name: Tally(
                sum(row.tallies[name].read for row in of_size),
                sum(row.tallies[name].wrong for row in of_size),
                [each for row in of_size for each in row.tallies[name].cpu_ms],
            )
            for name in of_size[0].tallies
        }
        unpack_ms = statistics.median(row.unpack_ms for row in of_size)
        yield line(Row("all", size, frames, unpack_ms, together))
        for name, tally in together.items():
            rate = 1e3 / (statistics.mean(tally.cpu_ms) + unpack_ms)
            yield f"    {name}: {rate:.0f} frames/s a core, with {unpack_ms:.2f} ms for the JPEG"


if __name__ == "__main__":
    main()
