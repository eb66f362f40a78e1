"""Pictures for the comparison of decoders: one difficulty at a time, in known amounts.

The emulated camera's frames have all difficulties at once, for a rehearsal should look like a gate.
A comparison wants to know which of them a decoder fails at. A picture is decided by its condition,
its size and its seed.
"""

import random
import uuid
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import zxingcpp
from cv2.typing import MatLike

SIZES = ((640, 480), (1280, 720))
QR, CODE_128 = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128

_QUIET_MODULES = {QR: 4, CODE_128: 10}
"""The white around a code, as the standards ask for it."""

_MODULE_PX = 4
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Sight(NamedTuple):
    """A gray picture, and the texts of the codes in it."""

    picture: MatLike
    texts: frozenset[str]


def render(condition: str, size: tuple[int, int], seed: int) -> Sight:
    """One picture of `size` (width, height) in one of `CONDITIONS`."""
    rng = random.Random(f"{condition} {size} {seed}")
    return CONDITIONS[condition](size, rng)


def clean(size: tuple[int, int], rng: random.Random) -> Sight:
    """Held flat and straight, a little out of focus, as every picture here."""
    return _shown(size, rng)


def rotated(size: tuple[int, int], rng: random.Random) -> Sight:
    """Turned by any angle."""
    return _shown(size, rng, turn=rng.uniform(0, 360))


def perspective(size: tuple[int, int], rng: random.Random) -> Sight:
    """Tilted by 35 to 65 degrees, in any direction, and turned a little."""
    return _shown(size, rng, turn=rng.uniform(-20, 20), tilt=rng.uniform(35, 65))


def motion_blur(size: tuple[int, int], rng: random.Random) -> Sight:
    """Moved while it was taken, in any direction, by one to three modules of a long code."""
    sight = _shown(size, rng)
    length = max(3, round(_side(size) / 45 * rng.uniform(1.0, 3.0)))
    trace = np.zeros((length * 2 + 1, length * 2 + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    across, down = length / 2 * np.cos(angle), length / 2 * np.sin(angle)
    ends = [(round(length + sign * across), round(length + sign * down)) for sign in (-1, 1)]
    cv2.line(trace, ends[0], ends[1], 1.0)
    return Sight(cv2.filter2D(sight.picture, -1, trace / trace.sum()), sight.texts)


def noise(size: tuple[int, int], rng: random.Random) -> Sight:
    """A sensor in the dark: noise with a standard deviation of 20 to 45 of 255."""
    sight = _shown(size, rng)
    grain = _numbers(rng).normal(0, rng.uniform(20, 45), sight.picture.shape)
    return Sight((sight.picture + grain).clip(0, 255).astype(np.uint8), sight.texts)


def low_contrast(size: tuple[int, int], rng: random.Random) -> Sight:
    """Black and white 8 to 40 of 255 apart, with the noise of a usual sensor."""
    sight = _shown(size, rng)
    span, black = rng.uniform(8, 40), rng.uniform(20, 160)
    grain = _numbers(rng).normal(0, 2, sight.picture.shape)
    faint = sight.picture * (span / 255) + black + grain
    return Sight(faint.clip(0, 255).astype(np.uint8), sight.texts)


def glare(size: tuple[int, int], rng: random.Random) -> Sight:
    """A lamp reflected near the code, its rim soft: it outshines 3 to 12 % of the code's area."""
    sight = _shown(size, rng)
    width, height = size
    side = _side(size)
    radius = side * (rng.uniform(0.03, 0.12) / np.pi) ** 0.5
    around, distance = rng.uniform(0, 2 * np.pi), side * rng.uniform(0, 0.45)
    x, y = width / 2 + distance * np.cos(around), height / 2 + distance * np.sin(around)
    lamp = np.zeros((height, width), np.float32)
    cv2.circle(lamp, (round(x), round(y)), round(radius), 400.0, thickness=-1)
    light = cv2.GaussianBlur(lamp, (0, 0), radius / 4)
    return Sight((sight.picture + light).clip(0, 255).astype(np.uint8), sight.texts)


def small(size: tuple[int, int], rng: random.Random) -> Sight:
    """A code 80 pixels wide: held too far away."""
    return _shown(size, rng, side=80.0, text=_uuid(rng))


def two_codes(size: tuple[int, int], rng: random.Random) -> Sight:
    """Two tickets side by side."""
    width, height = size
    one, other = (_shown((width // 2, height), rng, side=_side(size) * 0.8) for _ in range(2))
    return Sight(np.hstack([one.picture, other.picture]), one.texts | other.texts)


def code_128(size: tuple[int, int], rng: random.Random) -> Sight:
    """A Code 128 with 12 characters, turned by up to 10 degrees."""
    text = "".join(rng.choices(_ALPHABET, k=12))
    side = size[0] * 0.6
    return _shown(size, rng, turn=rng.uniform(-10, 10), side=side, text=text, kind=CODE_128)


def no_code(size: tuple[int, int], rng: random.Random) -> Sight:
    """Nobody holds up a ticket: what a camera sees most of the time."""
    return Sight(cv2.GaussianBlur(_hall(size, rng), (0, 0), 0.6), frozenset())


CONDITIONS: dict[str, Callable[[tuple[int, int], random.Random], Sight]] = {
    "clean": clean,
    "rotated": rotated,
    "perspective": perspective,
    "motion blur": motion_blur,
    "noise": noise,
    "low contrast": low_contrast,
    "glare": glare,
    "small, 80 px": small,
    "two codes": two_codes,
    "Code 128": code_128,
    "no code": no_code,
}


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))


def _side(size: tuple[int, int]) -> float:
    """How large a code appears: half of the picture's height."""
    return size[1] * 0.5


def _numbers(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(64))


def _shown(
    size: tuple[int, int],
    rng: random.Random,
    *,
    turn: float = 0.0,
    tilt: float = 0.0,
    side: float | None = None,
    text: str | None = None,
    kind: zxingcpp.BarcodeFormat = QR,
) -> Sight:
    """A ticket with one code, `side` pixels wide, in the middle of a dim hall.

    Its text is a UUID or, as often, 120 letters and digits, as long as signed tickets are.
    """
    if text is None:
        text = _uuid(rng) if rng.random() < 0.5 else "".join(rng.choices(_ALPHABET, k=120))
    ticket, quiet_px = _ticket(text, kind)
    scale = (side or _side(size)) / (ticket.shape[1] - 2 * quiet_px)
    height, width = ticket.shape
    corners = np.array([(0, 0, 0), (width, 0, 0), (width, height, 0), (0, height, 0)], np.float64)
    flat = (corners - (width / 2, height / 2, 0)) * scale
    held = _turned(_turned(flat, (0, 0, turn)), _leaning(tilt, rng))
    seen = held[:, :2] / (1 + held[:, 2:] / (size[0] * 1.1)) + (size[0] / 2, size[1] / 2)
    view = cv2.getPerspectiveTransform(corners[:, :2].astype(np.float32), seen.astype(np.float32))
    scene = _hall(size, rng)
    cv2.warpPerspective(
        ticket, view, size, dst=scene, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT
    )
    return Sight(cv2.GaussianBlur(scene, (0, 0), 0.6), frozenset({text}))


def _ticket(text: str, kind: zxingcpp.BarcodeFormat) -> tuple[MatLike, int]:
    """The code on white, and how many pixels wide the white is around it."""
    options = {"ec_level": "M"} if kind == QR else {}
    code = zxingcpp.create_barcode(text, kind, **options)
    picture = np.array(
        zxingcpp.write_barcode_to_image(code, scale=_MODULE_PX, add_quiet_zones=False)
    )
    quiet_px = _QUIET_MODULES[kind] * _MODULE_PX
    return np.pad(picture, quiet_px, constant_values=255), quiet_px


def _leaning(tilt: float, rng: random.Random) -> tuple[float, float, float]:
    towards = rng.uniform(0, 2 * np.pi)
    return (tilt * float(np.cos(towards)), tilt * float(np.sin(towards)), 0.0)


def _turned(points: MatLike, degrees: tuple[float, float, float]) -> MatLike:
    matrix, _ = cv2.Rodrigues(np.radians(degrees))
    return points @ matrix.T


def _hall(size: tuple[int, int], rng: random.Random) -> MatLike:
    """Patches of light and dark, far out of focus."""
    patches = np.frombuffer(rng.randbytes(48), np.uint8).reshape(6, 8) // 2 + 30
    return cv2.resize(patches, size, interpolation=cv2.INTER_CUBIC)
