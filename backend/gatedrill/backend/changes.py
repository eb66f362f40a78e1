"""When rows were last changed, so that devices can ask for what is newer than their copy."""

from collections.abc import Callable

import msgspec

from gatedrill.backend.instants import utc_now
from gatedrill.backend.store import R


class Changes:
    """Dates the rows that have a column `updated_at`.

    `now` tells the time of day as `instants` writes it. No change is dated before an earlier one,
    even when somebody sets the clock back.
    """

    def __init__(self, now: Callable[[], str] = utc_now) -> None:
        self._now = now
        self._latest = ""

    def changed(self, row: R) -> R:
        """The row, changed now."""
        return self._dated(row) if hasattr(row, "updated_at") else row

    def added(self, row: R) -> R:
        """The row, changed now unless it says when."""
        return self._dated(row) if getattr(row, "updated_at", "") is None else row

    def _dated(self, row: R) -> R:
        self._latest = max(self._latest, self._now())
        return msgspec.structs.replace(row, updated_at=self._latest)
