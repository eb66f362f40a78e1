"""Which parts a local venue starts, when, and what becomes of them when one fails."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from gatedrill.cli import shares
from gatedrill.cli.child import Child
from gatedrill.cli.environment import BROKER, KEY
from gatedrill.cli.venue import Helping, LocalVenue, start_broker, start_fleets, start_venue
from gatedrill.contract.errors import UsageError


@dataclass
class Parts:
    """Starts parts that are nothing but names.

    `together` names who waits for whom; a fleet with the share `refused` cannot be, and then the
    others never come up.
    """

    together: dict[str, asyncio.Barrier] = field(default_factory=dict)
    refused: str | None = None
    commands: list[tuple[str, ...]] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)
    starting: int = 0
    up: list[str] = field(default_factory=list)

    async def start(
        self, name: str, _run: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> "Part":
        self.commands.append(tuple(command))
        self.environments.append(environment)
        self.starting += 1
        try:
            await self._come_up(name, command)
        finally:
            self.starting -= 1
        self.up.append(name)
        return Part(name, self)

    async def _come_up(self, name: str, command: Sequence[str]) -> None:
        if name in self.together:
            await self.together[name].wait()
        if name == "fleet" and self.refused:
            if option(command, "--share") == self.refused:
                raise UsageError("the fleet cannot be")
            await asyncio.Event().wait()


class Part:
    """One that is up."""

    def __init__(self, name: str, parts: Parts) -> None:
        self.url = f"http://{name}.test"
        self.what = f"a {name}"
        self._name = name
        self._parts = parts

    def thaw(self) -> None:
        pass

    async def stop(self) -> None:
        self._parts.up.remove(self._name)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """On a machine of two cores that permits real-time priority; all must end with the test."""
    parts = Parts()
    monkeypatch.setattr(Child, "start", parts.start)
    monkeypatch.setattr(shares, "_cores", lambda: 2)
    monkeypatch.setattr(shares, "_is_real_time_permitted", lambda: True)
    yield parts
    assert (parts.up, parts.starting) == ([], 0)


def wanted(gates: int, kiosks: int = 0) -> LocalVenue:
    return LocalVenue(run="r", gates=gates, kiosks=kiosks)


def option(command: Sequence[str], name: str) -> str:
    return command[command.index(name) + 1]


async def test_broker_and_service_start_together_and_then_all_fleets_together(
    parts: Parts,
) -> None:
    first, then = asyncio.Barrier(2), asyncio.Barrier(2)
    parts.together = {"broker": first, "backend": first, "fleet": then}
    async with asyncio.timeout(30), start_venue(wanted(gates=1000, kiosks=3)) as started:
        assert set(parts.up[:2]) == {"broker", "backend"}
        assert parts.up[2:] == ["fleet", "fleet"]
        assert len(started.devices) == 1003
        assert started.parts == (
            "broker: a broker at http://broker.test",
            "service: a backend at http://backend.test",
            "devices: a fleet",
            "devices: a fleet",
        )


@pytest.mark.parametrize(
    ("gates", "kiosks", "fleets"),
    [(10, 0, ["1/1"]), (60, 40, ["1/2", "2/2"]), (1000, 0, ["1/2", "2/2"])],
)
async def test_gates_and_kiosks_are_shared_among_the_fleets_that_serve_best(
    parts: Parts, gates: int, kiosks: int, fleets: list[str]
) -> None:
    async with AsyncExitStack() as stack:
        helping = Helping(await start_broker(stack, wanted(gates, kiosks)))
        parts.commands.clear()
        parts.environments.clear()
        await start_fleets(stack, wanted(gates, kiosks), helping, "http://t", "key")
        assert [option(command, "--share") for command in parts.commands] == fleets
        assert {option(command, "--count") for command in parts.commands} == {str(gates)}
        assert {option(command, "--kiosks") for command in parts.commands} == {str(kiosks)}
        assert {(each[BROKER], each[KEY]) for each in parts.environments} == {
            ("http://broker.test", "key")
        }


async def test_a_fleet_that_cannot_be_is_told_and_nothing_is_left(
    parts: Parts,
) -> None:
    parts.refused = "2/2"
    with pytest.raises(UsageError, match="the fleet cannot be"):
        async with asyncio.timeout(30), start_venue(wanted(gates=1000)):
            pass
    assert len(parts.commands) == 4
