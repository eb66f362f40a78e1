"""Who makes barcode scanners, and whose chips sit in cheap ones.

The numbers are those of the USB ID repository (usb.ids). A vendor that also makes other things may
be here, as only serial ports and keyboards are ever held against the list.
"""

import re
from types import MappingProxyType

SCANNER_VENDORS = MappingProxyType(
    {
        0x0488: "Netum",
        0x0536: "Honeywell (Hand Held Products)",
        0x05E0: "Zebra (Symbol)",
        0x05F9: "Datalogic (PSC)",
        0x065A: "Opticon",
        0x067E: "Honeywell (Intermec)",
        0x080C: "Datalogic",
        0x0C2E: "Honeywell (Metrologic)",
        0x10AC: "Honeywell",
        0x1EAB: "Newland",
        0x27DD: "Mindeo",
    }
)
"""Vendors whose serial ports and keyboards are taken for scanners."""

ADAPTER_VENDORS = MappingProxyType(
    {0x0403: "FTDI", 0x067B: "Prolific", 0x10C4: "Silicon Labs CP210x", 0x1A86: "QinHeng CH34x"}
)
"""Makers of USB-to-serial chips, which scanners have inside, and everything else has, too."""

_SCANNER_NAME = re.compile(
    r"bar ?code|scanner|symbol|zebra|honeywell|datalogic|newland|mindeo|netum|opticon|2d imager",
    re.IGNORECASE,
)


def sounds_like_scanner(name: str) -> bool:
    """Whether a device's name says that it is a scanner."""
    return _SCANNER_NAME.search(name) is not None
