"""Broker and reference backend on an address that other hosts reach, in a process of their own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from command import environment

from gatedrill.backend.serve import serve
from gatedrill.broker.mosquitto import mosquitto_broker

KEY = "SUPABASE_SERVICE_ROLE_KEY"
BROKER_PORT = 1883


@contextmanager
def open_venue(address: str, key: str, inside: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Run both at this address, by a command that leads to where it is; broker's and service's URL.

    A host of its own has all ports to itself, so the broker has the usual one.
    """
    command = [*inside, sys.executable, __file__, address]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(**{KEY: key}),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"mqtt://{address}:{BROKER_PORT}", process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait()


async def _main(address: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)

    def ready(url: str) -> None:
        sys.stdout.write(url + "\n")
        sys.stdout.flush()

    async with mosquitto_broker(address, BROKER_PORT):
        await serve(
            host=address, key=os.environ[KEY], database=None, fault=None, ready=ready, stop=stop
        )


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
