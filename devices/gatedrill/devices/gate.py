"""The device half of a gate: reader, scanner's rules, and whom it asks. The same in every gate.

Who holds the ticket in front of it is another matter: an emulated hand (`lane`), or a person
(`attended`).
"""

import random

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import ANSWER_TIMEOUT_S, OfflinePolicy
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.fallback_inquiry import FallbackInquiry
from gatedrill.devices.inquiry import Inquiry, OnlineInquiry
from gatedrill.devices.readers.reader import Reader
from gatedrill.devices.scanner import Scanner
from gatedrill.devices.standby import Standby


class Gate:
    """A reader, and what is done with what it reads.

    `standby` is what it falls back on where a policy allows it to decide without the service, and
    `inquiry` how it does that.
    """

    def __init__(
        self,
        name: str,
        reader: Reader,
        checkin: CheckIn,
        clock: Clock,
        standby: Standby | None = None,
        inquiry: type[FallbackInquiry] = FallbackInquiry,
    ) -> None:
        self.name = name
        self.reader = reader
        self.checkin = checkin
        self.clock = clock
        self.standby = standby
        self.scanner = Scanner(reader.repeat_window_s)
        self._inquiry = inquiry
        self._policy: OfflinePolicy | None = None

    def govern(self, policy: OfflinePolicy | None) -> None:
        """From now on decide by this policy; UsageError where there is nothing to fall back on."""
        if policy is not None and self.standby is None:
            raise UsageError(
                f"{self.name} keeps no file of its own, so it cannot decide without the service: "
                "start it with --data"
            )
        self._policy = policy
        if self.standby is not None:
            self.standby.govern(policy)
        self.checkin.be_patient(ANSWER_TIMEOUT_S if policy is None else policy.budget_s)

    def inquire(self, attempt: str, symbol: str, rng: random.Random) -> Inquiry:
        """How the scan of what was read goes on."""
        if self.standby is None or self._policy is None:
            return OnlineInquiry(self.checkin, symbol, self.clock, rng)
        standby, policy = self.standby, self._policy
        return self._inquiry(standby, policy, self.checkin, attempt, symbol, self.clock, rng)

    async def open(self) -> None:
        """Open the reader; UsageError or PeerError where it cannot be."""
        await self.reader.open()
        if self.standby is not None:
            await self.standby.open()

    async def warm(self) -> None:
        """Open the connection."""
        await self.checkin.warm()

    async def close(self) -> None:
        """Release reader, file and connection."""
        await self.reader.close()
        if self.standby is not None:
            await self.standby.close()
        await self.checkin.close()
