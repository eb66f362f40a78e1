"""A device's time of day, which may be wrong, beside the clock that it counts on."""

from typing import NamedTuple

from gatedrill.contract.clock import Clock
from gatedrill.devices.offline.service_time import ServiceTime


class Stamp(NamedTuple):
    """One instant, in all that a device knows of it, in nanoseconds.

    `clock_ns` is on the clock of this boot; `of_day_ns` what the device took for the time of day;
    `offset_ns` the service's time of day minus that one, to within `bound_ns`, both None as long as
    the service has not told.
    """

    clock_ns: int
    of_day_ns: int
    offset_ns: int | None
    bound_ns: int | None


class TimeOfDay:
    """What a device believes the time of day to be.

    `clock` counts from the Unix epoch as its process believed it at its start. `service` learns
    from the service's answers, whatever this device believes.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.service = ServiceTime()
        self._skew_ns = 0

    def now_ns(self) -> int:
        """The time of day, in nanoseconds since the Unix epoch; it steps when it is set."""
        return self.clock.now_ns() + self._skew_ns

    def set_skew(self, skew_s: float) -> None:
        """Be wrong by so much from now on, as a drill wants it; 0 ends it."""
        self._skew_ns = round(skew_s * 1e9)

    def stamp(self) -> Stamp:
        """This instant."""
        clock_ns = self.clock.now_ns()
        of_day_ns = clock_ns + self._skew_ns
        estimate = self.service.at(clock_ns)
        if estimate is None:
            return Stamp(clock_ns, of_day_ns, None, None)
        return Stamp(clock_ns, of_day_ns, estimate.offset_ns - self._skew_ns, estimate.bound_ns)
