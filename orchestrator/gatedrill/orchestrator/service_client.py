"""Speaking to the check-in service over HTTP: is it there, what does it hold, fill it anew."""

from types import TracebackType

import httpx
import msgspec

from gatedrill.contract import service
from gatedrill.contract.errors import PeerError

_TIMEOUT_S = 10.0


class ServiceClient:
    """Asks a check-in service about itself. Async context manager."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"apikey": key, "authorization": f"Bearer {key}"},
            timeout=_TIMEOUT_S,
            trust_env=False,
        )

    async def __aenter__(self) -> "ServiceClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def about(self) -> service.About | None:
        """What answers at the target; None if it is not the reference backend.

        Raises PeerError when nothing answers, or when the credentials are refused. Writes nothing.
        """
        response = await self._get(service.ABOUT_PATH)
        try:
            about = msgspec.json.decode(response.content, type=service.About)
        except msgspec.DecodeError:
            about = None
        if about is not None and about.service == service.SERVICE_NAME:
            return about
        await self._get(_path(service.TICKETS_TABLE), {"select": "id", "limit": "1"})
        return None

    async def populate(self, population: service.Population) -> None:
        """Make the reference backend forget everything and hold exactly this."""
        await self._send("PUT", service.POPULATION_PATH, population, "its population")

    async def sell(self, tickets: service.LateTickets) -> None:
        """Have the reference backend hold these tickets as well."""
        await self._send("POST", service.LATE_TICKETS_PATH, tickets, "the tickets sold late")

    async def read_table(self, table: str, query: dict[str, str]) -> httpx.Response:
        """The service's answer to a read of one table; httpx.HTTPError where there is none."""
        return await self._client.get(_path(table), params=query)

    async def _send(self, method: str, path: str, body: msgspec.Struct, what: str) -> None:
        content = msgspec.json.encode(body)
        try:
            response = await self._client.request(method, path, content=content)
        except httpx.HTTPError as error:
            raise PeerError(f"cannot reach the service at {self.url}: {in_words(error)}") from error
        if response.is_error:
            raise PeerError(
                f"{self.url} refused {what} with HTTP {response.status_code}: {response.text[:200]}"
            )

    async def _get(self, path: str, query: dict[str, str] | None = None) -> httpx.Response:
        try:
            response = await self._client.get(path, params=query)
        except httpx.HTTPError as error:
            raise PeerError(f"cannot reach the service at {self.url}: {in_words(error)}") from error
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise PeerError(
                f"{self.url} refused the credentials (HTTP {response.status_code}): "
                "set SUPABASE_SERVICE_ROLE_KEY to its key"
            )
        return response


def in_words(error: httpx.HTTPError) -> str:
    """What went wrong; a timeout brings no words of its own."""
    return str(error) or type(error).__name__


def _path(name: str) -> str:
    return service.TABLE_PATH.format(table=name)
