"""The venue of docker-compose.yml, as a project of its own that leaves nothing behind."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from command import environment

from gatedrill.broker.bus import Bus, Received
from gatedrill.contract.messages import DeviceState, Fire, Presence
from gatedrill.contract.outcome import Authority
from gatedrill.contract.topics import FIRE, PRESENCE

ROOT = Path(__file__).parents[1]
COMPOSE = ("docker-compose", "--ansi", "never")
TIMEOUT_S = 150
"""Ends a test that hangs; says nothing about how long anything may take."""
_numbers = count(1)


def docker(*arguments: str, check: bool = True) -> str:
    """What `docker` prints."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0 or not check, f"docker {arguments}: {done.stderr}"
    return done.stdout.strip()


@dataclass(frozen=True)
class Run:
    """A scenario under way in the orchestrator's container."""

    process: "subprocess.Popen[str]"

    def ended(self) -> tuple[int, str]:
        """Its exit code, and all that it said, what it wrote to stdout first."""
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode, f"{out}\n{err}"


class Watch:
    """Who is here: each gate's container and how it stands, by the gate's name."""

    def __init__(self) -> None:
        self.hosts: dict[str, str] = {}
        self.states: dict[str, DeviceState] = {}
        self.fires = 0
        self._changed = asyncio.Event()

    def hear(self, received: Received[Presence]) -> None:
        """Take note of what one says, or that it has gone."""
        gate, said = received.levels["fleet"], received.message
        if said is None:
            self.hosts.pop(gate, None)
            self.states.pop(gate, None)
        else:
            self.hosts[gate] = said.host
            self.states |= said.states
        self._changed.set()

    def hear_fire(self, _fire: Received[Fire]) -> None:
        """Take note that the instant of a step was named: all are ready for it."""
        self.fires += 1
        self._changed.set()

    async def until_fired(self) -> None:
        """Wait until the next step is let go: what fails before finds gates that are not ready."""
        before = self.fires
        await self.until(lambda seen: seen.fires > before)

    async def until(self, condition: Callable[["Watch"], bool]) -> None:
        """Wait through all changes until this is so."""
        async with asyncio.timeout(TIMEOUT_S):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()


def is_calm(watch: Watch) -> bool:
    """Whether ten gates are here, would ask the service, and have nothing to upload."""
    states = watch.states.values()
    return len(states) == 10 and all(
        state.authority is Authority.ONLINE and not state.queued for state in states
    )


@dataclass(frozen=True)
class ContainerVenue:
    """A project: its name, where its runs are kept, and what its .env would say."""

    project: str
    drills: Path
    variables: dict[str, str]

    def compose(self, *arguments: str, check: bool = True, **variables: str) -> str:
        """What docker-compose prints on stdout for this project."""
        done = subprocess.run(
            [*COMPOSE, "-p", self.project, *arguments],
            cwd=ROOT,
            env=environment(**self._all(variables)),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run the orchestrator with these arguments: its exit code, and all that it said."""
        with self.running(*arguments, **variables) as run:
            return run.ended()

    @contextmanager
    def running(self, *arguments: str, **variables: str) -> Iterator[Run]:
        """The same, under way."""
        with subprocess.Popen(
            [*COMPOSE, "-p", self.project, "run", "--rm", "-T", *arguments],
            cwd=ROOT,
            env=environment(**self._all(variables)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield Run(process)
            finally:
                process.terminate()

    def typed(self, line: str, folder: Path) -> None:
        """Run this as somebody who sits in `folder`, at a terminal, and means this venue."""
        terminal, end = os.openpty()
        whose = {"COMPOSE_FILE": str(ROOT / "docker-compose.yml")} | self._all({})
        try:
            subprocess.run(
                ["sh", "-c", line],
                cwd=folder,
                env=environment(**whose),
                stdin=end,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT_S,
                check=True,
            )
        finally:
            os.close(end)
            os.close(terminal)

    @contextmanager
    def without_backend(self) -> Iterator[None]:
        """Have the check-in service away from the network meanwhile."""
        [backend] = self.ids("backend")
        docker("network", "disconnect", self.network, backend)
        try:
            yield
        finally:
            docker("network", "connect", "--alias", "backend", self.network, backend)

    def _all(self, variables: dict[str, str]) -> dict[str, str]:
        kept = {"COMPOSE_PROJECT_NAME": self.project, "DRILLS": str(self.drills)}
        return kept | self.variables | variables

    def ids(self, service: str) -> list[str]:
        """The containers of a service."""
        return self.compose("ps", "-q", service).split()

    def inspect(self, container: str) -> dict[str, Any]:
        """All that Docker knows of a container."""
        [known] = json.loads(docker("inspect", container))
        assert isinstance(known, dict)
        return known

    @asynccontextmanager
    async def watched(self) -> AsyncIterator["Watch"]:
        """What the gates say of themselves, and what they are told, heard as a gate hears it."""
        gate = self.ids("device")[0]  # Compose would take the one numbered 1, which may be gone
        password = docker("exec", gate, "cat", "/secrets/device/broker-password")
        address = self.compose("port", "broker", "1883")
        watch = Watch()
        async with Bus(f"mqtt://device:{password}@{address}", "watch") as bus:
            await bus.listen(PRESENCE, watch.hear)
            await bus.listen(FIRE, watch.hear_fire)
            yield watch

    def result(self) -> dict[str, Any]:
        """The result of the last run."""
        found = sorted(self.drills.glob("*/*/result.json"), key=lambda path: path.stat().st_mtime)
        result = json.loads(found[-1].read_text(encoding="utf-8"))
        assert isinstance(result, dict)
        return result

    def records(self) -> list[dict[str, Any]]:
        """What the gates reported in the last run, attempt by attempt."""
        folders = sorted(self.drills.glob("*/*"), key=lambda path: path.stat().st_mtime)
        lines = (folders[-1] / "history.jsonl").read_text(encoding="utf-8").splitlines()
        events = map(json.loads, lines)
        return [event["record"] for event in events if event["event"] == "attempt"]

    @property
    def network(self) -> str:
        """The network that all of it is on."""
        return f"{self.project}_default"


@contextmanager
def venue_of_containers(drills: Path, **variables: str) -> Iterator[ContainerVenue]:
    """The venue, not yet up; all of it is gone at the end, volumes included."""
    project = f"gatedrill-test-{os.getpid()}-{next(_numbers)}"
    free_ports = {"BROKER_LISTEN": "127.0.0.1:", "BROKER_TLS_LISTEN": "127.0.0.1:"}
    venue = ContainerVenue(project, drills, free_ports | variables)
    try:
        yield venue
    finally:
        for gate in docker("ps", "-aq", "--filter", f"name={project}").split():
            docker("unpause", gate, check=False)
        venue.compose("--profile", "orchestrator", "down", "-v", "--remove-orphans", "-t", "1")
