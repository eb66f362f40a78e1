"""A part of the venue that can be stopped, killed or frozen, and started again as it was."""

import asyncio
import os
from collections.abc import Mapping, Sequence

from gatedrill.cli.child import Child
from gatedrill.contract.errors import PeerError


class Part:
    """One part, mostly running: a child process, and how to start it again.

    `run` is the run that it belongs to, `arguments` are those of the command line, `environment` is
    added to ours.
    """

    def __init__(
        self, name: str, run: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._run = run
        self._arguments = tuple(arguments)
        self._environment = dict(environment)
        self._child: Child | None = None
        self._starting = asyncio.Lock()

    @property
    def child(self) -> Child:
        """The process; PeerError while there is none."""
        if self._child is None:
            raise PeerError(f"the {self.name} of this run is not running")
        return self._child

    async def start(self) -> Child:
        """Start it, and wait until it is ready; one that is running is left alone.

        What went wrong is raised as by `Child.start`.
        """
        async with self._starting:
            if self._child is None:
                environment = os.environ | self._environment
                self._child = await Child.start(self.name, self._run, self._arguments, environment)
            return self._child

    def settle_on(self, *arguments: str) -> None:
        """From now on it is started with these added: where others look for it, for example."""
        self._arguments = (*self._arguments, *arguments)

    async def stop(self) -> None:
        """End it kindly; harmless when it is not running."""
        child, self._child = self._child, None
        if child is not None:
            child.thaw()
            await child.stop()

    async def kill(self) -> None:
        """End it in the middle of whatever it does, as if its power was cut."""
        child, self._child = self.child, None
        await child.kill()
