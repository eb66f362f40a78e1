"""The conductor: takes a plan step by step through arm, fire and gather.

It tells each fleet what to prepare, waits until all are ready, names the instant T, and then does
nothing until the answers are in, but for the faults that the plan has then. What comes back goes
into the history; nothing is judged here.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.attempt import AttemptRecord, CheckoutRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import PRESENT_WITHIN_S, Fire, OfflinePolicy, Order, Presence
from gatedrill.orchestrator.arming import arm_for, policy_of
from gatedrill.orchestrator.captions import captions
from gatedrill.orchestrator.excuses import Excuses
from gatedrill.orchestrator.faults_in_force import FaultsInForce
from gatedrill.orchestrator.fleet_clocks import FleetClocks
from gatedrill.orchestrator.guide import Guide
from gatedrill.orchestrator.hands import ClockHands, Hands, refuse_without
from gatedrill.orchestrator.history import (
    Attempted,
    Event,
    Fired,
    JournalUnread,
    Reacted,
    Silent,
    Unready,
    WalkInsUntold,
)
from gatedrill.orchestrator.journals import gather_journals
from gatedrill.orchestrator.orders import order_for
from gatedrill.orchestrator.patience import lead_s, patience_s
from gatedrill.orchestrator.plan import LEAD_S, Plan, PlannedAttempt, Step
from gatedrill.orchestrator.roster import Roster
from gatedrill.orchestrator.step_watch import Part, StepWatch, Word
from gatedrill.orchestrator.sweep import Sweeps
from gatedrill.orchestrator.venue_acts import Sell, VenueActs
from gatedrill.orchestrator.walk_ins import WalkInCollector, untold_by
from gatedrill.orchestrator.words import FleetWords

ARM_TIMEOUT_S = 20.0
ARM_TIMEOUT_PER_ATTEMPT_S = 0.05

Hosted = tuple[Presence, list[PlannedAttempt]]


async def _sell_nothing(_tickets: Collection[str]) -> None:
    raise PeerError("there is no service here that could be given tickets amid a run")


class Conductor:
    """Conducts a run: `record` takes the history, `progress` a step's count of ended attempts.

    `hands` make parts of the venue fail where the plan says so, `sell` gives the service tickets
    amid the run, and `say` is told what a person wants to know. Who presents tickets by hand has
    `present_within_s` after T. A `guide` leads people through the steps.
    """

    def __init__(
        self,
        run: str,
        bus: Bus,
        clock: Clock,
        roster: Roster,
        record: Callable[[list[Event]], None],
        progress: Callable[[Step, int], None],
        *,
        hands: Hands | None = None,
        sell: Sell = _sell_nothing,
        say: Callable[[str], None] = lambda _line: None,
        present_within_s: float = PRESENT_WITHIN_S,
        guide: Guide | None = None,
    ) -> None:
        self._run = run
        self._bus = bus
        self._clock = clock
        self._roster = roster
        self._record = record
        self._progress = progress
        self._hands = hands
        self._present_within_s = present_within_s
        self._guide = guide
        self._excuses = Excuses(clock.now_ns)
        self._words = FleetWords(run, bus, clock, roster, self._excuses)
        self._clocks = FleetClocks(bus, clock, record)
        self._faults = FaultsInForce(
            hands, ClockHands(bus, roster), roster, self._excuses, self.now_ns, record, say
        )
        self._faults.on_broker_back = self._words.lose_touch
        self._acts = VenueActs(self._faults, roster, sell, self.now_ns, record, say)
        self._policy: OfflinePolicy | None = None
        self._sweeps = Sweeps(0)
        self._walk_ins: WalkInCollector | None = None
        self._plan_attended: frozenset[str] = frozenset()
        self._device_of: Mapping[str, str] = {}
        self._captions: Mapping[str, str] = {}
        self._origin_ns = clock.now_ns()
        self._last_answer_ns = 0
        self._checkouts: dict[str, CheckoutRecord] = {}
        self.has_fired = False

    async def listen(self) -> None:
        """Hear the fleets from now on; what people present from now on belongs to the run."""
        speakers = self._roster.speakers
        self._walk_ins = WalkInCollector(self._bus, self._run, self.now_ns(), speakers)
        await self._words.listen()

    async def leave(self) -> None:
        """Hear the fleets no more: others conduct the scenarios that follow."""
        await self._words.leave()

    def now_ns(self) -> int:
        """The time of the history: nanoseconds since this conductor began."""
        return self._clock.now_ns() - self._origin_ns

    async def conduct(self, plan: Plan) -> None:
        """Go through the plan; every fleet's clock is read before and after.

        However it ends, no fault is left in force. Raises UsageError before anything is fired for
        faults that nobody here can bring about, PeerError for what somebody else did to us, and
        before anything is fired for two fleets that name the same device.
        """
        refuse_without(self._hands, plan)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._faults.tasks = tasks
                await self._go_through(plan)
        except BaseExceptionGroup as group:
            await self._faults.abandon()
            failure = group.exceptions[0]
            raise failure from failure.__cause__
        except BaseException:
            await self._faults.abandon()
            raise

    async def _go_through(self, plan: Plan) -> None:
        devices = [device.name for device in plan.devices]
        await self._clocks.read(self._fleets_of(devices))
        await self._roster.settle()  # by now all have been heard that the broker knows of
        self._sweeps = Sweeps(plan.seed, plan.attended)
        self._plan_attended = plan.attended
        self._device_of = {
            each.attempt: each.device for step in plan.steps for each in step.attempts
        }
        self._policy = policy_of(plan, self._run)
        self._captions = captions(plan) if plan.attended else {}
        for step in plan.steps:
            await self._acts.perform(step.before, devices)
            if self._guide is None:
                await self._perform(plan, step, devices)
            else:
                await self._lead(self._guide, plan, step, devices)
        await self._acts.perform(plan.after, devices)
        await self._faults.end_all()
        if self._policy is not None:
            await self._gather_journals(self._policy.edition, devices)
        await self._clocks.read_again(self._roster.fleets)

    async def _lead(self, guide: Guide, plan: Plan, step: Step, devices: Collection[str]) -> None:
        """Go through a step with people."""
        await guide.introduce(step, plan)
        answer = await guide.debrief(step, await self._perform(plan, step, devices))
        if answer is not None:
            self._record([Reacted(step.id, answer.reaction, self.now_ns())])

    async def gather_walk_ins(self) -> list[Event]:
        """Record what was presented at real gates without an order, and is new; returns that.

        All real gates of the venue are asked, also those that have no part in the plan. What is
        under way there is waited for.
        """
        attended = {device.name for device in self._roster.devices if device.attended}
        attended |= self._plan_attended
        if not attended or self._walk_ins is None:
            return []
        try:
            parts = await self._parts_of(attended)
            events = await self._walk_ins.gather(parts)
            events += untold_by(_missing(sorted(self._plan_attended), parts))
        except PeerError as error:
            events = [WalkInsUntold("", tuple(sorted(attended)), str(error))]
        self._record(events)
        return events

    async def _perform(
        self, plan: Plan, step: Step, devices: Collection[str]
    ) -> Sequence[AttemptRecord]:
        """Have a step's attempts made; returns what was heard of them."""
        await self._rest(step)
        await self._reach(devices)
        self._words.forget()
        orders = self._sweeps.shifted(step, self._orders(step))
        hosted = self._by_fleet(planned for planned in step.attempts if planned.attempt in orders)
        parts = {fleet.boot: self._part(fleet, _devices(planned)) for fleet, planned in hosted}
        watch = StepWatch(step.id, parts, self._roster.speakers.drop)
        self._record(_unpayable(step, orders))
        self._record(self._unhosted(step, hosted, orders))
        for fleet, planned in hosted:
            await self._arm(step, fleet, [orders[each.attempt] for each in planned])
        arm_timeout_s = ARM_TIMEOUT_S + ARM_TIMEOUT_PER_ATTEMPT_S * len(step.attempts)
        await self._follow(watch, step, lambda: watch.arming, arm_timeout_s)
        await self._give_up(watch.give_up_arming("was not ready in time"))
        if watch.performing:
            await self._let_go(plan, step, watch)
        return watch.records

    async def _let_go(self, plan: Plan, step: Step, watch: StepWatch) -> None:
        """Fire, have the step's faults strike, and gather what comes of it."""
        at_ns, ahead_s = await self._fire(plan, step)
        strikes = self._faults.strike(step.faults, at_ns)
        gather_timeout_s = ahead_s + patience_s(plan, step, self._present_within_s)
        await self._follow(watch, step, lambda: watch.performing, gather_timeout_s)
        silent = watch.give_up("did not finish in time")
        if strikes:
            await asyncio.wait(strikes)
        await self._give_up(silent)
        self._last_answer_ns = max(self._last_answer_ns, watch.last_answer_ns)
        self._sweeps.learn(step, watch.records)

    async def _rest(self, step: Step) -> None:
        """Let nobody be armed earlier than need be.

        What is read ahead is read then, and a request that is held back for a whole pause would
        be given up by whoever stands between.
        """
        rested_ns = self._last_answer_ns + round((step.rest_s - LEAD_S) * 1e9)
        await asyncio.sleep(max(0, rested_ns - self.now_ns()) / 1e9)

    async def _reach(self, devices: Collection[str]) -> None:
        """Have everybody hear us who is here, and know the clocks of those who started anew."""
        await self._words.reunite(devices)
        await self._clocks.read_newcomers(self._fleets_of(devices))

    def _fleets_of(self, devices: Collection[str]) -> list[Presence]:
        fleets = (self._roster.fleet_of(device) for device in devices)
        return list({fleet.boot: fleet for fleet in fleets if fleet is not None}.values())

    def _orders(self, step: Step) -> dict[str, Order]:
        """What to tell the fleets, by attempt; a payment for a checkout that failed is left out."""
        orders = {
            each.attempt: order_for(each, self._checkouts, self._captions.get(each.attempt, ""))
            for each in step.attempts
        }
        return {attempt: order for attempt, order in orders.items() if order is not None}

    def _by_fleet(self, attempts: Iterable[PlannedAttempt]) -> list[Hosted]:
        by_boot: dict[str, Hosted] = {}
        for planned in attempts:
            fleet = self._roster.fleet_of(planned.device)
            if fleet is not None and self._clocks.knows(fleet):
                by_boot.setdefault(fleet.boot, (fleet, []))[1].append(planned)
        return list(by_boot.values())

    def _part(self, fleet: Presence, devices: tuple[str, ...]) -> Part:
        shift_ns = -self._clocks.offset_ns(fleet.boot) - self._origin_ns
        return Part(fleet.fleet, devices, shift_ns, self._device_of)

    def _unhosted(self, step: Step, hosted: list[Hosted], orders: dict[str, Order]) -> list[Event]:
        here = {device for _, attempts in hosted for device in _devices(attempts)}
        absent = dict.fromkeys(
            order.device for order in orders.values() if order.device not in here
        )
        return [Silent(step.id, "", tuple(absent), "had gone before the step")] if absent else []

    async def _arm(self, step: Step, fleet: Presence, orders: list[Order]) -> None:
        offset_ns = self._clocks.offset_ns(fleet.boot)
        arm = arm_for(step, fleet.boot, offset_ns, orders, self._policy, self._present_within_s)
        await self._bus.publish(topics.ARM, arm, fleet=fleet.fleet, run=self._run)

    async def _fire(self, plan: Plan, step: Step) -> tuple[int, float]:
        """Name the instant T; returns it, and how far ahead it lies, in seconds."""
        now_ns = self.now_ns()
        rested_ns = self._last_answer_ns + round(step.rest_s * 1e9)
        at_ns = max(now_ns + round(lead_s(plan, step) * 1e9), rested_ns)
        fire = Fire(step.id, at_ns + self._origin_ns)
        self.has_fired = True  # from here on it may have reached somebody, even if that fails
        await self._bus.publish(topics.FIRE, fire, run=self._run)
        self._record([Fired(step.id, at_ns)])
        return at_ns, (at_ns - now_ns) / 1e9

    async def _follow(
        self, watch: StepWatch, step: Step, waiting: Callable[[], bool], timeout_s: float
    ) -> None:
        """Take in what the fleets say for as long as somebody is waited for, and there is time."""

        def hear(word: Word) -> None:
            events = watch.hear(word)
            self._record(events)
            self._checkouts |= _booked(events)
            self._progress(step, watch.attempt_count)
            if watch.lacking:
                self._words.ask_again()

        await self._words.follow(step.id, waiting, hear, timeout_s)

    async def _give_up(self, silent: list[Event]) -> None:
        """Go on without these; PeerError if it is we who hear nobody, and go on doing so."""
        self._record(silent)
        if silent:
            await self._bus.reach()

    async def _gather_journals(self, edition: str, devices: Collection[str]) -> None:
        parts = await self._parts_of(devices)
        speakers = self._roster.speakers
        self._record(await gather_journals(self._bus, self._run, edition, parts, speakers))
        absent = _missing(devices, parts)
        if absent:
            self._record([JournalUnread("", absent, "had gone before it was asked")])

    async def _parts_of(self, devices: Collection[str]) -> dict[str, Part]:
        """The fleets that host these, as far as they are here, by their boots."""
        await self._reach(devices)
        by_boot: dict[str, tuple[Presence, list[str]]] = {}
        for device in devices:
            fleet = self._roster.fleet_of(device)
            if fleet is not None and self._clocks.knows(fleet):
                by_boot.setdefault(fleet.boot, (fleet, []))[1].append(device)
        return {boot: self._part(fleet, tuple(each)) for boot, (fleet, each) in by_boot.items()}


def _missing(devices: Iterable[str], parts: Mapping[str, Part]) -> tuple[str, ...]:
    """Those of these devices that no fleet hosts that is here."""
    here = {device for part in parts.values() for device in part.devices}
    return tuple(device for device in devices if device not in here)


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
