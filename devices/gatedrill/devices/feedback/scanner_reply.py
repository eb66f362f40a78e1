"""The scanner itself says what became of its scan: opt-in, and only by a named profile."""

import logging
from collections.abc import Callable

from gatedrill.devices.feedback.cue import Shown
from gatedrill.devices.feedback.profiles import ScannerProfile, make_profile

logger = logging.getLogger(__name__)


class ScannerReply:
    """Sends the profile's bytes for each verdict, and nothing while the gate waits.

    `send` hands bytes to the scanner's port and must not wait. What it raises is logged the first
    time and goes no further.
    """

    def __init__(self, profile: ScannerProfile, send: Callable[[bytes], None]) -> None:
        self._profile = profile
        self._send = send
        self._has_failed = False

    def show(self, shown: Shown) -> None:
        """Send what the profile has for this cue, if it has anything."""
        reply = self._profile.bytes_for(shown.cue)
        if reply is None:
            return
        try:
            self._send(reply)
        except Exception as error:
            self._report(error)

    def close(self) -> None:
        """Nothing to leave behind: the port is its reader's."""

    def _report(self, error: Exception) -> None:
        if not self._has_failed:
            self._has_failed = True
            logger.warning(
                "the scanner cannot be told the verdict (profile %s): %s", self._profile.name, error
            )


def make_scanner_reply(
    profile_name: str | None, send: Callable[[bytes], None]
) -> ScannerReply | None:
    """The reply by that profile, None for `none`; UsageError if there is no such profile."""
    profile = make_profile(profile_name)
    return None if profile is None else ScannerReply(profile, send)
