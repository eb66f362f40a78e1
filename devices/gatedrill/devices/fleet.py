"""The fleet: many devices in one process, on one MQTT connection.

A step goes: arm (everything slow happens now), armed, fire at T, report. A new step, or the end of
the conductor, makes an end of the one before.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from concurrent.futures import Executor

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError
from gatedrill.contract.messages import (
    Arm,
    AskQueues,
    AskWalkIns,
    ConductorClaim,
    Fire,
    QueueReport,
    Repeat,
    SetClock,
    WalkIns,
)
from gatedrill.devices.device import Device
from gatedrill.devices.performance import Performer
from gatedrill.devices.standbys import Standbys
from gatedrill.devices.step_words import StepWords

RECORDS_A_MESSAGE = 200

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
        standbys: Standbys | None = None,
    ) -> None:
        self.name = name
        self.boot = boot
        self._bus = bus
        self._standbys = standbys
        self._words = StepWords(bus, name)
        self._performer = Performer(boot, clock, devices, workers, self._words, standbys)
        self._telling: set[asyncio.Task[None]] = set()
        self._step: asyncio.Task[None] | None = None
        self._run = ""
        self._arm: Arm | None = None
        self._fired: asyncio.Future[Fire] = asyncio.Future()

    async def listen(self) -> None:
        """Follow the conductor's words from now on."""
        await self._bus.subscribe(topics.ARM, self._on_arm, fleet=self.name)
        await self._bus.subscribe(topics.FIRE, self._on_fire)
        await self._bus.subscribe(topics.CONDUCTOR, self._on_conductor)
        await self._bus.subscribe(topics.REPEAT, self._on_repeat)
        await self._bus.subscribe(topics.ASK_QUEUES, self._on_ask_queues)
        await self._bus.subscribe(topics.ASK_WALK_INS, self._on_ask_walk_ins)
        await self._bus.subscribe(topics.SET_CLOCK, self._on_set_clock, fleet=self.name)

    async def rest(self) -> None:
        """Give up the step in hand, if any."""
        step, self._step = self._step, None
        tasks = {task for task in (step, *self._telling) if task is not None and not task.done()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _on_arm(self, levels: dict[str, str], arm: Arm | None) -> None:
        if arm is None or arm.boot != self.boot:
            return
        if (levels["run"], arm) == (self._run, self._arm):
            return  # MQTT delivers at least once
        if self._step is not None:
            self._step.cancel()
        self._run, self._arm = levels["run"], arm
        self._words.begin(self._run, arm.step)
        self._fired = asyncio.Future()
        self._step = asyncio.create_task(self._perform(arm, self._run, self._fired))

    def _on_fire(self, levels: dict[str, str], fire: Fire | None) -> None:
        if fire is None or self._arm is None or self._fired.done():
            return
        if (levels["run"], fire.step) == (self._run, self._arm.step):
            self._fired.set_result(fire)

    def _on_conductor(self, levels: dict[str, str], claim: ConductorClaim | None) -> None:
        if claim is not None or levels["conductor"] != self._run:
            return
        self._performer.ungovern()
        if self._step is not None:
            self._step.cancel()
            self._arm = None  # should it come back, it may say the same again

    def _on_repeat(self, levels: dict[str, str], repeat: Repeat | None) -> None:
        if repeat is not None:
            self._tell(self._words.say_again(levels["run"], repeat.step))

    def _on_ask_queues(self, levels: dict[str, str], asked: AskQueues | None) -> None:
        if asked is not None:
            self._tell(self._tell_queues(levels["run"], asked.edition))

    def _on_ask_walk_ins(self, levels: dict[str, str], asked: AskWalkIns | None) -> None:
        if asked is not None:
            self._tell(self._tell_walk_ins(levels["run"], asked.number))

    def _on_set_clock(self, _levels: dict[str, str], wrong: SetClock | None) -> None:
        if wrong is not None and self._standbys is not None:
            self._standbys.set_clock(wrong.device, wrong.skew_s)

    def _tell(self, telling: Coroutine[None, None, None]) -> None:
        """Say it beside whatever is going on."""
        task = asyncio.create_task(_logging_failure(telling))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell_queues(self, run: str, edition: str) -> None:
        parts = await self._standbys.entries(edition) if self._standbys is not None else ()
        told: set[tuple[str, str, str]] = set()
        for entries in parts:
            part = QueueReport(self.boot, edition, entries)
            await self._bus.publish(topics.QUEUES, part, fleet=self.name, run=run)
            told |= {entry.key for entry in entries}
        end = QueueReport(self.boot, edition, (), finished=True, total=len(told))
        await self._bus.publish(topics.QUEUES, end, fleet=self.name, run=run)

    async def _tell_walk_ins(self, run: str, number: int) -> None:
        records = await self._performer.walk_ins()
        for start in range(0, len(records), RECORDS_A_MESSAGE):
            part = WalkIns(self.boot, number, tuple(records[start : start + RECORDS_A_MESSAGE]))
            await self._bus.publish(topics.WALK_INS, part, fleet=self.name, run=run)
        end = WalkIns(self.boot, number, (), finished=True, total=len(records))
        await self._bus.publish(topics.WALK_INS, end, fleet=self.name, run=run)

    async def _perform(self, arm: Arm, run: str, fired: asyncio.Future[Fire]) -> None:
        log = logging.LoggerAdapter(logger, {"run": run})
        try:
            await self._performer.perform(arm, fired)
        except asyncio.CancelledError:
            log.info("step %s given up", arm.step)
        except Exception as error:
            told = _told_in_a_line(error)
            if told is None:
                log.exception("step %s failed", arm.step)
            else:
                log.warning("step %s failed: %s", arm.step, told)


async def _logging_failure(telling: Coroutine[None, None, None]) -> None:
    try:
        await telling
    except GatedrillError as error:
        logger.warning("%s", error)


def _told_in_a_line(error: Exception) -> GatedrillError | None:
    """The first failure, if there was none but those that a line tells of: no traceback."""
    if isinstance(error, GatedrillError):
        return error
    if isinstance(error, ExceptionGroup):
        told = [_told_in_a_line(each) for each in error.exceptions]
        return told[0] if all(told) else None
    return None
