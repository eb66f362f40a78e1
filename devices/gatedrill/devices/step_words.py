"""What a fleet says of the step in hand, kept so that it can be said again.

A conductor that was cut off from the broker has missed what was said meanwhile, and asks for it.
"""

from collections.abc import Iterable

import msgspec

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.messages import Armed, Report


class StepWords:
    """Says and keeps the words of one step at a time; `run` is the run that it belongs to."""

    def __init__(self, bus: Bus, fleet: str) -> None:
        self._bus = bus
        self._fleet = fleet
        self.run = ""
        self._step = ""
        self._armed: Armed | None = None
        self._reports: list[Report] = []

    def begin(self, run: str, step: str) -> None:
        """Another step: nobody will ask for the words of the one before."""
        self.run, self._step = run, step
        self._armed = None
        self._reports = []

    async def say_armed(self, armed: Armed) -> None:
        """The fleet is ready; PeerError if the broker stays out of reach."""
        self._armed = armed
        await self._bus.publish(topics.ARMED, armed, fleet=self._fleet, run=self.run)

    async def report(self, report: Report) -> None:
        """Attempts have ended; PeerError if the broker stays out of reach.

        The last report tells how many there were in all.
        """
        if report.finished:
            report = msgspec.structs.replace(report, total=_count([*self._reports, report]))
        self._reports.append(report)
        await self._bus.publish(topics.REPORT, report, fleet=self._fleet, run=self.run)

    async def say_again(self, run: str, step: str) -> None:
        """All of it, in order, if it is this step's."""
        if (run, step) != (self.run, self._step):
            return
        if self._armed is not None:
            await self._bus.publish(topics.ARMED, self._armed, fleet=self._fleet, run=run)
        for report in tuple(self._reports):
            await self._bus.publish(topics.REPORT, report, fleet=self._fleet, run=run)


def _count(reports: Iterable[Report]) -> int:
    return len({record.attempt for report in reports for record in report.records})
