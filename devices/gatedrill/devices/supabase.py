"""Check-in at a Supabase-style service: `scan_ticket_atomic` through PostgREST.

One httpx client a device, HTTP/1.1, one connection: a shared client rescans its pool for every
request and spreads a burst by tens of milliseconds. No redirects, no retries, no proxy from the
environment: what is measured is the service and nothing else.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Coroutine

import httpx
import msgspec

from gatedrill.contract import service
from gatedrill.contract.attempt import Ask
from gatedrill.contract.clock import Clock
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import HeldQuestion, Reply
from gatedrill.devices.hold import HOLD, Hold, HoldingTransport

_SCAN_PATH = service.RPC_PATH.format(function=service.SCAN_FUNCTION)
_WARM_PATH = service.TABLE_PATH.format(table=service.TICKETS_TABLE)

_BY_MESSAGE = {
    service.ALREADY_SCANNED: Reason.ALREADY_USED,
    service.NOT_FOUND: Reason.NOT_FOUND,
    service.BUSY: Reason.BUSY,
    service.LOST_UPDATE: Reason.LOST_RACE,
    service.LOST_INDEX: Reason.LOST_RACE,
}

# PostgreSQL's error codes whose meaning for a scan is certain: the statement changed nothing.
_BY_CODE = {
    "55P03": Reason.BUSY,  # lock not available
    "40001": Reason.BUSY,  # serialization failure
    "23505": Reason.LOST_RACE,  # unique index of successful scans
    "22P02": Reason.NOT_FOUND,  # the symbol is no uuid
}

_ROWS = msgspec.json.Decoder(list[service.ScanRow])
_PROBLEM = msgspec.json.Decoder(service.ServiceProblem)
# What msgspec raises for bytes from anywhere: also text that is no UTF-8, and bottomless nesting.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_STAMP_DIGITS = 19  # of 64 bits; a longer one could not be passed on
# What httpx raises, and what it lets through: ssl.SSLError for bytes that are no TLS.
_BROKEN = (httpx.HTTPError, OSError)


def read_answer(http_status: int, body: bytes) -> Outcome:
    """What an answer of the service means; anything outside the contract is `unknown`."""
    if http_status in (401, 403):
        return _unknown(Reason.CREDENTIALS)
    if http_status == httpx.codes.OK:
        return _read_row(body)
    reason = _problem_reason(body)
    if reason is not None:
        return Outcome(OutcomeKind.REFUSED, reason)
    return _unknown(Reason.SERVER_ERROR if http_status >= 500 else Reason.BAD_ANSWER)


def _read_row(body: bytes) -> Outcome:
    try:
        rows = _ROWS.decode(body)
    except _UNREADABLE:
        return _unknown(Reason.BAD_ANSWER)
    if len(rows) != 1:
        return _unknown(Reason.BAD_ANSWER)
    return _judge(rows[0])


def _judge(row: service.ScanRow) -> Outcome:
    if row.success:
        contradicts_itself = row.already_scanned or row.error_message
        return _unknown(Reason.BAD_ANSWER) if contradicts_itself else Outcome(OutcomeKind.ADMITTED)
    fallback = Reason.ALREADY_USED if row.already_scanned else Reason.REFUSED_OTHERWISE
    return Outcome(OutcomeKind.REFUSED, _BY_MESSAGE.get(row.error_message or "", fallback))


def _problem_reason(body: bytes) -> Reason | None:
    try:
        return _BY_CODE.get(_PROBLEM.decode(body).code)
    except _UNREADABLE:
        return None


def _unknown(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, reason)


class SupabaseCheckIn:
    """Implements `CheckIn` for one device."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        device: str,
        scanned_by: str,
        clock: Clock,
        tls: ssl.SSLContext,
        timeout_s: float,
    ) -> None:
        self._device = device
        self._scanned_by = scanned_by
        self._clock = clock
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"apikey": key, "authorization": f"Bearer {key}"},
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            transport=HoldingTransport(tls),
        )

    async def warm(self) -> None:
        """Open the connection with a read that changes nothing."""
        with contextlib.suppress(*_BROKEN):  # the scan itself will tell
            async with asyncio.timeout(self._timeout_s):
                await self._client.get(_WARM_PATH, params={"select": "id", "limit": "1"})

    async def ask(self, symbol: str) -> Reply:
        """Scan `symbol` once; `unknown` for every failure to get a definite answer."""
        sent_ns = self._clock.now_ns()
        return await self._reply(self._client.send(self._request(symbol)), sent_ns)

    def hold(self, symbol: str) -> HeldQuestion:
        """Begin to scan `symbol`; the time limit for its answer begins with the release."""
        hold = Hold()
        request = self._request(symbol)
        until_parked = httpx.Timeout(self._timeout_s, read=None)
        request.extensions = {"timeout": until_parked.as_dict(), HOLD: hold}
        return _HeldScan(hold, self._client.send(request), self._clock, self._reply)

    def _request(self, symbol: str) -> httpx.Request:
        arguments = service.ScanArguments(
            p_ticket_id=symbol, p_scanned_by=self._scanned_by, p_device_id=self._device
        )
        return self._client.build_request(
            "POST",
            _SCAN_PATH,
            content=msgspec.json.encode(arguments),
            headers={"content-type": "application/json"},
        )

    async def _reply(self, response: Awaitable[httpx.Response], sent_ns: int) -> Reply:
        """What becomes of a request that was sent at `sent_ns`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await response
        except (TimeoutError, httpx.TimeoutException):
            return self._unanswered(sent_ns, Reason.TIMEOUT)
        except _BROKEN:
            return self._unanswered(sent_ns, Reason.CONNECTION)
        answered_ns = self._clock.now_ns()
        outcome = read_answer(answer.status_code, answer.content)
        ask = Ask(
            sent_ns=sent_ns,
            answered_ns=answered_ns,
            http_status=answer.status_code,
            reason=outcome.reason,
            arrived_ns=_stamp(answer, service.ARRIVED_HEADER),
            departed_ns=_stamp(answer, service.DEPARTED_HEADER),
        )
        return Reply(outcome, ask)

    def _unanswered(self, sent_ns: int, reason: Reason) -> Reply:
        ask = Ask(sent_ns=sent_ns, answered_ns=self._clock.now_ns(), reason=reason)
        return Reply(_unknown(reason), ask)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


class _HeldScan:
    """Implements `HeldQuestion`."""

    def __init__(
        self,
        hold: Hold,
        sending: Coroutine[None, None, httpx.Response],
        clock: Clock,
        read: Callable[[Awaitable[httpx.Response], int], Awaitable[Reply]],
    ) -> None:
        self._hold = hold
        self._asking = asyncio.create_task(sending)
        self._clock = clock
        self._read = read
        self._sent_ns = 0

    async def until_parked(self) -> Reason | None:
        parked = asyncio.create_task(self._hold.until_parked())
        try:
            await asyncio.wait({parked, self._asking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_parked = parked.done()
            parked.cancel()
        # Else it failed, or was answered before it was complete.
        return None if is_parked else Reason.CONNECTION

    def release(self) -> None:
        self._sent_ns = self._clock.now_ns()
        self._hold.release()

    def resume(self) -> None:
        self._hold.resume()

    async def reply(self) -> Reply:
        return await self._read(self._asking, self._sent_ns)

    async def withdraw(self) -> None:
        if not self._asking.done():
            self._asking.cancel()
        await asyncio.wait({self._asking})
        if not self._asking.cancelled():
            self._asking.exception()  # seen, so that nobody complains of it later


def _stamp(response: httpx.Response, header: str) -> int | None:
    value = response.headers.get(header, "")
    return int(value) if value.isdecimal() and len(value) <= _STAMP_DIGITS else None
