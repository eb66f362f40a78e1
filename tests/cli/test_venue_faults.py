"""What a run does to the parts of its venue: each fault by real means, on real processes."""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import get_args

import pytest

from gatedrill.cli.hands import FAULTS, LocalHands
from gatedrill.cli.part import Part
from gatedrill.cli.venue_faults.uplink_fault import PREFIX, UplinkFaulty
from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.contract.errors import PeerError
from gatedrill.contract.uplink import UplinkFault
from gatedrill.fixtures.scenario import FaultName
from gatedrill.orchestrator.plan import PlannedFault

# Has a child of its own, as the wrapper of a broker does, and ends with its standard input.
STAND_IN = """\
import os, signal, sys
child = os.fork()
if not child:
    signal.pause()
print('{"child":"ready","url":"mqtt://127.0.0.1:1","what":"%d"}' % child, flush=True)
sys.stdin.read()
os.kill(child, signal.SIGKILL)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every part is a small process with a child of its own; its starts are in this file."""
    starts = tmp_path / "starts"
    program = tmp_path / "program.py"
    program.write_text(STAND_IN)
    script = tmp_path / "stand-in"
    script.write_text(f'#!/bin/sh\necho "$@" >>{starts}\nexec {sys.executable} {program}\n')
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(script))
    return starts


@pytest.fixture
async def parts(stand_in: Path) -> AsyncIterator[VenueParts]:
    started = [Part(name, "r1", [name], {}) for name in ("broker", "registrar", "gate-03")]
    for part in started:
        await part.start()
    broker, registrar, gate = started
    yield VenueParts(broker, registrar, {"gate-03": gate})
    for part in started:
        await part.stop()


def fault(name: FaultName, *devices: str) -> PlannedFault:
    return PlannedFault("s1-f1", name, devices or ("gate-03",))


def state_of(pid: int) -> str:
    """What the kernel says the process does: T if it stands still."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def until(holds: Callable[[], bool]) -> None:
    """Signals arrive when the kernel gets to it."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.005)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return state_of(pid) == "Z"


KILLED: list[tuple[FaultName, Callable[[VenueParts], Part]]] = [
    ("broker-stopped", lambda parts: parts.broker),
    ("registrar-stopped", lambda parts: parts.registrar or parts.broker),
    ("device-killed", lambda parts: parts.devices["gate-03"]),
]
FROZEN: list[tuple[FaultName, Callable[[VenueParts], Part]]] = [
    ("broker-frozen", lambda parts: parts.broker),
    ("device-paused", lambda parts: parts.devices["gate-03"]),
]


@pytest.mark.parametrize(("name", "struck"), KILLED, ids=[name for name, _ in KILLED])
async def test_what_is_killed_is_gone_with_all_that_it_started_and_is_started_again(
    parts: VenueParts, name: FaultName, struck: Callable[[VenueParts], Part]
) -> None:
    hands = LocalHands(parts, None)
    before = struck(parts).child
    grandchild = int(before.what)

    await hands.begin(fault(name))
    assert is_gone(before.pid)
    await until(lambda: is_gone(grandchild))
    with pytest.raises(PeerError, match="not running"):
        _ = struck(parts).child

    await hands.end(fault(name))
    assert struck(parts).child.pid != before.pid
    assert state_of(struck(parts).child.pid) != "Z"


@pytest.mark.parametrize(("name", "struck"), FROZEN, ids=[name for name, _ in FROZEN])
async def test_what_is_frozen_stands_still_with_all_that_it_started_and_goes_on(
    parts: VenueParts, name: FaultName, struck: Callable[[VenueParts], Part]
) -> None:
    hands = LocalHands(parts, None)
    child = struck(parts).child
    pids = [child.pid, int(child.what)]

    await hands.begin(fault(name))
    await until(lambda: [state_of(pid) for pid in pids] == ["T", "T"])

    await hands.end(fault(name))
    await until(lambda: "T" not in [state_of(pid) for pid in pids])


async def test_a_full_disk_lets_no_file_of_the_device_grow_until_it_ends(
    parts: VenueParts,
) -> None:
    hands = LocalHands(parts, None)
    pid = parts.devices["gate-03"].child.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    await hands.begin(fault("disk-full"))
    assert resource.prlimit(pid, resource.RLIMIT_FSIZE)[0] == 0
    assert resource.prlimit(os.getpid(), resource.RLIMIT_FSIZE) == before, "only the device's"

    await hands.end(fault("disk-full"))
    assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == before


class Control:
    """Keeps what the uplink was told."""

    def __init__(self) -> None:
        self.begun: list[UplinkFault] = []
        self.ended: list[str] = []

    async def begin(self, fault: UplinkFault) -> None:
        self.begun.append(fault)

    async def end(self, fault: str) -> None:
        self.ended.append(fault)


UPLINK_FAULTS = [name for name in get_args(FaultName) if name.startswith(PREFIX)]


@pytest.mark.parametrize("name", UPLINK_FAULTS)
async def test_what_ails_the_uplink_is_told_to_it_by_its_name(
    parts: VenueParts, name: FaultName
) -> None:
    control = Control()
    hands = LocalHands(parts, UplinkFaulty(control))
    planned = PlannedFault("s1-f1", name, ("gate-03",), delay_ms=20, share=0.5, seed=7)

    await hands.begin(planned)
    await hands.end(planned)

    [told] = control.begun
    assert (told.id, f"{PREFIX}{told.kind}") == ("s1-f1", name)
    assert (told.devices, told.delay_ms, told.share, told.seed) == (("gate-03",), 20, 0.5, 7)
    assert control.ended == ["s1-f1"]


def test_every_fault_but_a_wrong_clock_which_the_conductor_tells_is_in_these_hands() -> None:
    assert {*FAULTS, *UPLINK_FAULTS, "clock-skewed"} == set(get_args(FaultName))


@pytest.mark.parametrize(
    ("planned", "why"),
    [
        (fault("device-killed", "gate-01"), "gate-01 has no process of its own"),
        (fault("uplink-down"), "needs an uplink"),
    ],
)
async def test_what_cannot_be_done_is_told(
    parts: VenueParts, planned: PlannedFault, why: str
) -> None:
    with pytest.raises(PeerError, match=why):
        await LocalHands(parts, None).begin(planned)


async def test_a_venue_without_a_registrar_says_so(parts: VenueParts) -> None:
    with pytest.raises(PeerError, match="no registrar"):
        await LocalHands(VenueParts(parts.broker), None).begin(fault("registrar-stopped"))


async def test_a_part_that_is_frozen_is_stopped_all_the_same(
    parts: VenueParts, stand_in: Path
) -> None:
    child = parts.broker.child
    child.freeze()
    await parts.broker.stop()
    assert is_gone(child.pid)


async def test_a_part_that_is_started_twice_at_once_is_one_process(stand_in: Path) -> None:
    part = Part("broker", "r1", ["broker"], {})
    first, second = await asyncio.gather(part.start(), part.start())
    await part.stop()
    assert first is second
    assert len(stand_in.read_text().splitlines()) == 1  # noqa: ASYNC240


async def test_a_part_settles_where_others_look_for_it(stand_in: Path) -> None:
    part = Part("broker", "r1", ["broker", "--port", "0"], {})
    await part.start()
    part.settle_on("--port", "1883")
    await part.kill()
    await part.start()
    await part.stop()
    first, again = stand_in.read_text().splitlines()  # noqa: ASYNC240
    assert "broker --port 0 --supervised r1" in first
    assert "broker --port 0 --port 1883 --supervised r1" in again
