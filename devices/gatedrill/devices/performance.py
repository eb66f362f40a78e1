"""Going through one step with the devices of a fleet: govern, arm, release, report."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

from gatedrill.contract.attempt import AttemptRecord, ScanRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError
from gatedrill.contract.messages import (
    Arm,
    ArmBurst,
    Armed,
    ArmStream,
    BurstKind,
    Fire,
    Order,
    Presentation,
    ReleaseMode,
    Report,
)
from gatedrill.devices.attended.gate import AttendedGate
from gatedrill.devices.attended.stream import AttendedStream
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
from gatedrill.devices.standbys import Standbys
from gatedrill.devices.step_words import StepWords
from gatedrill.devices.stream import Stream, StreamTimes

AnyOrder = TypeVar("AnyOrder", bound=Order)

REPORT_EVERY_S = 0.25

logger = logging.getLogger(__name__)


class Performer:
    """Takes steps through the devices of one boot of a fleet, one at a time."""

    def __init__(
        self,
        boot: str,
        clock: Clock,
        devices: Iterable[Device],
        workers: Executor,
        words: StepWords,
        standbys: Standbys | None,
    ) -> None:
        self._boot = boot
        self._clock = clock
        self._devices = {device.name: device for device in devices}
        self._attended = {
            name: each for name, each in self._devices.items() if isinstance(each, AttendedGate)
        }
        self._workers = workers
        self._words = words
        self._standbys = standbys

    async def perform(self, arm: Arm, fired: asyncio.Future[Fire]) -> None:
        """Do what is ordered, once `fired` tells the instant.

        Raises PeerError if the broker stays out of reach. Cancelled, it leaves nothing under way.
        """
        if isinstance(arm, ArmBurst):
            await self._burst(arm, fired)
        else:
            await self._stream(arm, fired)

    async def _burst(self, arm: ArmBurst, fired: asyncio.Future[Fire]) -> None:
        unready = await self._govern(arm)
        acts = begin_acts(self._devices, _ready(arm.orders, unready), unready)
        try:
            acts = await prepare_acts(acts, self._workers, unready)
            await self._warm({act.device for act in acts})
            if arm.burst is BurstKind.REQUEST:
                acts = await read_acts_ahead(acts, unready)
            async with asyncio.TaskGroup() as attempts:
                tasks = [attempts.create_task(act.record()) for act in acts]
                await self._words.say_armed(Armed(arm.step, self._boot, unready))
                at_ns = (await fired).at_ns + arm.clock_offset_ns
                for act in acts:
                    act.until_ns = at_ns + round(arm.present_within_s * 1e9)
                mode = await self._release_burst(acts, arm.orders, at_ns)
        except BaseException:  # perhaps before the acts could see to that themselves
            await give_up_acts(acts)
            raise
        records = [task.result() for task in tasks]
        released = mode if acts and not self._are_attended(acts) else None
        await self._report(arm.step, records, finished=True, release=released)

    async def _stream(self, arm: ArmStream, fired: asyncio.Future[Fire]) -> None:
        unready = await self._govern(arm)
        streams = self._begin_streams(_ready(arm.orders, unready), unready)
        try:
            await asyncio.gather(*(stream.prepare() for stream in streams.values()))
            await self._warm(streams)
            await self._words.say_armed(Armed(arm.step, self._boot, unready))
            at_ns = (await fired).at_ns + arm.clock_offset_ns
            times = StreamTimes(
                at_ns, at_ns + round(arm.duration_s * 1e9), round(arm.pause_s * 1e9)
            )
            await self._run_streams(arm.step, list(streams.values()), times)
        finally:
            for stream in streams.values():
                await stream.give_up()

    async def _run_streams(
        self, step: str, streams: Sequence[Stream | AttendedStream], times: StreamTimes
    ) -> None:
        pending: list[AttemptRecord] = []
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report_until(ended, step, pending))
            running = [tasks.create_task(stream.run(times, pending.append)) for stream in streams]
            openings = [stream.opening for stream in streams if stream.opening is not None]
            mode = await self._release(openings, times.at_ns)
            if running:
                await asyncio.wait(running)
            ended.set()
        released = mode if openings else None
        await self._report(step, pending, finished=True, release=released)

    def _begin_streams(
        self, orders: Iterable[Presentation], unready: Unready
    ) -> dict[str, Stream | AttendedStream]:
        by_device: dict[str, list[Presentation]] = {}
        for order in orders:
            by_device.setdefault(order.device, []).append(order)
        streams: dict[str, Stream | AttendedStream] = {}
        for name, queue in by_device.items():
            try:
                device = find_device(self._devices, name)
                streams[name] = (
                    AttendedStream(device, queue)
                    if isinstance(device, AttendedGate)
                    else Stream(device, queue, self._workers, self._clock)
                )
            except GatedrillError as error:
                unready[name] = str(error)
        return streams

    async def _govern(self, arm: Arm) -> Unready:
        """Have the devices of a step decide as it says; returns those that cannot, and why."""
        unready: Unready = {}
        names = dict.fromkeys(order.device for order in arm.orders if order.device in self._devices)
        # First of all: meanwhile a real gate may scan, which is none of this edition yet.
        if arm.policy is not None and self._standbys is not None:
            unready |= await self._standbys.hold(arm.policy.edition, names)
        for name in names:
            try:
                self._devices[name].govern(arm.policy)
            except GatedrillError as error:
                unready[name] = str(error)
        return unready

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
        mode = await self._let_go_at(at_ns, acts, quiet_s)
        for act in acts:
            act.resume()
        return mode

    async def _let_go_at(self, at_ns: int, acts: Sequence[Act], quiet_s: float) -> ReleaseMode:
        if acts and self._are_attended(acts):  # nobody whom a moment sooner would matter to
            await asyncio.sleep(max(0, at_ns - self._clock.now_ns()) / 1e9)
            return ReleaseMode.ORDINARY
        releases = (act.release for act in acts)
        return await release_together(at_ns, self._clock, releases, quiet_s)

    async def _report(
        self,
        step: str,
        records: Sequence[AttemptRecord],
        *,
        finished: bool = False,
        release: ReleaseMode | None = None,
    ) -> None:
        for record in records:
            context = {"run": self._words.run, "device": record.device}
            logger.debug(
                "%s %s, %.1f ms", record.attempt, record.outcome, record.latency_ms, extra=context
            )
        await self._words.report(Report(step, self._boot, tuple(records), finished, release))

    def _are_attended(self, acts: Iterable[Act]) -> bool:
        return all(act.device in self._attended for act in acts)

    def ungovern(self) -> None:
        """The drill is over: real gates, which go on, ask the service alone again."""
        for gate in self._attended.values():
            gate.govern(None)

    async def walk_ins(self) -> list[ScanRecord]:
        """What people have presented here that nobody had ordered."""
        told = [await gate.walk_ins() for gate in self._attended.values()]
        return [record for records in told for record in records]

    async def _report_until(
        self, ended: asyncio.Event, step: str, pending: list[AttemptRecord]
    ) -> None:
        """Send what has gathered in `pending`, several times a second; the rest is the caller's."""
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), REPORT_EVERY_S)
            if pending and not ended.is_set():
                records = pending.copy()
                pending.clear()
                await self._report(step, records)


def _ready(orders: Sequence[AnyOrder], unready: Unready) -> list[AnyOrder]:
    return [order for order in orders if order.device not in unready]


def _let_go(act: Act) -> None:
    act.release()
    act.resume()
