"""What a gate must know apart from all other failures."""

from gatedrill.contract.errors import GatedrillError


class NotRecordedError(GatedrillError):
    """The device's file did not take what was to be written: its disk is full, or broken.

    Nobody may be let in on a scan that is not written down.
    """
