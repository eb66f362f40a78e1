"""The fleet: many devices in one process, on one MQTT connection.

A step goes: arm (everything slow happens now), armed, fire at T, report. A new step, or the end of
the conductor, makes an end of the one before.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from functools import partial

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError
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
    ReleaseMode,
    Report,
)
from gatedrill.devices.device import Act, Device
from gatedrill.devices.ready import (
    Unready,
    begin_acts,
    find_device,
    give_up_acts,
    prepare_acts,
    read_acts_ahead,
)
from gatedrill.devices.release import QUIET_S, release_in_turn, release_together
from gatedrill.devices.stream import Stream, StreamTimes

REPORT_EVERY_S = 0.25

logger = logging.getLogger(__name__)


class Fleet:
    """Hosts devices and obeys the conductor of the venue."""

    def __init__(
        self,
        name: str,
        boot: str,
        bus: Bus,
        clock: Clock,
        devices: Iterable[Device],
        workers: Executor,
    ) -> None:
        self.name = name
        self.boot = boot
        self._bus = bus
        self._clock = clock
        self._devices = {device.name: device for device in devices}
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
        except Exception as error:
            told = _told_in_a_line(error)
            if told is None:
                log.exception("step %s failed", arm.step)
            else:
                log.warning("step %s failed: %s", arm.step, told)

    async def _burst(self, arm: ArmBurst, run: str, fired: asyncio.Future[Fire]) -> None:
        unready: Unready = {}
        acts = begin_acts(self._devices, arm.orders, unready)
        acts = await prepare_acts(acts, self._workers, unready)
        await self._warm({act.device for act in acts})
        if arm.burst is BurstKind.REQUEST:
            acts = await read_acts_ahead(acts, unready)
        try:
            async with asyncio.TaskGroup() as attempts:
                tasks = [attempts.create_task(act.record()) for act in acts]
                await self._say_armed(arm.step, run, unready)
                at_ns = (await fired).at_ns + arm.clock_offset_ns
                mode = await self._release_burst(acts, arm.orders, at_ns)
        except BaseException:  # perhaps before the acts could see to that themselves
            await give_up_acts(acts)
            raise
        records = [task.result() for task in tasks]
        released = mode if acts else None
        await self._report(arm.step, run, records, finished=True, release=released)

    async def _stream(self, arm: ArmStream, run: str, fired: asyncio.Future[Fire]) -> None:
        unready: Unready = {}
        streams = self._begin_streams(arm.orders, unready)
        try:
            await asyncio.gather(*(stream.prepare() for stream in streams.values()))
            await self._warm(streams)
            await self._say_armed(arm.step, run, unready)
            at_ns = (await fired).at_ns + arm.clock_offset_ns
            times = StreamTimes(
                at_ns, at_ns + round(arm.duration_s * 1e9), round(arm.pause_s * 1e9)
            )
            await self._run_streams(arm.step, run, list(streams.values()), times)
        finally:
            for stream in streams.values():
                await stream.give_up()

    async def _run_streams(
        self, step: str, run: str, streams: Sequence[Stream], times: StreamTimes
    ) -> None:
        pending: list[AttemptRecord] = []
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report_until(ended, step, run, pending))
            running = [tasks.create_task(stream.run(times, pending.append)) for stream in streams]
            openings = [stream.opening for stream in streams if stream.opening is not None]
            mode = await self._release(openings, times.at_ns)
            if running:
                await asyncio.wait(running)
            ended.set()
        released = mode if openings else None
        await self._report(step, run, pending, finished=True, release=released)

    def _begin_streams(self, orders: Iterable[Presentation], unready: Unready) -> dict[str, Stream]:
        by_device: dict[str, list[Presentation]] = {}
        for order in orders:
            by_device.setdefault(order.device, []).append(order)
        streams = {}
        for name, queue in by_device.items():
            try:
                device = find_device(self._devices, name)
                streams[name] = Stream(device, queue, self._workers, self._clock)
            except GatedrillError as error:
                unready[name] = str(error)
        return streams

    async def _warm(self, names: Iterable[str]) -> None:
        await asyncio.gather(*(self._devices[name].warm() for name in names))

    async def _release_burst(
        self, acts: Sequence[Act], orders: Sequence[Order], at_ns: int
    ) -> ReleaseMode:
        shifts_ns = {order.device: order.shift_ns for order in orders}
        if not any(shifts_ns.values()):
            return await self._release(acts, at_ns, QUIET_S)
        for act in acts:
            act.intended_ns = at_ns + shifts_ns[act.device]
        return await release_in_turn(
            self._clock, ((act.intended_ns, partial(_let_go, act)) for act in acts)
        )

    async def _release(self, acts: Sequence[Act], at_ns: int, quiet_s: float = 0.0) -> ReleaseMode:
        for act in acts:
            act.intended_ns = at_ns
        releases = (act.release for act in acts)
        mode = await release_together(at_ns, self._clock, releases, quiet_s)
        for act in acts:
            act.resume()
        return mode

    async def _say_armed(self, step: str, run: str, unready: Unready) -> None:
        armed = Armed(step=step, boot=self.boot, unready=unready)
        await self._bus.publish(topics.ARMED, armed, fleet=self.name, run=run)

    async def _report(
        self,
        step: str,
        run: str,
        records: Sequence[AttemptRecord],
        *,
        finished: bool = False,
        release: ReleaseMode | None = None,
    ) -> None:
        for record in records:
            context = {"run": run, "fleet": self.name, "device": record.device}
            logger.debug(
                "%s %s, %.1f ms", record.attempt, record.outcome, record.latency_ms, extra=context
            )
        report = Report(step, self.boot, tuple(records), finished, release)
        await self._bus.publish(topics.REPORT, report, fleet=self.name, run=run)

    async def _report_until(
        self, ended: asyncio.Event, step: str, run: str, pending: list[AttemptRecord]
    ) -> None:
        """Send what has gathered in `pending`, several times a second; the rest is the caller's."""
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), REPORT_EVERY_S)
            if pending and not ended.is_set():
                records = pending.copy()
                pending.clear()
                await self._report(step, run, records)


def _let_go(act: Act) -> None:
    act.release()
    act.resume()


def _told_in_a_line(error: Exception) -> GatedrillError | None:
    """The first failure, if there was none but those that a line tells of: no traceback."""
    if isinstance(error, GatedrillError):
        return error
    if isinstance(error, ExceptionGroup):
        told = [_told_in_a_line(each) for each in error.exceptions]
        return told[0] if all(told) else None
    return None
