"""httpx with one client for all devices, as its documentation advises for throughput."""

import asyncio

import httpx
from benchmarks.simultaneity.task import HEADERS, PATH, read_task, scan


async def main() -> None:
    """Go through all rounds."""
    task = read_task()
    limits = httpx.Limits(max_connections=task.lanes, max_keepalive_connections=task.lanes)
    async with httpx.AsyncClient(
        base_url=task.url, headers=HEADERS, limits=limits, timeout=60, trust_env=False
    ) as client:
        together = f"/bench/together/{task.lanes}"
        await asyncio.gather(*(client.get(together) for _ in range(task.lanes)))
        for _ in range(task.rounds):
            answers = await asyncio.gather(
                *(client.post(PATH, json=scan()) for _ in range(task.lanes))
            )
            for answer in answers:
                answer.raise_for_status()
            await asyncio.sleep(task.pause_s)


if __name__ == "__main__":
    asyncio.run(main())
