"""The comparison of decoders runs, with few frames, and tells right from wrong."""

import re
import sys

import numpy as np
import pytest
from checkout import CHECKOUT
from cv2.typing import MatLike

sys.path.append(str(CHECKOUT))

from benchmarks.decoder_frames import CONDITIONS, SIZES, Sight, render
from benchmarks.decoders import LOOKS, heading, line, measure, tallied, totals

from gatedrill.devices.readers.decoders import Decoded, make_decoder


class Fixed:
    """A decoder that finds the same in every picture."""

    def __init__(self, *texts: str) -> None:
        self._texts = texts

    def decode(self, image: MatLike) -> list[Decoded]:
        return [Decoded(text, "]Q1") for text in self._texts]


def test_every_condition_is_measured_in_both_sizes() -> None:
    rows = list(measure({"zxing": make_decoder("zxing")}, frames=2))
    assert len(rows) == len(CONDITIONS) * len(SIZES) + len(LOOKS)
    by_name = {(row.condition, row.size): row.tallies["zxing"] for row in rows}
    for size in SIZES:
        for easy in ("clean", "rotated", "two codes", "Code 128", "no code"):
            assert by_name[easy, size].read == 2
    assert all(tally.wrong == 0 for tally in by_name.values())
    told = [heading(["zxing"]), *map(line, rows), *totals(rows)]
    assert re.search(r"(?m)^clean +1280x720 +100\.0% +0\.0% +\d+\.\d\d$", "\n".join(told))
    assert re.search(r"(?m)^all +640x480 .*\n +zxing: \d+ frames/s a core", "\n".join(told))


@pytest.mark.parametrize(
    ("found", "read", "wrong"),
    [((), 0, 0), (("A",), 0, 0), (("B", "A"), 1, 0), (("A", "B", "C"), 0, 1), (("C",), 0, 1)],
)
def test_a_frame_is_read_if_all_is_found_and_wrong_if_anything_else_is(
    found: tuple[str, ...], read: int, wrong: int
) -> None:
    sight = Sight(np.zeros((48, 64), np.uint8), frozenset({"A", "B"}))
    row = tallied("two codes", (64, 48), [sight], {"fixed": Fixed(*found)})
    assert (row.tallies["fixed"].read, row.tallies["fixed"].wrong) == (read, wrong)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_picture_is_decided_by_its_seed_and_has_the_size_wanted(condition: str) -> None:
    one, same, other = (render(condition, (640, 480), seed) for seed in (1, 1, 2))
    assert one.picture.shape == (480, 640)
    assert np.array_equal(one.picture, same.picture)
    assert one.texts == same.texts
    assert bool(one.texts) == (condition != "no code")
    assert not one.texts & other.texts
