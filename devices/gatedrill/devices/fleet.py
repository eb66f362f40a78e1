"""The fleet: many emulated devices in one process, on one MQTT connection.

A step goes: arm (everything slow happens now), armed, fire at T, report. A new step, or the end of
the conductor, makes an end of the one before.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.messages import (
    Arm,
    ArmBurst,
    Armed,
    ArmStream,
    BurstKind,
    ConductorClaim,
    Fire,
    Presentation,
    Report,
)
from gatedrill.devices.lane import Lane, Showing
from gatedrill.devices.release import release_together

REPORT_EVERY_S = 0.25

logger = logging.getLogger(__name__)


class Fleet:
    """Hosts lanes and obeys the conductor of the venue."""

    def __init__(
        self, name: str, boot: str, bus: Bus, clock: Clock, lanes: Iterable[Lane], workers: Executor
    ) -> None:
        self.name = name
        self.boot = boot
        self._bus = bus
        self._clock = clock
        self._lanes = {lane.name: lane for lane in lanes}
        self._workers = workers
        self._step: asyncio.Task[None] | None = None
        self._run = ""
        self._arm: Arm | None = None
        self._fired: asyncio.Future[Fire] = asyncio.Future()

    async def listen(self) -> None:
        """Follow the conductor's words from now on."""
        await self._bus.subscribe(topics.ARM, self._on_arm, fleet=self.name)
        await self._bus.subscribe(topics.FIRE, self._on_fire)
        await self._bus.subscribe(topics.CONDUCTOR, self._on_conductor)

    async def rest(self) -> None:
        """Give up the step in hand, if any."""
        step, self._step = self._step, None
        if step is not None and not step.done():
            step.cancel()
            await asyncio.wait([step])

    def _on_arm(self, levels: dict[str, str], arm: Arm | None) -> None:
        if arm is None or arm.boot != self.boot:
            return
        if (levels["run"], arm) == (self._run, self._arm):
            return  # MQTT delivers at least once
        if self._step is not None:
            self._step.cancel()
        self._run, self._arm = levels["run"], arm
        self._fired = asyncio.Future()
        self._step = asyncio.create_task(self._perform(arm, self._run, self._fired))

    def _on_fire(self, levels: dict[str, str], fire: Fire | None) -> None:
        if fire is None or self._arm is None or self._fired.done():
            return
        if (levels["run"], fire.step) == (self._run, self._arm.step):
            self._fired.set_result(fire)

    def _on_conductor(self, levels: dict[str, str], claim: ConductorClaim | None) -> None:
        if claim is None and levels["conductor"] == self._run and self._step is not None:
            self._step.cancel()
            self._arm = None  # should it come back, it may say the same again

    async def _perform(self, arm: Arm, run: str, fired: asyncio.Future[Fire]) -> None:
        log = logging.LoggerAdapter(logger, {"run": run})
        try:
            if isinstance(arm, ArmBurst):
                await self._burst(arm, run, fired)
            else:
                await self._stream(arm, run, fired)
        except asyncio.CancelledError:
            log.info("step %s given up", arm.step)
        except Exception:
            log.exception("step %s failed", arm.step)

    async def _burst(self, arm: ArmBurst, run: str, fired: asyncio.Future[Fire]) -> None:
        showings = await self._prepare(arm.presentations)
        unready: dict[str, str] = {}
        if arm.kind is BurstKind.REQUEST:
            unready = await _read_ahead(showings)
            showings = [showing for showing in showings if showing.lane.name not in unready]
        async with asyncio.TaskGroup() as scans:
            tasks = [scans.create_task(showing.scan()) for showing in showings]
            await self._say_armed(arm.step, run, unready)
            at_ns = (await fired).at_ns + arm.clock_offset_ns
            await self._release(showings, at_ns)
        await self._report(arm.step, run, [task.result() for task in tasks], finished=True)

    async def _stream(self, arm: ArmStream, run: str, fired: asyncio.Future[Fire]) -> None:
        by_lane: dict[str, list[Showing]] = {}
        for showing in await self._prepare(arm.presentations):
            by_lane.setdefault(showing.lane.name, []).append(showing)
        await self._say_armed(arm.step, run, {})
        at_ns = (await fired).at_ns + arm.clock_offset_ns
        until_ns = at_ns + round(arm.duration_s * 1e9)
        pending: list[ScanRecord] = []
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report_until(ended, arm.step, run, pending))
            loops = [
                tasks.create_task(_closed_loop(queue, arm.pause_s, until_ns, pending.append))
                for queue in by_lane.values()
            ]
            await self._release([queue[0] for queue in by_lane.values()], at_ns)
            await asyncio.wait(loops)
            ended.set()
        await self._report(arm.step, run, pending, finished=True)

    async def _prepare(self, presentations: Iterable[Presentation]) -> list[Showing]:
        showings = [Showing(self._lanes[each.device], each) for each in presentations]
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(self._workers, showing.prepare) for showing in showings)
        )
        await asyncio.gather(
            *(lane.checkin.warm() for lane in {showing.lane for showing in showings})
        )
        return showings

    async def _release(self, showings: list[Showing], at_ns: int) -> None:
        for showing in showings:
            showing.intended_ns = at_ns
        await release_together(at_ns, self._clock, (showing.release for showing in showings))
        for showing in showings:
            showing.resume()

    async def _say_armed(self, step: str, run: str, unready: dict[str, str]) -> None:
        armed = Armed(step=step, boot=self.boot, unready=unready)
        await self._bus.publish(topics.ARMED, armed, fleet=self.name, run=run)

    async def _report(
        self, step: str, run: str, scans: list[ScanRecord], *, finished: bool = False
    ) -> None:
        for scan in scans:
            context = {"run": run, "fleet": self.name, "device": scan.device}
            logger.debug(
                "%s %s, %.1f ms", scan.attempt, scan.outcome, scan.latency_ms, extra=context
            )
        report = Report(step=step, boot=self.boot, scans=tuple(scans), finished=finished)
        await self._bus.publish(topics.REPORT, report, fleet=self.name, run=run)

    async def _report_until(
        self, ended: asyncio.Event, step: str, run: str, pending: list[ScanRecord]
    ) -> None:
        """Send what has gathered in `pending`, several times a second; the rest is the caller's."""
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), REPORT_EVERY_S)
            if pending and not ended.is_set():
                scans = pending.copy()
                pending.clear()
                await self._report(step, run, scans)


async def _read_ahead(showings: list[Showing]) -> dict[str, str]:
    """Have all read and ask ahead; returns the devices that are not ready, and why."""
    unready: dict[str, str] = {}
    try:
        async with asyncio.TaskGroup() as readings:
            tasks = [readings.create_task(showing.read_ahead()) for showing in showings]
        for showing, task in zip(showings, tasks, strict=True):
            if (why := task.result()) is not None:
                unready[showing.lane.name] = why
                await showing.give_up()
    except BaseException:  # given up half-way: questions on hold would block the connections
        for showing in showings:
            await showing.give_up()
        raise
    return unready


async def _closed_loop(
    showings: list[Showing],
    pause_s: float,
    until_ns: int,
    emit: Callable[[ScanRecord], None],
) -> None:
    """One device's stream. The first showing is released from outside, at T."""
    clock = showings[0].lane.clock
    for number, showing in enumerate(showings):
        if number:
            await asyncio.sleep(max(0, showing.intended_ns - clock.now_ns()) / 1e9)
            if clock.now_ns() >= until_ns:
                return
            showing.release()
            showing.resume()
        scan = await showing.scan()
        emit(scan)
        if number + 1 < len(showings):
            # Latency counts from here: a loop that wakes late adds to its own figure.
            showings[number + 1].intended_ns = scan.decided_ns + round(pause_s * 1e9)
