"""httpx as one would first write it: a client a device, all awaited together."""

import asyncio
import ssl

import httpx
from benchmarks.simultaneity.task import HEADERS, PATH, read_task, scan


async def main() -> None:
    """Go through all rounds."""
    task = read_task()
    tls = ssl.create_default_context()
    clients = [
        httpx.AsyncClient(base_url=task.url, headers=HEADERS, verify=tls, trust_env=False)
        for _ in range(task.lanes)
    ]
    await asyncio.gather(*(client.get("/warm", timeout=60) for client in clients))
    for _ in range(task.rounds):
        answers = await asyncio.gather(
            *(client.post(PATH, json=scan(), timeout=60) for client in clients)
        )
        for answer in answers:
            answer.raise_for_status()
        await asyncio.sleep(task.pause_s)
    for client in clients:
        await client.aclose()


if __name__ == "__main__":
    asyncio.run(main())
