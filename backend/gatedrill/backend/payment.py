"""The payment provider, of whom a rehearsal decides how he behaves."""

import asyncio
from typing import Final, Protocol
from uuid import uuid4

from gatedrill.contract.service import PaymentBehaviour

PATIENCE_S: Final = 0.75
"""How long a checkout waits for the payment provider: less than a stopping service does for it."""


class PaymentError(Exception):
    """The payment provider opened no session; the message says why."""


class PaymentTimeoutError(PaymentError):
    """The payment provider did not answer."""


class PaymentProvider(Protocol):
    """Whom a checkout asks for a payment session."""

    async def open_session(self) -> str:
        """The id of a new session; PaymentError when there is none to be had."""
        ...


class RehearsedPayment:
    """A provider that does as it is told, at his own pace."""

    def __init__(self, behaviour: PaymentBehaviour) -> None:
        self._behaviour = behaviour

    async def open_session(self) -> str:
        """The id of a new session."""
        await asyncio.sleep(self._behaviour.delay_ms / 1000)
        if self._behaviour.outcome == "time_out":
            await asyncio.Event().wait()
        if self._behaviour.outcome == "fail":
            raise PaymentError("the payment provider refused to open a session")
        return f"cs_test_{uuid4().hex}"


async def ask_for_session(provider: PaymentProvider) -> str:
    """The id of a new session, or PaymentError within `PATIENCE_S`.

    A session that came too late is none: the provider gives up when it is not waited for.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await provider.open_session()
    except TimeoutError:
        raise PaymentTimeoutError("the payment provider did not answer in time") from None
