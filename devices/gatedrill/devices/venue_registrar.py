"""The venue's registrar as a fleet sees it: whether it is here, claims, and what it is told."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field

from gatedrill.broker.bus import Bus, Subscription
from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract.attempt import ClaimAsk
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Admission, RegistrarPresence, VenueClaim, VenueGrant
from gatedrill.contract.topics import ADMISSION, CLAIM, GRANT, REGISTRAR
from gatedrill.devices.admission_outbox import AdmissionOutbox

logger = logging.getLogger(__name__)


@dataclass
class _OpenClaim:
    """A claim that waits for its answer; `due` asks for it to be sent (again)."""

    answered: "asyncio.Future[tuple[VenueGrant, int]]"
    due: asyncio.Event = field(default_factory=asyncio.Event)


class VenueRegistrar:
    """One for all devices of a fleet, on the fleet's bus; instants are read on `clock`."""

    def __init__(self, bus: Bus, clock: Clock, fleet: str) -> None:
        self._bus = bus
        self._clock = clock
        self._fleet = fleet
        self._present: dict[str, tuple[RegistrarPresence, int]] = {}
        self._open: dict[str, _OpenClaim] = {}
        self._outbox = AdmissionOutbox(self._publish_admission, lambda: self.is_here)
        self._subscriptions: list[Subscription] = []
        self._sending: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """Follow the registrar from now on, until `close`; PeerError if the broker is away."""
        self._bus.on_reconnect.add(self._reconnected)
        self._sending = asyncio.create_task(self._outbox.send())
        self._subscriptions = [
            await self._bus.subscribe(GRANT, self._on_grant, fleet=self._fleet),
            await self._bus.subscribe(REGISTRAR, self._on_presence),
        ]

    async def close(self) -> None:
        """Hear no more and send no more; what waits to be told is dropped."""
        self._bus.on_reconnect.discard(self._reconnected)
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions = []

    @property
    def registrar(self) -> str | None:
        """The id of the file of the registrar that is here; None if there is none.

        Of two, the one that came first: a second one announces itself before it is refused.
        """
        self._drop_silent()
        return next((presence.registrar for presence, _ in self._present.values()), None)

    @property
    def is_here(self) -> bool:
        """Whether a registrar can be asked: not gone, not silent, and the broker is there."""
        return self._bus.is_connected and self.registrar is not None

    async def claim(
        self, claim: VenueClaim, timeout_s: float
    ) -> tuple[VenueGrant | None, ClaimAsk]:
        """Ask whether the guest may come in; None if there is no answer within `timeout_s`.

        No answer says nothing: the claim may have been granted. Asked again, the answer is the
        same. The claim is sent again when the registrar, or our connection, comes back in time.
        """
        waiting = self._open[claim.claim] = _OpenClaim(asyncio.get_running_loop().create_future())
        sent_ns = self._clock.now_ns()
        sending = asyncio.create_task(self._keep_sending(claim, waiting.due))
        try:
            async with asyncio.timeout(timeout_s):
                grant, heard_ns = await waiting.answered
        except TimeoutError:
            return None, ClaimAsk(sent_ns, self._clock.now_ns())
        finally:
            del self._open[claim.claim]
            sending.cancel()
        return grant, ClaimAsk(sent_ns, heard_ns, grant.registrar, grant.granted)

    async def tell(self, admission: Admission) -> None:
        """Have the registrar told of the service's admission, some time; returns at once."""
        self._outbox.put(admission)

    async def _keep_sending(self, claim: VenueClaim, due: asyncio.Event) -> None:
        while True:
            due.clear()
            with contextlib.suppress(PeerError):
                await self._bus.publish(CLAIM, claim, fleet=self._fleet)
            await due.wait()

    async def _publish_admission(self, admission: Admission) -> None:
        await self._bus.publish(ADMISSION, admission, fleet=self._fleet)

    def _on_grant(self, _levels: dict[str, str], grant: VenueGrant | None) -> None:
        waiting = None if grant is None else self._open.get(grant.claim)
        if grant is None or waiting is None or waiting.answered.done():
            return
        if self.registrar not in (None, grant.registrar):
            logger.warning(
                "left unheard what registrar %s answers: %s grants here",
                grant.registrar,
                self.registrar,
            )
            return
        waiting.answered.set_result((grant, self._clock.now_ns()))

    def _on_presence(self, levels: dict[str, str], presence: RegistrarPresence | None) -> None:
        boot = levels["boot"]
        if presence is None:
            self._present.pop(boot, None)
            return
        self._drop_silent()
        was_here = boot in self._present
        self._present[boot] = (presence, self._clock.now_ns())
        if was_here:
            self._outbox.heartbeat()
            return
        self._outbox.came_back()
        for waiting in self._open.values():
            waiting.due.set()

    def _reconnected(self) -> None:
        """Know nobody: whoever is still here is told by the broker, or repeats himself."""
        self._present.clear()

    def _drop_silent(self) -> None:
        horizon_ns = self._clock.now_ns() - round(STALE_AFTER_S * 1e9)
        for boot, (_, heard_ns) in tuple(self._present.items()):
            if heard_ns < horizon_ns:
                del self._present[boot]
