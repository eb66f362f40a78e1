"""How many frames a second each decoder gets through, and how many it can read.

The frames are those that emulated cameras deliver: a first look at each ticket and a steadier one.
"""

import argparse
import os
import platform
import random
import time
import uuid

import cv2
import numpy as np
from cv2.typing import MatLike

from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulation.frames import FIRST_LOOK, STEADY_LOOK, render_frame
from gatedrill.devices.readers.decoders import DECODERS, Decoder, make_decoder

LOOKS = {"first": FIRST_LOOK, "steady": STEADY_LOOK}


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=500, help="tickets rendered for each look")
    count = parser.parse_args().frames
    cv2.setNumThreads(1)
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores; one thread used")
    print(f"{count} tickets with a UUID, gray JPEG of 640 x 480\n")
    print(f"{'look':8}{'step':12}{'ms a frame':>12}{'frames/s':>12}{'read':>10}")
    rng = random.Random(1)
    texts = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(count)]
    for look, severity in LOOKS.items():
        measure(look, severity, texts)


def measure(look: str, severity: float, texts: list[str]) -> None:
    """Print a row for rendering, for the JPEG and for each decoder that is installed."""
    started = time.perf_counter()
    frames = [render_frame(text, seed, severity) for seed, text in enumerate(texts)]
    size_kib = sum(map(len, frames)) / len(frames) / 1024
    print_row(look, "render", started, len(frames), f"{size_kib:.0f} KiB")
    started = time.perf_counter()
    pictures = [unpacked(frame) for frame in frames]
    print_row(look, "JPEG", started, len(frames))
    for name in DECODERS:
        try:
            decoder = make_decoder(name)
        except UsageError as error:
            print(f"{look:8}{name:12}{error}")
            continue
        started = time.perf_counter()
        right = reads(decoder, pictures, texts)
        print_row(look, name, started, len(frames), f"{right / len(texts):.1%}")


def reads(decoder: Decoder, pictures: list[MatLike], texts: list[str]) -> int:
    """In how many pictures the decoder finds exactly the ticket's text."""
    found = ([code.text for code in decoder.decode(picture)] for picture in pictures)
    return sum(codes == [text] for codes, text in zip(found, texts, strict=True))


def unpacked(frame: bytes) -> MatLike:
    """The picture in a JPEG that we have just made."""
    picture = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


def print_row(look: str, step: str, started: float, frames: int, note: str = "") -> None:
    """One row of the table; `started` as by perf_counter."""
    seconds = time.perf_counter() - started
    print(f"{look:8}{step:12}{seconds / frames * 1e3:12.2f}{frames / seconds:12.0f}{note:>10}")


if __name__ == "__main__":
    main()
