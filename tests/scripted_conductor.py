"""A conductor that does what a test tells it, and keeps what the fleets say."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.attempt import AttemptRecord, ScanRecord
from gatedrill.contract.messages import (
    Arm,
    ArmBurst,
    Armed,
    ArmStream,
    BurstKind,
    ConductorClaim,
    Fire,
    Order,
    Presentation,
    Report,
)


def presentations(shows: Iterable[tuple[str, str]], seed: int = 1) -> tuple[Presentation, ...]:
    """One for each pair of device and symbol; the attempt is called by both."""
    return tuple(
        Presentation(f"{device}/{symbol}", device, symbol, seed) for device, symbol in shows
    )


class ScriptedConductor:
    """Speaks to one boot of one fleet, as the conductor of one run."""

    def __init__(self, bus: Bus, run: str, fleet: str, boot: str) -> None:
        self.run = run
        self.fleet = fleet
        self.boot = boot
        self.armed: asyncio.Queue[Armed] = asyncio.Queue()
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self._bus = bus

    async def come(self) -> None:
        """Claim the venue and listen."""
        await self._bus.subscribe(topics.ARMED, self._hear_armed, run=self.run)
        await self._bus.subscribe(topics.REPORT, self._hear_report, run=self.run)
        claim = ConductorClaim(self.run, host="here", pid=1)
        await self._bus.publish(topics.CONDUCTOR, claim, conductor=self.run)

    async def go(self) -> None:
        """Be gone, as a last will tells it."""
        await self._bus.clear(topics.CONDUCTOR, conductor=self.run)

    def _hear_armed(self, _levels: dict[str, str], armed: Armed | None) -> None:
        if armed is not None:
            self.armed.put_nowait(armed)

    def _hear_report(self, _levels: dict[str, str], report: Report | None) -> None:
        if report is not None:
            self.reports.put_nowait(report)

    def burst(
        self, step: str, kind: BurstKind, shows: Iterable[tuple[str, str]], *, offset_ns: int = 0
    ) -> ArmBurst:
        """What arms a burst of scans."""
        return self.burst_of(step, kind, presentations(shows), offset_ns=offset_ns)

    def burst_of(
        self, step: str, kind: BurstKind, orders: Iterable[Order], *, offset_ns: int = 0
    ) -> ArmBurst:
        """What arms a burst of anything."""
        return ArmBurst(step, self.boot, kind, offset_ns, tuple(orders))

    def stream(
        self, step: str, shows: Iterable[tuple[str, str]], *, pause_s: float, duration_s: float
    ) -> ArmStream:
        """What arms a stream."""
        return ArmStream(step, self.boot, 0, presentations(shows), pause_s, duration_s)

    def open_stream(
        self, step: str, shows: Iterable[tuple[str, str, float]], *, duration_s: float
    ) -> ArmStream:
        """What arms a stream of guests who come at their own times: device, symbol, seconds."""
        orders = tuple(
            Presentation(f"{device}/{symbol}", device, symbol, 1, due_s)
            for device, symbol, due_s in shows
        )
        return ArmStream(step, self.boot, 0, orders, 0, duration_s)

    async def arm(self, arm: Arm) -> None:
        """Send it, and do not wait."""
        await self._bus.publish(topics.ARM, arm, fleet=self.fleet, run=self.run)

    async def until_armed(self, arm: Arm) -> Armed:
        """Send it and wait for the fleet's word."""
        await self.arm(arm)
        armed = await self.armed.get()
        assert (armed.step, armed.boot) == (arm.step, self.boot)
        return armed

    async def fire(self, step: str, at_ns: int) -> None:
        """Name the instant."""
        await self._bus.publish(topics.FIRE, Fire(step, at_ns), run=self.run)

    async def gather(self, step: str) -> list[Report]:
        """All reports of a step, up to the one that finishes it."""
        gathered = []
        while True:
            gathered.append(await self.reports.get())
            assert (gathered[-1].step, gathered[-1].boot) == (step, self.boot)
            if gathered[-1].finished:
                return gathered

    async def records(self, step: str) -> dict[str, AttemptRecord]:
        """What the reports of a step tell, by attempt: each must be told once."""
        records = [record for report in await self.gather(step) for record in report.records]
        by_attempt = {record.attempt: record for record in records}
        assert len(by_attempt) == len(records)
        return by_attempt

    async def scans(self, step: str) -> dict[str, ScanRecord]:
        """The same of a step in which nothing but scans happens."""
        records = await self.records(step)
        scans = {name: each for name, each in records.items() if isinstance(each, ScanRecord)}
        assert len(scans) == len(records)
        return scans


@asynccontextmanager
async def scripted_conductor(
    bus: Bus, run: str, fleet: str, boot: str
) -> AsyncIterator[ScriptedConductor]:
    """Conducts while the body runs; afterwards nothing of it is retained."""
    conductor = ScriptedConductor(bus, run, fleet, boot)
    await conductor.come()
    try:
        yield conductor
    finally:
        await conductor.go()
