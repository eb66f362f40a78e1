"""A kiosk: a device without a reader, which books places, tells of payments and links tickets."""

import asyncio
import random
from typing import NamedTuple, Protocol, TypedDict

from gatedrill.contract.attempt import (
    Ask,
    AttemptRecord,
    CheckoutRecord,
    LinkRecord,
    WebhookRecord,
)
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import (
    CheckoutOrder,
    DeviceInfo,
    LinkOrder,
    OfflinePolicy,
    Order,
    Presentation,
    WebhookOrder,
)
from gatedrill.contract.outcome import Outcome, Reason
from gatedrill.devices.decide import ask_until_it_stands
from gatedrill.devices.emulated_roster import kiosk_info
from gatedrill.devices.question import HeldQuestion

KioskOrder = CheckoutOrder | WebhookOrder | LinkOrder


class KioskReply(NamedTuple):
    """What came of one request; a booking that was taken has a checkout and a session."""

    outcome: Outcome
    ask: Ask
    checkout: str | None = None
    session: str | None = None


class KioskService(Protocol):
    """One kiosk's connection to the service that books. Raises nothing for what that does."""

    async def warm(self) -> None:
        """Open the connection ahead of a burst; a failure shows when the kiosk asks."""
        ...

    async def ask(self, order: KioskOrder) -> KioskReply:
        """Have the service do what is ordered."""
        ...

    def hold(self, order: KioskOrder) -> HeldQuestion[KioskReply]:
        """Begin to ask, but hold the question back until its release."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


class Kiosk:
    """Implements `Device`."""

    def __init__(self, name: str, service: KioskService, clock: Clock) -> None:
        self.name = name
        self.service = service
        self.clock = clock

    @property
    def info(self) -> DeviceInfo:
        """What the roster says of this device."""
        return kiosk_info(self.name)

    def begin(self, order: Order) -> "KioskAct":
        """A booking, payment or link; UsageError for a ticket, which only a reader can read."""
        if isinstance(order, Presentation):
            raise UsageError(f"{self.name} is a kiosk and reads no tickets: show them to a gate")
        return KioskAct(self, order)

    def govern(self, _policy: OfflinePolicy | None) -> None:
        """Nothing changes: only the service can book, take payments and link."""

    async def open(self) -> None:
        """There is nothing to open."""

    async def warm(self) -> None:
        """Open the connection."""
        await self.service.warm()

    async def close(self) -> None:
        """Close the connection."""
        await self.service.close()


class KioskAct:
    """Implements `Act`."""

    def __init__(self, kiosk: Kiosk, order: KioskOrder) -> None:
        self.intended_ns = 0
        self.until_ns = 0  # no person is waited for
        self._kiosk = kiosk
        self._order = order
        self._released_ns = 0
        self._released = asyncio.Event()
        self._question: HeldQuestion[KioskReply] | None = None

    @property
    def device(self) -> str:
        """The kiosk's name."""
        return self._kiosk.name

    def prepare(self) -> None:
        """There is nothing to prepare."""

    async def read_ahead(self) -> Reason | None:
        """Ask now, but for the last word."""
        self._question = self._kiosk.service.hold(self._order)
        return await self._question.until_parked()

    def release(self) -> None:
        """Complete the question, if it was asked ahead."""
        self._released_ns = self._kiosk.clock.now_ns()
        if self._question is not None:
            self._question.release()

    def resume(self) -> None:
        """Go on to the answer, or ask."""
        if self._question is not None:
            self._question.resume()
        self._released.set()

    async def record(self) -> AttemptRecord:
        """Wait for the release and the answer."""
        try:
            await self._released.wait()
            replies = await self._ask()
            decided_ns = self._kiosk.clock.now_ns()
        finally:
            await self.give_up()
        return self._record(replies, decided_ns)

    async def give_up(self) -> None:
        """Leave no question on the wire."""
        question, self._question = self._question, None
        if question is not None:
            await question.withdraw()

    async def _ask(self) -> list[KioskReply]:
        service, order = self._kiosk.service, self._order
        first = service.ask(order) if self._question is None else self._question.reply()
        jitter = random.Random(order.attempt)
        return await ask_until_it_stands(
            first, lambda: service.ask(order), self._kiosk.clock, jitter
        )

    def _record(self, replies: list[KioskReply], decided_ns: int) -> AttemptRecord:
        order, last = self._order, replies[-1]
        common = _Common(
            attempt=order.attempt,
            device=self.device,
            intended_ns=self.intended_ns,
            released_ns=self._released_ns,
            decided_ns=decided_ns,
            outcome=last.outcome,
            asks=tuple(reply.ask for reply in replies),
        )
        match order:
            case CheckoutOrder(slot=slot, guests=guests):
                return CheckoutRecord(
                    **common,
                    slot=slot,
                    guests=guests,
                    checkout=last.checkout,
                    session=last.session,
                )
            case WebhookOrder(event=event):
                return WebhookRecord(**common, event=event.id, session=event.data.object.id)
            case LinkOrder(ticket=ticket, reservation=reservation):
                return LinkRecord(**common, ticket=ticket, reservation=reservation)


class _Common(TypedDict):
    """What every record has."""

    attempt: str
    device: str
    intended_ns: int
    released_ns: int
    decided_ns: int
    outcome: Outcome
    asks: tuple[Ask, ...]
