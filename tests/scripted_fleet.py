"""A fleet without devices: it answers the conductor in words, and its orders as a test tells it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypedDict

import msgspec
from memory_bus import ManualClock, MemoryBus

from gatedrill.contract import topics
from gatedrill.contract.attempt import (
    Ask,
    AskKind,
    AttemptRecord,
    CheckoutRecord,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.messages import (
    KIOSK,
    Arm,
    ArmBurst,
    Armed,
    ArmStream,
    AskQueues,
    CheckoutOrder,
    DeviceInfo,
    DeviceState,
    Fire,
    LinkOrder,
    Order,
    Ping,
    Pong,
    Presence,
    Presentation,
    QueueEntry,
    QueueReport,
    ReleaseMode,
    Repeat,
    Report,
    SetClock,
    WebhookOrder,
)
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason

ADMITTED = Outcome(OutcomeKind.ADMITTED)
USED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)
BOOKED = Outcome(OutcomeKind.BOOKED)
FULL = Outcome(OutcomeKind.REFUSED, Reason.FULL)
CONFIRMED = Outcome(OutcomeKind.CONFIRMED)
LINKED = Outcome(OutcomeKind.LINKED)
ANSWER_NS = 10_000_000

Decide = Callable[[Presentation], Awaitable[Outcome]]


class HonestGate:
    """Admits each ticket once."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    async def __call__(self, shown: Presentation) -> Outcome:
        """What the service says of this ticket."""
        outcome = USED if shown.symbol in self._used else ADMITTED
        self._used.add(shown.symbol)
        return outcome


class ScriptedFleet:
    """Hosts devices that act at T and are answered together 10 ms later, by the fleet's clock.

    Gates scan as `decide` tells; kiosks are granted what they ask for, but for the checkouts of
    `full` kiosks.

    It says of every step that it let go in the way of `release`.
    `unready` names devices that are not, and why. `goes_at` is the step in which, when it is fired,
    the fleet leaves instead of scanning; `mute` lets it say nothing but what time it is.

    When it is asked what its `journal` holds, it tells that, an entry a message; None lets it tell
    nothing; what it tells first of `loses_entries`, by nonce, is lost. `skews_s` are the clocks
    that were set wrong. It does not hear the first `deaf` times that it is asked to repeat itself.
    """

    def __init__(
        self,
        bus: MemoryBus,
        name: str,
        devices: Sequence[str],
        decide: Decide,
        *,
        target: str = "http://127.0.0.1:1",
        boot: str = "",
        clock_ns: int = 0,
        kiosks: Sequence[str] = (),
    ) -> None:
        self.presence = Presence(
            fleet=name,
            boot=boot or f"boot-{name}",
            host="host",
            target=target,
            devices=(
                *(DeviceInfo(device, "serial", 0.5) for device in devices),
                *(DeviceInfo(kiosk, KIOSK, 0.0) for kiosk in kiosks),
            ),
        )
        self.armed: list[Arm] = []
        self.fired: list[int] = []
        self.unready: dict[str, str] = {}
        self.full: set[str] = set()
        self.goes_at = ""
        self.mute = False
        self.answers_pings = True
        self.release: ReleaseMode | None = None
        self.journal: tuple[QueueEntry, ...] | None = ()
        self.loses_entries: set[str] = set()
        self.deaf = 0
        self.skews_s: dict[str, float] = {}
        self.asked_for: list[str] = []
        self._reports: dict[str, Report] = {}
        self._bus = bus
        self._decide = decide
        self._clock = ManualClock(clock_ns)
        self._tasks: set[asyncio.Task[None]] = set()

    async def enter(self) -> None:
        """Come into the venue."""
        self.announce()
        name = self.presence.fleet
        await self._bus.subscribe(topics.PING, self._on_ping, fleet=name)
        await self._bus.subscribe(topics.ARM, self._on_arm, fleet=name)
        await self._bus.subscribe(topics.FIRE, self._on_fire)
        await self._bus.subscribe(topics.REPEAT, self._on_repeat)
        await self._bus.subscribe(topics.ASK_QUEUES, self._on_ask)
        await self._bus.subscribe(topics.SET_CLOCK, self._on_clock, fleet=name)

    def announce(self) -> None:
        """Say that it is here."""
        name, boot = self.presence.fleet, self.presence.boot
        self._bus.say(topics.PRESENCE, self.presence, fleet=name, boot=boot)

    def tell(self, **queued: int) -> None:
        """Say that it is here, and how many scans stand in these devices' queues."""
        states = {
            name.replace("_", "-"): DeviceState(Authority.ONLINE, number)
            for name, number in queued.items()
        }
        self.presence = msgspec.structs.replace(self.presence, states=states)
        self.announce()

    def leave(self) -> None:
        """Go, as the broker tells it."""
        name, boot = self.presence.fleet, self.presence.boot
        self._bus.say(topics.PRESENCE, None, fleet=name, boot=boot)

    def _on_ping(self, _levels: dict[str, str], ping: Ping | None) -> None:
        if ping is None or not self.answers_pings:
            return
        now_ns = self._clock.now_ns()
        pong = Pong(self.presence.boot, ping.sent_ns, now_ns, now_ns)
        self._bus.say(topics.PONG, pong, fleet=self.presence.fleet, boot=self.presence.boot)

    def _on_arm(self, levels: dict[str, str], arm: Arm | None) -> None:
        if arm is None or arm.boot != self.presence.boot or self.mute:
            return
        self.armed.append(arm)
        unready = {
            order.device: self.unready[order.device]
            for order in arm.orders
            if order.device in self.unready
        }
        armed = Armed(arm.step, arm.boot, unready)
        self._bus.say(topics.ARMED, armed, fleet=self.presence.fleet, run=levels["run"])

    def _on_fire(self, levels: dict[str, str], fire: Fire | None) -> None:
        if fire is None or not self.armed or self.armed[-1].step != fire.step:
            return
        self.fired.append(fire.at_ns)
        if fire.step == self.goes_at:
            self.leave()
            return
        task = asyncio.create_task(self._perform(self.armed[-1], fire, levels["run"]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, arm: ArmBurst | ArmStream, fire: Fire, run: str) -> None:
        at_ns = fire.at_ns + arm.clock_offset_ns
        records = [
            await self._record(order, at_ns + order.shift_ns)
            for order in arm.orders
            if order.device not in self.unready
        ]
        report = Report(arm.step, arm.boot, tuple(records), True, self.release, total=len(records))
        self._reports[arm.step] = report
        self._bus.say(topics.REPORT, report, fleet=self.presence.fleet, run=run)

    def _on_repeat(self, levels: dict[str, str], repeat: Repeat | None) -> None:
        if self.deaf:
            self.deaf -= 1
            return
        report = self._reports.get(repeat.step) if repeat is not None else None
        if report is not None:
            self._bus.say(topics.REPORT, report, fleet=self.presence.fleet, run=levels["run"])

    def _on_ask(self, levels: dict[str, str], ask: AskQueues | None) -> None:
        if ask is None or self.journal is None:
            return
        self.asked_for.append(ask.edition)
        lost, self.loses_entries = self.loses_entries, set()
        told = [(entry,) for entry in self.journal if entry.nonce not in lost]
        for entries in (*told, ()):
            total = None if entries else len(self.journal)
            part = QueueReport(self.presence.boot, ask.edition, entries, not entries, total)
            self._bus.say(topics.QUEUES, part, fleet=self.presence.fleet, run=levels["run"])

    def _on_clock(self, _levels: dict[str, str], setting: SetClock | None) -> None:
        if setting is not None:
            self.skews_s[setting.device] = setting.skew_s

    async def _record(self, order: Order, at_ns: int) -> AttemptRecord:
        match order:
            case Presentation(symbol=symbol):
                outcome = await self._decide(order)
                common = _common(order, at_ns, AskKind.SCAN, outcome)
                return ScanRecord(symbol=symbol, decoded_ns=at_ns, **common)
            case CheckoutOrder(device=device, slot=slot, guests=guests):
                booked = device not in self.full
                common = _common(order, at_ns, AskKind.CHECKOUT, BOOKED if booked else FULL)
                record = CheckoutRecord(slot=slot, guests=guests, **common)
                return _with_session(record) if booked else record
            case WebhookOrder(event=event):
                common = _common(order, at_ns, AskKind.WEBHOOK, CONFIRMED)
                return WebhookRecord(event=event.id, session=event.data.object.id, **common)
            case LinkOrder(ticket=ticket, reservation=reservation):
                common = _common(order, at_ns, AskKind.LINK, LINKED)
                return LinkRecord(ticket=ticket, reservation=reservation, **common)


def session_of(attempt: str) -> str:
    """The payment session that this checkout is given."""
    return f"cs of {attempt}"


def checkout_of(attempt: str) -> str:
    """The id that the service gives to this checkout."""
    return f"checkout of {attempt}"


def _with_session(record: CheckoutRecord) -> CheckoutRecord:
    attempt = record.attempt
    return msgspec.structs.replace(
        record, checkout=checkout_of(attempt), session=session_of(attempt)
    )


class _Common(TypedDict):
    attempt: str
    device: str
    intended_ns: int
    released_ns: int
    decided_ns: int
    outcome: Outcome
    asks: tuple[Ask, ...]


def _common(order: Order, at_ns: int, asked: AskKind, outcome: Outcome) -> _Common:
    answered_ns = at_ns + ANSWER_NS
    return {
        "attempt": order.attempt,
        "device": order.device,
        "intended_ns": at_ns,
        "released_ns": at_ns,
        "decided_ns": answered_ns,
        "outcome": outcome,
        "asks": (Ask(at_ns, answered_ns, 200, outcome.reason, kind=asked),),
    }
