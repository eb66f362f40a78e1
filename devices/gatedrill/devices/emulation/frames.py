"""What a webcam at the gate sees when a guest holds up a ticket, as phone or on paper.

A frame is decided by text, seed and severity alone: the same three give the same bytes on the same
machine with the same libraries.
"""

import functools
import random

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp
from cv2.typing import MatLike

from gatedrill.contract.errors import UsageError

WIDTH, HEIGHT = 640, 480
FIRST_LOOK = 0.6
"""Severity of a ticket still on its way into view: of 100 with a UUID, zxing reads about 98."""
STEADY_LOOK = 0.2
"""Severity of a ticket that the guest holds still: can be read, up to about 300 characters."""

_FOCAL_LENGTH_PX = 700.0
_LEAST_MODULE_PX = 3.6
_GRAIN_MEAN, _GRAIN_SIGMA, _GRAIN_ROOM = 128, 32, 64
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 80)

Points = npt.NDArray[np.float64]


def render_looks(text: str, seed: int) -> tuple[bytes, ...]:
    """Two looks at one ticket in one guest's hand, as JPEG: on its way, then held still."""
    return tuple(render_frame(text, seed, severity) for severity in (FIRST_LOOK, STEADY_LOOK))


def render_frame(text: str, seed: int, severity: float = FIRST_LOOK) -> bytes:
    """A gray JPEG of 640 x 480 pixels that shows a QR code with `text`.

    `severity` goes from 0 (held flat and still, in good light) to 1 (tilted, blurred, dim, with
    glare and noise). Raises UsageError if `text` is empty or too long for a QR code.
    """
    code = _qr_modules(text)
    rng = random.Random(f"{seed} {text}")
    side = _side_px(len(code), rng)
    ticket = _ticket(code, side, rng)
    blurred = _moved(ticket, severity, rng)
    scene = _background(rng)
    _hold(blurred, side, scene, severity, rng)
    return _encoded(_exposed(scene, severity, rng))


def _qr_modules(text: str) -> MatLike:
    """The code with its quiet zone, one pixel a module."""
    try:
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    except ValueError as error:
        raise UsageError(
            f"a text of {len(text)} characters makes no QR code: 1 to about 2,300 are possible"
        ) from error
    return np.array(zxingcpp.write_barcode_to_image(code))


def _side_px(modules: int, rng: random.Random) -> float:
    """How large the code appears; a code of many modules is held nearer."""
    return min(max(rng.uniform(170, 320), modules * _LEAST_MODULE_PX), 0.95 * HEIGHT)


def _ticket(code: MatLike, side: float, rng: random.Random) -> MatLike:
    """The flat ticket, its code in the middle: a phone's screen with a dark rim, or paper."""
    module_px = max(1, round(side / len(code)))
    picture = code.repeat(module_px, 0).repeat(module_px, 1)
    size = len(picture)
    ticket = np.full((size * 3 // 2, size * 5 // 4), 255, np.uint8)
    height, width = ticket.shape
    top, left = (height - size) // 2, (width - size) // 2
    ticket[top : top + size, left : left + size] = picture
    _print_lines(ticket, top, left, rng)
    if rng.random() < 0.6:
        cv2.rectangle(ticket, (0, 0), (width - 1, height - 1), 15, thickness=size // 8)
    return ticket


def _print_lines(ticket: MatLike, top: int, left: int, rng: random.Random) -> None:
    """Two bars, which from afar look like lines of print: the event above, the seat below."""
    height, width = ticket.shape
    for y in (top * 2 // 3, height - top * 2 // 3):
        right = left + round((width - 2 * left) * rng.uniform(0.3, 0.9))
        cv2.line(ticket, (left, y), (right, y), 70, thickness=max(1, top // 8))


def _moved(ticket: MatLike, severity: float, rng: random.Random) -> MatLike:
    """Out of focus, and blurred along or across the ticket by the hand's movement."""
    focus_px = 0.4 + severity * rng.uniform(0.3, 1.0)
    motion_px = focus_px + severity * rng.expovariate(1.0)
    sigmas = (motion_px, focus_px) if rng.random() < 0.5 else (focus_px, motion_px)
    return cv2.GaussianBlur(ticket, (0, 0), sigmas[0], sigmaY=sigmas[1])


def _background(rng: random.Random) -> MatLike:
    """A dim hall, far out of focus."""
    patches = np.frombuffer(rng.randbytes(48), np.uint8).reshape(6, 8) // 2 + 30
    return cv2.resize(patches, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def _hold(
    ticket: MatLike, side: float, scene: MatLike, severity: float, rng: random.Random
) -> None:
    """Draw the ticket into the scene: somewhere, turned and tilted."""
    height, width = ticket.shape
    scale = side / (width * 4 / 5)
    turn = rng.gauss(0, 15) + (90 if rng.random() < 0.1 else 0)
    pitch, yaw = (rng.uniform(-45, 45) * severity for _ in "xy")
    flat = _corners(width, height)
    held = (scale * flat) @ _rotation(0, 0, turn) @ _rotation(pitch, yaw, 0)
    centre = (_somewhere(side, WIDTH, rng), _somewhere(side, HEIGHT, rng))
    seen = held[:, :2] / (1 + held[:, 2:] / _FOCAL_LENGTH_PX) + centre
    drawn = flat[:, :2] + (width / 2, height / 2)
    view = cv2.getPerspectiveTransform(drawn.astype(np.float32), seen.astype(np.float32))
    cv2.warpPerspective(ticket, view, (WIDTH, HEIGHT), dst=scene, borderMode=cv2.BORDER_TRANSPARENT)


def _corners(width: float, height: float) -> Points:
    """The corners of a flat ticket around the origin, as rows of x, y, z."""
    x, y = width / 2, height / 2
    return np.array([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)])


def _rotation(pitch: float, yaw: float, turn: float) -> Points:
    """The matrix that rotates rows of points by these angles, in degrees."""
    matrix, _ = cv2.Rodrigues(np.radians((pitch, yaw, turn)))
    return matrix.T.astype(np.float64)


def _somewhere(side: float, extent: int, rng: random.Random) -> float:
    """Where the middle of the code may be so that all of it is in view."""
    room = max(0.0, extent / 2 - 0.7 * side)
    return extent / 2 + rng.uniform(-room, room)


def _exposed(scene: MatLike, severity: float, rng: random.Random) -> MatLike:
    """Add what light, lens and sensor do: uneven light, glare, weak contrast, noise."""
    lit = cv2.multiply(scene, _light(rng), scale=1 / 255)
    dazzled = cv2.add(lit, _glare(severity, rng))
    contrast = 1 - severity * rng.uniform(0, 0.75)
    haze = (1 - contrast) * rng.uniform(20, 140)
    noise = (2 + 14 * severity * rng.random()) / _GRAIN_SIGMA
    x, y = rng.randrange(_GRAIN_ROOM), rng.randrange(_GRAIN_ROOM)
    grain = _grain()[y : y + HEIGHT, x : x + WIDTH]
    return cv2.addWeighted(dazzled, contrast, grain, noise, haze - _GRAIN_MEAN * noise)


def _light(rng: random.Random) -> MatLike:
    """A brightness for each corner, and all between."""
    corners = np.array([[rng.uniform(150, 255) for _ in "lr"] for _ in "tb"])
    return cv2.resize(corners.astype(np.uint8), (WIDTH, HEIGHT))


def _glare(severity: float, rng: random.Random) -> MatLike:
    """Lamp reflected on screen or paper, drawn small and enlarged: its rim is soft."""
    small = np.zeros((HEIGHT // 8, WIDTH // 8), np.uint8)
    centre = (rng.randrange(20, 60), rng.randrange(15, 45))
    axes = (rng.randrange(3, 12), rng.randrange(1, 5))
    strength = 255 * severity * rng.random()
    cv2.ellipse(small, centre, axes, rng.uniform(0, 180), 0, 360, strength, thickness=-1)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), 1.5), (WIDTH, HEIGHT))


@functools.cache
def _grain() -> MatLike:
    """A sensor's noise, a little larger than a frame: each frame takes a piece of it."""
    size = (HEIGHT + _GRAIN_ROOM, WIDTH + _GRAIN_ROOM)
    values = np.random.default_rng(0).normal(_GRAIN_MEAN, _GRAIN_SIGMA, size)
    return values.clip(0, 255).astype(np.uint8)


def _encoded(frame: MatLike) -> bytes:
    return cv2.imencode(".jpg", frame, _JPEG)[1].tobytes()
