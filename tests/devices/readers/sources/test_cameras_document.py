"""docs/cameras.md says what the code does."""

import re

from checkout import CHECKOUT

from gatedrill.devices.readers.decoders import DECODERS, SYMBOLOGIES
from gatedrill.devices.readers.sources import grabber, live, stream, webcam
from gatedrill.devices.readers.sources.picture_folder import PICTURE_SUFFIXES, PICTURES_PER_S
from gatedrill.devices.readers.sources.video_file import VIDEO_SUFFIXES

PAGE = " ".join((CHECKOUT / "docs" / "cameras.md").read_text().split())


def row_of(words: str) -> str:
    """The first column of the row of the table whose second says so."""
    found = re.search(rf"\| ([^|]*) \| [^|]*{words}[^|]* \|", PAGE)
    assert found, words
    return found[1]


def test_what_may_be_given_is_what_is_taken() -> None:
    assert set(re.findall(r"`(\.\w+)`", row_of("a video"))) == set(VIDEO_SUFFIXES)
    named = re.search(r"the (`\.[^|]*) pictures in it", PAGE)
    assert named
    assert set(re.findall(r"`(\.\w+)`", named[1])) == set(PICTURE_SUFFIXES)
    assert set(re.findall(r"`(\w+)://\.\.\.`", PAGE)) == set(stream.DEFAULT_PORTS)


def test_the_figures_are_those_of_the_code() -> None:
    for said in (
        f"{webcam.WIDTH} x {webcam.HEIGHT} at {webcam.FRAMES_PER_S} frames a second as MJPG",
        f"pictures {PICTURES_PER_S:g} a second",
        f"no frame for {live.STALL_S:g} s",
        f"may take up to {stream.OPEN_TIMEOUT_S:g} s",
        f"is set to {webcam.READ_TIMEOUT_S} s",
    ):
        assert said in PAGE
    assert (grabber.MOST_FAILURES, live.LETTING_GO_S) == (5, 1.0)
    assert "reading it failed five times in a row" in PAGE
    assert "Letting go takes a second at most" in PAGE


def test_decoders_and_symbologies_are_named() -> None:
    assert " and ".join(f"`{each}`" for each in SYMBOLOGIES) + " are looked for" in PAGE
    for name in DECODERS:
        assert f"`{name}` (" in PAGE
