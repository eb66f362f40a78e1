"""Some exchanges are cut: half of a piece still passes, then both connections are reset."""

from collections.abc import Callable
from functools import partial

from gatedrill.broker.uplink.stage import DrawnStage, Draws, MakeStage
from gatedrill.contract.uplink import Fate, UplinkFault, fate


class _Lossy(DrawnStage):
    def request(self, data: bytes) -> None:
        self._pass(data, Fate.CUT_IN_REQUEST, super().request)

    def answer(self, data: bytes) -> None:
        self._pass(data, Fate.CUT_IN_ANSWER, super().answer)

    def _pass(self, data: bytes, cut: Fate, on: Callable[[bytes], None]) -> None:
        if not data or fate(self.fault, self.drawn) is not cut:
            on(data)
            return
        if half := data[: len(data) // 2]:
            on(half)
        self.wire.doom()


def lossy(fault: UplinkFault) -> MakeStage:
    """The stage that cuts the fault's `share` of the exchanges."""
    return partial(_Lossy, draws=Draws(fault))
