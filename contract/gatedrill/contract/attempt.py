"""What a device reports of one scan: when each stage was reached, whom it asked, how it ended.

All instants are nanoseconds on one clock. A device fills them in by its own; the orchestrator
shifts a record to its clock before writing it into the history.
"""

import msgspec

from gatedrill.contract.outcome import Authority, Outcome, Reason


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request to the check-in service and what came back.

    `reason` is set when the answer admitted nobody. `arrived_ns` and `departed_ns` are the
    service's own stamps, on the service's own clock, where it gives them.
    """

    sent_ns: int
    answered_ns: int
    http_status: int | None = None
    reason: Reason | None = None
    arrived_ns: int | None = None
    departed_ns: int | None = None


class ScanRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One scan from the intended instant to the decision.

    `intended_ns` is when the scan was meant to begin, `released_ns` when the device really let it
    go, `decoded_ns` when the reader had the symbol (before the release in a burst of kind
    `request`; None if it was never read), `decided_ns` when the outcome stood. `symbol` is the text
    that was in the code, or that should have been read from it.
    """

    attempt: str
    device: str
    symbol: str
    intended_ns: int
    released_ns: int
    decoded_ns: int | None
    decided_ns: int
    outcome: Outcome
    authority: Authority = Authority.ONLINE
    asks: tuple[Ask, ...] = ()

    @property
    def latency_ms(self) -> float:
        """From the intended instant to the decision."""
        return (self.decided_ns - self.intended_ns) / 1e6

    def shifted(self, by_ns: int) -> "ScanRecord":
        """The same scan on a clock that stands `by_ns` ahead of this one."""
        return msgspec.structs.replace(
            self,
            intended_ns=self.intended_ns + by_ns,
            released_ns=self.released_ns + by_ns,
            decoded_ns=None if self.decoded_ns is None else self.decoded_ns + by_ns,
            decided_ns=self.decided_ns + by_ns,
            asks=tuple(
                msgspec.structs.replace(
                    ask, sent_ns=ask.sent_ns + by_ns, answered_ns=ask.answered_ns + by_ns
                )
                for ask in self.asks
            ),
        )
