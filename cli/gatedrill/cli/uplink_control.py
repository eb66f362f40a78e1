"""Telling a running uplink what is to go wrong."""

import asyncio
import ssl
from collections.abc import Mapping
from types import TracebackType

import httpx
import msgspec

from gatedrill.contract.errors import PeerError
from gatedrill.contract.uplink import (
    FAULTS_PATH,
    HEALTH_PATH,
    KEY_HEADER,
    UplinkFault,
    UplinkFaults,
    UplinkHealth,
)

_TIMEOUT_S = 5.0


class UplinkControl:
    """The one who has the key to the uplink at `url`: what it begins and ends is all there is.

    Every method returns when it is in force, and raises PeerError if the uplink does not do it.
    """

    def __init__(self, url: str, key: str) -> None:
        self._in_force: Mapping[str, UplinkFault] = {}
        self._one_by_one = asyncio.Lock()
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={KEY_HEADER: f"Bearer {key}"},
            timeout=_TIMEOUT_S,
            trust_env=False,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # unused, and quickly made
        )

    async def begin(self, fault: UplinkFault) -> None:
        """Have this go wrong too; one with the same id is replaced."""
        async with self._one_by_one:
            await self._put({**self._in_force, fault.id: fault})

    async def end(self, fault: str) -> None:
        """Have the fault of this id end; nothing changes if there is none."""
        async with self._one_by_one:
            await self._put({id_: each for id_, each in self._in_force.items() if id_ != fault})

    async def health(self) -> UplinkHealth:
        """How things stand."""
        answer = await self._ask("GET", HEALTH_PATH)
        return msgspec.json.decode(answer.content, type=UplinkHealth)

    async def close(self) -> None:
        """Have done; faults that are in force stay so."""
        await self._client.aclose()

    async def __aenter__(self) -> "UplinkControl":
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _put(self, wanted: Mapping[str, UplinkFault]) -> None:
        body = msgspec.json.encode(UplinkFaults(tuple(wanted.values())))
        await self._ask("PUT", FAULTS_PATH, body)
        self._in_force = wanted

    async def _ask(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        try:
            answer = await self._client.request(method, path, content=body)
        except httpx.HTTPError as error:
            raise PeerError(
                f"the uplink at {self._client.base_url} does not answer: {type(error).__name__}"
            ) from error
        if answer.is_error:
            raise PeerError(
                f"the uplink at {self._client.base_url} answered {method} {path} with status "
                f"{answer.status_code}: {answer.text}"
            )
        return answer
