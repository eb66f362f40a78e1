"""The reference backend itself, in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from gatedrill.backend.serve import serve

KEY = "a-key-that-nobody-may-see"


@asynccontextmanager
async def reference_backend(fault: str | None = None) -> AsyncIterator[str]:
    """Serve on a free port of loopback while the body runs; yields the URL."""
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(key=KEY, database=None, fault=fault, ready=ready.set_result, stop=stop)
    )
    waiting: set[asyncio.Future[None] | asyncio.Future[str]] = {serving, ready}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    try:
        yield ready.result()
    finally:
        stop.set()
        await serving


def client_of(url: str) -> httpx.AsyncClient:
    """What a device asks it with."""
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60)
