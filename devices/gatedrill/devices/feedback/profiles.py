"""What can be sent to a scanner so that it says itself what became of a scan.

Every vendor has commands of its own, and a byte that makes one scanner beep switches another one
off: `D` disables a Datalogic. So nothing is ever sent unless somebody has named the profile. None
of them was tried on a real scanner; each names the manual that its bytes are taken from.

Zebra is missing. The packets of its serial interface (SSI) are documented, but the scanner answers
each with a packet, which a reader that expects lines would take for a ticket.
"""

import msgspec

from gatedrill.contract.errors import UsageError
from gatedrill.devices.feedback.cue import Cue

NO_PROFILE = "none"
"""The profile's name by which nothing is sent."""


class ScannerProfile(msgspec.Struct, frozen=True):
    """The bytes for each cue (None: nothing is sent), and whom they are meant for.

    `vendor_ids` are those of USB. `setup` is what has to be set on the scanner first, in the words
    of its manual; `source` is that manual.
    """

    name: str
    vendor_ids: tuple[int, ...]
    good: bytes | None
    bad: bytes | None
    unsure: bytes | None
    setup: str
    source: str

    def bytes_for(self, cue: Cue) -> bytes | None:
        """What to send for `cue`; nothing while the gate waits."""
        return {Cue.GOOD: self.good, Cue.BAD: self.bad, Cue.UNSURE: self.unsure}.get(cue)


_ESC = b"\x1b"
_DATALOGIC = (0x05F9, 0x080C)

_HONEYWELL = ScannerProfile(
    name="honeywell",
    vendor_ids=(0x0C2E, 0x0536, 0x10AC),
    good=_ESC + b"7,",
    # The manual's own answer to "not on file". Once is for "nobody knows": an error tone as well,
    # as no doubt may sound like a welcome.
    bad=_ESC + b"8," + _ESC + b"8,",
    unsure=_ESC + b"8,",
    setup="USB COM Emulation (terminal ID 130) or RS232, at 9600 baud or more; Host ACK On",
    source="Honeywell Xenon/Granit User Guide, Host Acknowledgment, pages 75 to 77",
)
_DATALOGIC_CHARACTERS = ScannerProfile(
    name="datalogic",
    vendor_ids=_DATALOGIC,
    # SOH sounds also where the scanner's own beep is off, as it should be; `B` would not.
    good=b"\x01",
    # `F` says "not on file" and disables a PowerScan, until `E` enables it again.
    bad=b"FE",
    unsure=b"FE",
    setup="USB-COM or RS-232; Good Read Beep off, so that the only beep is the answer",
    source="Datalogic PowerScan Product Reference Guide, Appendix E, page 381; "
    "Magellan 9300i, Appendix E, page 469",
)
_DATALOGIC_CORDLESS = ScannerProfile(
    name="datalogic-cordless",
    vendor_ids=_DATALOGIC,
    good=b"\x12" + _ESC + b"[6q" + _ESC + b"[3q" + _ESC + b"[7q\r",
    bad=b"\x12" + _ESC + b"[4q\r",
    unsure=b"\x12" + _ESC + b"[2q\r",
    setup="USB-COM or RS-232; Host Commands = Ignore; no address stamping; "
    "good transmission beep off",
    source="Datalogic Gryphon I GD44XX/GBT4400/GM440X Product Reference Guide, "
    "Message Formatting, pages 289 to 292",
)

PROFILES: dict[str, ScannerProfile] = {
    profile.name: profile for profile in (_HONEYWELL, _DATALOGIC_CHARACTERS, _DATALOGIC_CORDLESS)
}


def make_profile(name: str | None) -> ScannerProfile | None:
    """The profile of that name, None for `none`; UsageError if there is no such one."""
    if name is None or name == NO_PROFILE:
        return None
    if name not in PROFILES:
        known = ", ".join([NO_PROFILE, *PROFILES])
        raise UsageError(f"unknown scanner profile {name!r}: choose one of {known}")
    return PROFILES[name]
