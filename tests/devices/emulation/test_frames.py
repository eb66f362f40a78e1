import uuid
from concurrent.futures import ThreadPoolExecutor
from random import Random

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulation.frames import (
    FIRST_LOOK,
    STEADY_LOOK,
    render_frame,
    render_looks,
)
from gatedrill.devices.readers.decoders import ZxingDecoder


def texts(count: int) -> list[str]:
    rng = Random(23)
    return [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(count)]


def picture(frame: bytes) -> MatLike:
    decoded = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded


def readable(severity: float, tickets: list[str]) -> int:
    decoder = ZxingDecoder()
    frames = (render_frame(text, seed, severity) for seed, text in enumerate(tickets))
    found = ([code.text for code in decoder.decode(picture(frame))] for frame in frames)
    return sum(codes == [text] for codes, text in zip(found, tickets, strict=True))


def test_text_and_seed_decide_every_byte() -> None:
    assert render_looks("TICKET-1", seed=5) == render_looks("TICKET-1", seed=5)


def test_threads_do_not_disturb_each_others_frames() -> None:
    tickets = texts(20)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(render_looks, tickets, range(20)))
    assert together == [render_looks(text, seed) for seed, text in enumerate(tickets)]


def test_seed_text_and_look_each_make_another_frame() -> None:
    frames = {
        render_frame("TICKET-1", 1),
        render_frame("TICKET-1", 2),
        render_frame("TICKET-2", 1),
        render_frame("TICKET-1", 1, STEADY_LOOK),
    }
    assert len(frames) == 4


def test_a_frame_is_a_gray_jpeg_as_a_webcam_delivers_it() -> None:
    frame = render_frame("TICKET-1", seed=1)
    assert frame.startswith(b"\xff\xd8\xff")
    assert picture(frame).shape == (480, 640)


def test_a_first_look_is_hard_but_mostly_readable() -> None:
    assert 180 <= readable(FIRST_LOOK, texts(200)) <= 199


def test_a_ticket_held_still_can_always_be_read() -> None:
    assert readable(STEADY_LOOK, texts(200)) == 200


@pytest.mark.parametrize("length", [1, 8, 32, 120, 300])
def test_short_and_long_texts_can_be_read_when_held_still(length: int) -> None:
    tickets = [text * 10 for text in texts(20)]
    assert readable(STEADY_LOOK, [text[:length] for text in tickets]) == 20


@pytest.mark.parametrize("text", ["", "x" * 3000])
def test_a_text_that_makes_no_qr_code_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match=f"{len(text)} characters makes no QR code"):
        render_frame(text, seed=1)
