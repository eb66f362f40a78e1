"""gatedrill: the lanes of a fleet, through a burst as the fleet leads them through it.

Lane, scanner, check-in adapter and release are the product's. Only the ticket comes straight into
the reader, not through a camera's frame: that happens long before the instant, and a thousand
cameras would measure the decoder. The broker's word is `lockstep`'s.
"""

import asyncio
import ssl
import sys
import time
import uuid
from collections.abc import Callable
from typing import Final

from benchmarks.simultaneity.lockstep import next_instant_ns
from benchmarks.simultaneity.priority import refuse_real_time_unless_wanted
from benchmarks.simultaneity.task import read_task

from gatedrill.contract.messages import Presentation
from gatedrill.contract.outcome import OutcomeKind
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.device import Act
from gatedrill.devices.emulation.presenter import Material
from gatedrill.devices.lane import Lane
from gatedrill.devices.readers.symbol import Symbol
from gatedrill.devices.ready import Unready, read_acts_ahead
from gatedrill.devices.release import QUIET_S, release_together
from gatedrill.devices.supabase_checkin import SupabaseCheckIn

EVENT = "benchmark"
TIMEOUT_S = 30.0


class MachineClock:
    """The monotonic clock, which all processes of a machine share. Implements `Clock`."""

    def now_ns(self) -> int:
        """Nanoseconds since some instant of the machine's own."""
        return time.monotonic_ns()


class DirectReader:
    """Reads the text that is put into it. Implements `Reader`, and with `DirectHand` a lane."""

    kind: Final = "serial"
    repeat_window_s: Final = 0.5

    def __init__(self, clock: MachineClock) -> None:
        self._clock = clock
        self._shown: asyncio.Queue[str] = asyncio.Queue()

    def show(self, text: str) -> None:
        """Put it in."""
        self._shown.put_nowait(text)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def read(self) -> Symbol:
        """Wait for the next text."""
        return Symbol(await self._shown.get(), "", self._clock.now_ns())


class DirectHand:
    """Shows tickets to a `DirectReader`. Implements `Presenter`."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def prepare(self, text: str, seed: int) -> Material:  # noqa: ARG002
        """The text itself."""
        return (text.encode(),)

    def present(self, material: Material) -> None:
        """Show it."""
        self._show(material[0].decode())

    def withdraw(self) -> None:
        """Nothing is left in view."""

    def close(self) -> None:
        """Nothing to close."""


def make_lane(number: int, url: str, clock: MachineClock, tls: ssl.SSLContext) -> Lane:
    """A gate lane with a connection of its own."""
    name = f"gate-{number:04}"
    reader = DirectReader(clock)
    connection = ServiceConnection(url, "benchmark", clock=clock, tls=tls, timeout_s=TIMEOUT_S)
    checkin = SupabaseCheckIn(connection, device=name, scanned_by="benchmark", event_id=EVENT)
    return Lane(name, reader, DirectHand(reader.show), checkin, clock)


async def burst(lanes: list[Lane], clock: MachineClock) -> None:
    """One round, in the order in which the fleet goes about it."""
    acts = [prepared(lane) for lane in lanes]
    unready: Unready = {}
    if await read_acts_ahead(acts, unready) != acts:
        sys.exit(f"not ready: {unready}")
    records = [asyncio.create_task(act.record()) for act in acts]
    await asyncio.sleep(0)
    at_ns = next_instant_ns()
    for act in acts:
        act.intended_ns = at_ns
    await release_together(at_ns, clock, (act.release for act in acts), QUIET_S)
    for act in acts:
        act.resume()
    outcomes = {record.outcome.kind for record in await asyncio.gather(*records)}
    if outcomes != {OutcomeKind.ADMITTED}:
        sys.exit(f"not admitted: {outcomes}")


def prepared(lane: Lane) -> Act:
    """The showing of a ticket that nobody has used yet."""
    act = lane.begin(Presentation("attempt", lane.name, str(uuid.uuid4()), seed=0))
    act.prepare()
    return act


async def main() -> None:
    """Go through all rounds."""
    task = read_task()
    refuse_real_time_unless_wanted()
    clock, tls = MachineClock(), ssl.create_default_context()
    lanes = [make_lane(number, task.url, clock, tls) for number in range(task.lanes)]
    await asyncio.gather(*(lane.warm() for lane in lanes))
    for _ in range(task.rounds):
        await burst(lanes, clock)
        await asyncio.sleep(task.pause_s)
    for lane in lanes:
        await lane.close()


if __name__ == "__main__":
    asyncio.run(main())
