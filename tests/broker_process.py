"""A broker in a process of its own: in a test's process it would share the client's event loop."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services import require

from gatedrill.broker.mosquitto import find_mosquitto
from gatedrill.broker.serve import BrokerKind, BrokerReady, serve

KINDS: tuple[BrokerKind, ...] = ("mosquitto", "embedded")


@dataclass
class BrokerProcess:
    """A running broker; once it is stopped its port is free again."""

    url: str
    kind: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def running_broker(kind: BrokerKind, port: int = 0) -> Iterator[BrokerProcess]:
    """Run a broker of this kind, on a free port unless one is given."""
    if kind == "mosquitto":
        require(find_mosquitto() is not None, "the program mosquitto")
    command = [sys.executable, __file__, kind, str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        broker = BrokerProcess(ready["url"], ready["kind"], process)
        try:
            yield broker
        finally:
            broker.stop()


async def _main(kind: BrokerKind, port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)

    def ready(broker: BrokerReady) -> None:
        sys.stdout.write(json.dumps({"url": broker.url, "kind": broker.kind}) + "\n")
        sys.stdout.flush()

    await serve(port=port, kind=kind, ready=ready, stop=stop)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))  # type: ignore[arg-type]
