"""Check-in at a Supabase-style service: `scan_ticket_atomic` through PostgREST.

One httpx client a device, HTTP/1.1, one connection: a shared client rescans its pool for every
request and spreads a burst by tens of milliseconds. No redirects, no retries, no proxy from the
environment: what is measured is the service and nothing else.
"""

import socket
import ssl

import httpx
import msgspec

from gatedrill.contract import service
from gatedrill.contract.attempt import Ask
from gatedrill.contract.clock import Clock
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import Reply

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
    except msgspec.DecodeError:
        return _unknown(Reason.BAD_ANSWER)
    if len(rows) != 1:
        return _unknown(Reason.BAD_ANSWER)
    if rows[0].success:
        return Outcome(OutcomeKind.ADMITTED)
    fallback = Reason.ALREADY_USED if rows[0].already_scanned else Reason.REFUSED_OTHERWISE
    return Outcome(OutcomeKind.REFUSED, _BY_MESSAGE.get(rows[0].error_message or "", fallback))


def _problem_reason(body: bytes) -> Reason | None:
    try:
        return _BY_CODE.get(_PROBLEM.decode(body).code)
    except msgspec.DecodeError:
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
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"apikey": key, "authorization": f"Bearer {key}"},
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            transport=httpx.AsyncHTTPTransport(
                verify=tls,
                retries=0,
                limits=httpx.Limits(max_connections=1, keepalive_expiry=None),
                socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            ),
        )

    async def warm(self) -> None:
        """Open the connection with a read that changes nothing."""
        try:
            await self._client.get(_WARM_PATH, params={"select": "id", "limit": "1"})
        except httpx.HTTPError:
            return  # the scan itself will tell

    async def ask(self, symbol: str) -> Reply:
        """Scan `symbol` once; `unknown` for every failure to get a definite answer."""
        body = msgspec.json.encode(
            service.ScanArguments(
                p_ticket_id=symbol, p_scanned_by=self._scanned_by, p_device_id=self._device
            )
        )
        sent_ns = self._clock.now_ns()
        try:
            response = await self._client.post(
                _SCAN_PATH, content=body, headers={"content-type": "application/json"}
            )
        except httpx.TimeoutException:
            return self._unanswered(sent_ns, Reason.TIMEOUT)
        except httpx.HTTPError:
            return self._unanswered(sent_ns, Reason.CONNECTION)
        answered_ns = self._clock.now_ns()
        outcome = read_answer(response.status_code, response.content)
        return Reply(
            outcome,
            Ask(
                sent_ns=sent_ns,
                answered_ns=answered_ns,
                http_status=response.status_code,
                reason=outcome.reason,
                arrived_ns=_stamp(response, service.ARRIVED_HEADER),
                departed_ns=_stamp(response, service.DEPARTED_HEADER),
            ),
        )

    def _unanswered(self, sent_ns: int, reason: Reason) -> Reply:
        ask = Ask(sent_ns=sent_ns, answered_ns=self._clock.now_ns(), reason=reason)
        return Reply(_unknown(reason), ask)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


def _stamp(response: httpx.Response, header: str) -> int | None:
    value = response.headers.get(header, "")
    return int(value) if value.isdecimal() else None
