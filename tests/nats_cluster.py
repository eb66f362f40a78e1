"""A venue's broker that is a cluster: three NATS servers, as deploy/nats configures them."""

import asyncio
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from command import wait_for
from services import require

from gatedrill.broker.bus import Bus
from gatedrill.contract.errors import PeerError

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "nats" / "node.conf"
PASSWORD = "secret-of-the-test"
START_S = 30


class Node:
    """One server. It has an address of its own, so its ports are nobody else's."""

    def __init__(self, program: str, folder: Path, network: str, number: int) -> None:
        self.address = f"{network}.{number}"
        self.log = folder / f"{number}.log"
        self._command = [program, "-c", str(CONFIGURATION)]
        self._variables = {
            "NODE": f"nats-{number}",
            "LISTEN": self.address,
            "STORE": str(folder / self.address),
            **{f"ROUTE_{n}": f"nats-route://node:{PASSWORD}@{network}.{n}:6222" for n in (1, 2, 3)},
            **{
                f"{role}_PASSWORD": PASSWORD
                for role in ("CONDUCTOR", "DEVICE", "REGISTRAR", "ROUTE")
            },
        }
        self.start()

    def start(self) -> None:
        """Start it, perhaps again, with what it has stored."""
        with self.log.open("wb") as file:
            self._process = subprocess.Popen(
                self._command, stdout=file, stderr=file, env=self._variables
            )

    def url(self, user: str) -> str:
        return f"mqtt://{user}:{PASSWORD}@{self.address}:1883"

    @property
    def doors(self) -> dict[str, tuple[str, int]]:
        """Where it listens for `route` and for `client` connections; nothing before it does."""
        lines = re.findall(r"for (\w+) connections on (\S+):(\d+)", self.log.read_text())
        doors = {whom: (host, int(port)) for whom, host, port in lines}
        return doors if {"client", "route"} <= doors.keys() else {}

    def kill(self) -> None:
        """End it at once, as if its machine had lost power."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Have it end as for maintenance: it hands on what it leads."""
        self._process.terminate()
        self._process.wait()

    async def until_it_accepts(self) -> None:
        """Wait until it lets clients in."""
        async with asyncio.timeout(START_S):
            # Who comes before the nodes have chosen a leader is kept waiting for four seconds.
            while not (self._is_led() and await self._accepts()):
                assert self._process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.05)  # nothing tells

    def _is_led(self) -> bool:
        # Not each of them says so: one that comes late may find a leader that is none of its news.
        logs = self.log.parent.glob("*.log")
        return any("metadata leader" in log.read_text() for log in logs)

    async def _accepts(self) -> bool:
        try:
            async with Bus(self.url("conductor"), f"ready-{self.address}".replace(".", "-")):
                return True
        except PeerError:
            return False


@contextmanager
def running_cluster() -> Iterator[tuple[Node, Node, Node]]:
    """Run three nodes, each of which accepts clients once this is entered."""
    with _running_nodes(1, 2, 3) as nodes:
        asyncio.run(_until_all_accept(nodes))
        first, second, third = nodes
        yield first, second, third


@contextmanager
def running_node() -> Iterator[Node]:
    """Run one of the three alone. It listens once this is entered, but has nobody to agree with."""
    with _running_nodes(1) as [node]:
        wait_for(lambda: node.doors or None, "the node's doors")
        yield node


@contextmanager
def _running_nodes(*numbers: int) -> Iterator[list[Node]]:
    program = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    require(program is not None, "the program nats-server")
    assert program is not None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatedrill-nats-")))
        network = _network()
        nodes = [Node(program, folder, network, number) for number in numbers]
        for node in nodes:
            stack.callback(node.kill)
        yield nodes


def _network() -> str:
    """Loopback addresses that nobody listens on: there are sixteen million."""
    return f"127.{random.randint(1, 254)}.{random.randint(1, 254)}"


async def _until_all_accept(nodes: list[Node]) -> None:
    await asyncio.gather(*(node.until_it_accepts() for node in nodes))
