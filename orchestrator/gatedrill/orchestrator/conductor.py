"""The conductor: takes a plan step by step through arm, fire and gather.

It tells each fleet what to prepare, waits until all are ready, names the instant T, and then does
nothing until the answers are in. What comes back goes into the history; nothing is judged here.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from gatedrill.broker.bus import Bus, Subscription
from gatedrill.broker.clock import measure_offset
from gatedrill.contract import topics
from gatedrill.contract.attempt import CheckoutRecord
from gatedrill.contract.clock import Clock, ClockEstimate
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import (
    ANSWER_TIMEOUT_S,
    Arm,
    ArmBurst,
    Armed,
    ArmStream,
    Fire,
    Order,
    Presence,
    Presentation,
    Report,
)
from gatedrill.orchestrator.history import Attempted, ClockRead, Event, Fired, Silent, Unready
from gatedrill.orchestrator.orders import order_for
from gatedrill.orchestrator.plan import LEAD_S, BurstStep, Plan, PlannedAttempt, Step
from gatedrill.orchestrator.roster import Roster
from gatedrill.orchestrator.step_watch import Gone, Part, StepWatch, Word
from gatedrill.orchestrator.sweep import Sweeps

PONG_TIMEOUT_S = 5.0
ARM_TIMEOUT_S = 20.0
ARM_TIMEOUT_PER_ATTEMPT_S = 0.05
GATHER_MARGIN_S = 5.0
_LOOK_ROUND_S = 0.5

Hosted = tuple[Presence, list[PlannedAttempt]]


class Conductor:
    """Conducts a run: `record` takes the history, `progress` a step's count of ended attempts."""

    def __init__(
        self,
        run: str,
        bus: Bus,
        clock: Clock,
        roster: Roster,
        record: Callable[[list[Event]], None],
        progress: Callable[[Step, int], None],
    ) -> None:
        self._run = run
        self._bus = bus
        self._clock = clock
        self._roster = roster
        self._record = record
        self._progress = progress
        self._subscriptions: list[Subscription] = []
        self._inbox: asyncio.Queue[Word] = asyncio.Queue()
        self._offsets: dict[str, ClockEstimate] = {}
        self._sweeps = Sweeps(0)
        self._origin_ns = clock.now_ns()
        self._last_answer_ns = 0
        self._checkouts: dict[str, CheckoutRecord] = {}
        self.has_fired = False

    async def listen(self) -> None:
        """Hear the fleets from now on."""
        self._roster.on_gone = lambda boot: self._inbox.put_nowait(Gone(boot))
        self._subscriptions += [
            await self._bus.subscribe(topics.ARMED, self._hear, run=self._run),
            await self._bus.subscribe(topics.REPORT, self._hear, run=self._run),
        ]

    async def leave(self) -> None:
        """Hear the fleets no more: others conduct the scenarios that follow."""
        self._roster.on_gone = lambda _boot: None
        while self._subscriptions:
            await self._subscriptions.pop().end()

    def _hear(self, _levels: dict[str, str], word: Armed | Report | None) -> None:
        if word is not None:
            self._inbox.put_nowait(word)

    def now_ns(self) -> int:
        """The time of the history: nanoseconds since this conductor began."""
        return self._clock.now_ns() - self._origin_ns

    async def conduct(self, plan: Plan) -> None:
        """Go through all steps of the plan; every fleet's clock is read before and after."""
        fleets = (self._roster.fleet_of(device.name) for device in plan.devices)
        for fleet in {fleet.boot: fleet for fleet in fleets if fleet}.values():
            await self._read_clock(fleet)
        self._sweeps = Sweeps(plan.seed)
        for step in plan.steps:
            await self._perform(step)
        for fleet in self._roster.fleets:
            if fleet.boot in self._offsets:
                with contextlib.suppress(PeerError):  # who has gone by now has done its part
                    await self._read_clock(fleet)  # it may have drifted meanwhile

    async def _read_clock(self, fleet: Presence) -> None:
        estimate = await measure_offset(
            self._bus, self._clock, fleet.fleet, boot=fleet.boot, timeout_s=PONG_TIMEOUT_S
        )
        self._offsets[fleet.boot] = estimate
        self._record([ClockRead(fleet.fleet, estimate.offset_ns, estimate.bound_ns)])

    async def _perform(self, step: Step) -> None:
        await self._rest(step)
        orders = self._sweeps.shifted(step, self._orders(step))
        hosted = self._by_fleet(planned for planned in step.attempts if planned.attempt in orders)
        watch = StepWatch(
            step.id, {fleet.boot: self._part(fleet, planned) for fleet, planned in hosted}
        )
        self._record(_unpayable(step, orders))
        self._record(self._unhosted(step, hosted, orders))
        for fleet, planned in hosted:
            await self._arm(step, fleet, [orders[each.attempt] for each in planned])
        arm_timeout_s = ARM_TIMEOUT_S + ARM_TIMEOUT_PER_ATTEMPT_S * len(step.attempts)
        await self._follow(watch, step, lambda: watch.arming, arm_timeout_s)
        self._record(watch.give_up_arming("was not ready in time"))
        if not watch.performing:
            return
        lead_s = await self._fire(step)
        length_s = (step.sweep_ms or 0) / 1e3 if isinstance(step, BurstStep) else step.duration_s
        gather_timeout_s = lead_s + length_s + ANSWER_TIMEOUT_S + GATHER_MARGIN_S
        await self._follow(watch, step, lambda: watch.performing, gather_timeout_s)
        self._record(watch.give_up("did not finish in time"))
        self._last_answer_ns = max(self._last_answer_ns, watch.last_answer_ns)
        self._sweeps.learn(step, watch.records)

    async def _rest(self, step: Step) -> None:
        """Let nobody be armed earlier than need be.

        What is read ahead is read then, and a request that is held back for a whole pause would
        be given up by whoever stands between.
        """
        rested_ns = self._last_answer_ns + round((step.rest_s - LEAD_S) * 1e9)
        await asyncio.sleep(max(0, rested_ns - self.now_ns()) / 1e9)

    def _orders(self, step: Step) -> dict[str, Order]:
        """What to tell the fleets, by attempt; a payment for a checkout that failed is left out."""
        orders = {each.attempt: order_for(each, self._checkouts) for each in step.attempts}
        return {attempt: order for attempt, order in orders.items() if order is not None}

    def _by_fleet(self, attempts: Iterable[PlannedAttempt]) -> list[Hosted]:
        by_boot: dict[str, Hosted] = {}
        for planned in attempts:
            fleet = self._roster.fleet_of(planned.device)
            if fleet is not None and fleet.boot in self._offsets:
                by_boot.setdefault(fleet.boot, (fleet, []))[1].append(planned)
        return list(by_boot.values())

    def _part(self, fleet: Presence, attempts: list[PlannedAttempt]) -> Part:
        shift_ns = -self._offsets[fleet.boot].offset_ns - self._origin_ns
        return Part(fleet.fleet, _devices(attempts), shift_ns)

    def _unhosted(self, step: Step, hosted: list[Hosted], orders: dict[str, Order]) -> list[Event]:
        here = {device for _, attempts in hosted for device in _devices(attempts)}
        absent = dict.fromkeys(
            order.device for order in orders.values() if order.device not in here
        )
        return [Silent(step.id, "", tuple(absent), "had gone before the step")] if absent else []

    async def _arm(self, step: Step, fleet: Presence, orders: list[Order]) -> None:
        offset_ns = self._offsets[fleet.boot].offset_ns
        arm: Arm
        if isinstance(step, BurstStep):
            arm = ArmBurst(step.id, fleet.boot, step.burst, offset_ns, tuple(orders))
        else:
            shown = tuple(order for order in orders if isinstance(order, Presentation))
            arm = ArmStream(step.id, fleet.boot, offset_ns, shown, step.pause_s, step.duration_s)
        await self._bus.publish(topics.ARM, arm, fleet=fleet.fleet, run=self._run)

    async def _fire(self, step: Step) -> float:
        """Name the instant T; returns how far ahead it lies, in seconds."""
        now_ns = self.now_ns()
        rested_ns = self._last_answer_ns + round(step.rest_s * 1e9)
        at_ns = max(now_ns + round(LEAD_S * 1e9), rested_ns)
        fire = Fire(step.id, at_ns + self._origin_ns)
        self.has_fired = True  # from here on it may have reached somebody, even if that fails
        await self._bus.publish(topics.FIRE, fire, run=self._run)
        self._record([Fired(step.id, at_ns)])
        return (at_ns - now_ns) / 1e9

    async def _follow(
        self, watch: StepWatch, step: Step, waiting: Callable[[], bool], timeout_s: float
    ) -> None:
        """Take in what the fleets say for as long as somebody is waited for, and there is time."""
        deadline_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        while waiting() and self._clock.now_ns() < deadline_ns:
            self._roster.drop_stale()
            try:
                word = await asyncio.wait_for(self._inbox.get(), _LOOK_ROUND_S)
            except TimeoutError:
                continue
            events = watch.hear(word)
            self._record(events)
            self._checkouts |= _booked(events)
            self._progress(step, watch.attempt_count)


def _devices(attempts: Iterable[PlannedAttempt]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(planned.device for planned in attempts))


def _unpayable(step: Step, orders: dict[str, Order]) -> list[Event]:
    return [
        Unready(step.id, planned.device, "its checkout opened no session to pay for")
        for planned in step.attempts
        if planned.attempt not in orders
    ]


def _booked(events: Iterable[Event]) -> dict[str, CheckoutRecord]:
    records = (event.record for event in events if isinstance(event, Attempted))
    return {record.attempt: record for record in records if isinstance(record, CheckoutRecord)}
