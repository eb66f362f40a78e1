"""aiohttp: one session, all requests awaited together."""

import asyncio

import aiohttp  # type: ignore[import-not-found]
from benchmarks.simultaneity.task import HEADERS, PATH, read_task, scan


async def main() -> None:
    """Go through all rounds."""
    task = read_task()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(task.url, connector=connector, headers=HEADERS) as session:

        async def ask() -> None:
            async with session.post(PATH, json=scan()) as answer:
                answer.raise_for_status()
                await answer.read()

        async def warm() -> None:
            async with session.get(f"/bench/together/{task.lanes}") as answer:
                await answer.read()

        await asyncio.gather(*(warm() for _ in range(task.lanes)))
        for _ in range(task.rounds):
            await asyncio.gather(*(ask() for _ in range(task.lanes)))
            await asyncio.sleep(task.pause_s)


if __name__ == "__main__":
    asyncio.run(main())
