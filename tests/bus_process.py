"""A fleet in a process of its own, there to be killed: it shows its presence and waits."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gatedrill.broker.bus import Bus
from gatedrill.contract.messages import Presence
from gatedrill.contract.topics import PRESENCE


@contextmanager
def running_fleet(url: str, fleet: str, boot: str) -> Iterator[subprocess.Popen[str]]:
    """Run a fleet without devices; its presence is published once this is entered."""
    command = [sys.executable, __file__, url, fleet, boot]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "present\n"
            yield process
        finally:
            process.kill()


async def _main(url: str, fleet: str, boot: str) -> None:
    presence = Presence(fleet, boot, host="here", target="http://127.0.0.1", devices=())
    own_topic = PRESENCE.topic(fleet=fleet, boot=boot)
    async with Bus(url, f"{fleet}-{boot}", own_topic=own_topic) as bus:
        await bus.publish(PRESENCE, presence, fleet=fleet, boot=boot)
        sys.stdout.write("present\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
