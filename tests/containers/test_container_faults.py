"""What Docker and the network do to single gates is seen by the run, and named."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from container_venue import ContainerVenue, docker, is_calm

pytestmark = pytest.mark.timeout(400)
OUTAGE = f"{Path(__file__).with_name('outage.toml')}:/outage.toml:ro"


def silent(result: dict[str, Any]) -> set[str]:
    """The devices of which no word came."""
    return {device for each in result["silent"] for device in each["devices"]}


def violated(result: dict[str, Any]) -> list[str]:
    """The checks that found something wrong."""
    return [check["name"] for check in result["checks"] if check["status"] == "violated"]


@contextmanager
def packets_lost(venue: ContainerVenue, container: str, share: float) -> Iterator[None]:
    """Lose this share of what comes to a container, by a rule in its own network."""
    pid = str(venue.inspect(container)["State"]["Pid"])
    rule = ("INPUT", "-m", "statistic", "--mode", "random", "--probability", str(share))
    inside = ("nsenter", "--target", pid, "--net", "iptables")
    subprocess.run([*inside, "-A", *rule, "-j", "DROP"], check=True)
    try:
        yield
    finally:
        subprocess.run([*inside, "-D", *rule, "-j", "DROP"], check=True)


async def test_gates_that_are_killed_paused_or_cut_off_are_named(venue: ContainerVenue) -> None:
    async with venue.watched() as watch:
        await watch.until(is_calm)
        killed, paused, cut_off = (watch.hosts[f"gate-00{number}"] for number in (2, 3, 4))
        again = ("scanner-burst", "--duration", "8s")
        with venue.running("orchestrator", "run", *again) as run:
            await watch.until_fired()
            docker("kill", killed)
            docker("pause", paused)
            docker("network", "disconnect", venue.network, cut_off)
            code, told = await asyncio.to_thread(run.ended)
        docker("start", killed)
        docker("unpause", paused)
        docker("network", "connect", venue.network, cut_off)
        result = venue.result()
        assert (code, result["verdict"]) == (4, "inconclusive"), told
        assert silent(result) == {"gate-002", "gate-003", "gate-004"}
        assert violated(result) == []
        await watch.until(is_calm)


async def test_a_container_that_is_made_anew_finds_its_queue_in_the_volume(
    venue: ContainerVenue,
) -> None:
    async with venue.watched() as watch:
        await watch.until(is_calm)
        old = watch.hosts["gate-005"]
        with venue.running("-v", OUTAGE, "orchestrator", "run", "/outage.toml") as run:
            await watch.until_fired()
            with venue.without_backend():
                await watch.until(lambda seen: seen.states["gate-005"].queued > 0)
                docker("rm", "--force", old)
                up = ("up", "-d", "--no-deps", "--no-recreate", "--scale", "device=10", "device")
                await asyncio.to_thread(venue.compose, *up)
                await watch.until(lambda seen: seen.hosts.get("gate-005") not in (None, old))
                assert watch.states["gate-005"].queued > 0
            await watch.until(lambda seen: seen.states["gate-005"].queued == 0)
            code, told = await asyncio.to_thread(run.ended)
    result = venue.result()
    assert (code, silent(result)) == (4, {"gate-005"}), told
    assert violated(result) == []


async def test_a_gate_that_loses_packets_is_told_from_the_others(venue: ContainerVenue) -> None:
    async with venue.watched() as watch:
        await watch.until(is_calm)
        lossy = watch.hosts["gate-006"]
        with (
            packets_lost(venue, lossy, 0.6),
            venue.running("-v", OUTAGE, "orchestrator", "run", "/outage.toml") as run,
        ):
            code, told = await asyncio.to_thread(run.ended)
        result = venue.result()
        decided_otherwise = {
            record["device"]
            for record in venue.records()
            if record.get("authority", "online") != "online"
        }
        assert code in (0, 3, 4), told
        assert violated(result) == []
        assert decided_otherwise | silent(result) == {"gate-006"}
        await watch.until(is_calm)
