"""Hunting a race that does not open at offset zero.

Not every fault shows when all requests come at once: some open a while after a first request, for
a moment. A swept phase therefore shifts every device by an instant of its own within a window.
Where a request meets the answer to another one, the service is changing its mind: each round tells
how long after the first request that is, and the next window is half as wide, around there. Once it
is narrow it stays so for some rounds, as answers take now a little longer, now less; then the hunt
begins again with the whole window. Pure: the same seed and answers give the same instants.
"""

import random
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median

import msgspec

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.messages import Order
from gatedrill.orchestrator.plan import BurstStep, Step

NARROWINGS = 5
"""From 40 ms to 1.25 ms: ten devices are then a tenth of a millisecond apart."""
NARROW_ROUNDS = 6
_REMEMBERED = 5


class Sweeps:
    """The hunts of a run, one for each swept phase."""

    def __init__(self, seed: int, attended: Collection[str] = ()) -> None:
        """`attended` are the devices at which people stand: nobody can shift them."""
        self._seed = seed
        self._attended = frozenset(attended)
        self._by_phase: dict[str, Sweep] = {}

    def shifted(self, step: Step, orders: Mapping[str, Order]) -> dict[str, Order]:
        """The orders of a step, by attempt, each at its own instant if the step is swept."""
        sweep = self._sweep(step)
        devices = [order.device for order in orders.values() if self._is_shifted(order.device)]
        if sweep is None or not devices:
            return dict(orders)
        shifts_ns = sweep.shifts_ns(devices)
        return {
            attempt: msgspec.structs.replace(order, shift_ns=shifts_ns.get(order.device, 0))
            for attempt, order in orders.items()
        }

    def _is_shifted(self, device: str) -> bool:
        return device not in self._attended

    def learn(self, step: Step, records: Iterable[AttemptRecord]) -> None:
        """What came of the step."""
        sweep = self._sweep(step)
        if sweep is not None:
            sweep.learn(record for record in records if self._is_shifted(record.device))

    def _sweep(self, step: Step) -> "Sweep | None":
        if not isinstance(step, BurstStep) or step.sweep_ms is None:
            return None
        phase = phase_of(step)
        window_ns = round(step.sweep_ms * 1e6)
        return self._by_phase.setdefault(phase, Sweep(self._seed, phase, window_ns))


def phase_of(step: BurstStep) -> str:
    """What the rounds of one phase have in common."""
    return step.id.rpartition(".")[0]


def round_of(step: BurstStep) -> int:
    """Which round of its phase this is, from 1 on."""
    return int(step.id.rpartition(".")[2])


class Sweep:
    """The hunt of one phase over its rounds. Instants are nanoseconds after T."""

    def __init__(self, seed: int, phase: str, window_ns: int) -> None:
        self._rng = random.Random(f"sweep {seed} {phase}")
        self._window_ns = window_ns
        self._round = 0
        self._answers_ns: deque[int] = deque(maxlen=_REMEMBERED)

    def shifts_ns(self, devices: Sequence[str]) -> dict[str, int]:
        """When each device is let go in the next round; one of them, drawn anew, at T itself."""
        first = self._rng.choice(devices)
        begin_ns, width_ns = self._window()
        return {
            device: 0 if device == first else begin_ns + self._rng.randrange(width_ns + 1)
            for device in devices
        }

    def learn(self, records: Iterable[AttemptRecord]) -> None:
        """Where to look next, going by the answers of the round that has ended."""
        self._round += 1
        answer_ns = _first_answer_ns(records)
        if answer_ns is not None:
            self._answers_ns.append(answer_ns)

    def _window(self) -> tuple[int, int]:
        """Where the present window begins, and how wide it is."""
        narrowings = min(self._round % (NARROWINGS + NARROW_ROUNDS), NARROWINGS)
        if not self._answers_ns or not narrowings:
            return 0, self._window_ns
        width_ns = self._window_ns >> narrowings
        begin_ns = round(median(self._answers_ns)) - width_ns // 2
        return max(0, min(begin_ns, self._window_ns - width_ns)), width_ns


def _first_answer_ns(records: Iterable[AttemptRecord]) -> int | None:
    """How long after the first request its answer came; by the service's stamps, if there are.

    None if nothing was asked, or if that request was never answered.
    """
    asked = [record.acting_asks[0] for record in records if record.acting_asks]
    first = min(asked, key=lambda ask: ask.sent_ns, default=None)
    if first is None or first.http_status is None:
        return None
    if first.arrived_ns is not None and first.departed_ns is not None:
        return first.departed_ns - first.arrived_ns
    return first.answered_ns - first.sent_ns
