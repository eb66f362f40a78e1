"""Whether codes can be read here, and now."""

from typing import TYPE_CHECKING

from gatedrill.cli.doctor_checks.finding import Finding, fail, ok, warn
from gatedrill.cli.extras import extra_needed
from gatedrill.contract.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatedrill.devices.readers.decoders import Decoder

_TICKET = "5f0a4b1e-0c5d-4f0e-9f0a-2a1f3f1f7c11"
_SEED = 1


def decode_now(make: "Callable[[str], Decoder] | None" = None) -> Finding:
    """Render a ticket as a webcam would see it, and read it."""
    name = "decoder zxing"
    cure = "pip install --force-reinstall 'gatedrill[devices]'"
    try:
        texts = _read_rendered("zxing", make)
    except (UsageError, ImportError, OSError) as error:
        return fail(name, f"cannot be used: {error}", cure)
    if texts != [_TICKET]:
        return fail(name, f"read {len(texts)} codes in a picture of one, or another text", cure)
    return ok(name, "has read a rendered QR code")


def zbar(make: "Callable[[str], Decoder] | None" = None) -> Finding:
    """The other decoder, which nobody needs who does not ask for it."""
    try:
        _read_rendered("zbar", make)
    except (UsageError, ImportError, OSError):
        return warn(
            "decoder zbar",
            "not installed; only --decoder zbar needs it",
            "pip install 'gatedrill[zbar]', and the system package libzbar0 or zbar",
        )
    return ok("decoder zbar", "installed")


def _read_rendered(name: str, make: "Callable[[str], Decoder] | None") -> list[str]:
    with extra_needed("devices"):
        import cv2
        import numpy as np

        from gatedrill.devices.emulation.frames import STEADY_LOOK, render_frame
        from gatedrill.devices.readers.decoders import make_decoder
    decoder = (make or make_decoder)(name)
    frame = render_frame(_TICKET, _SEED, STEADY_LOOK)
    image = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_GRAYSCALE)
    return [] if image is None else [code.text for code in decoder.decode(image)]
