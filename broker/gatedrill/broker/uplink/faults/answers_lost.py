"""Requests reach the service, and what it says is lost; that it hangs up, too."""

from gatedrill.broker.uplink.stage import MakeStage, Stage, Wire
from gatedrill.contract.uplink import UplinkFault


class _AnswersLost(Stage):
    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._has_lost = False

    def request(self, data: bytes) -> None:
        super().request(data)
        self._end_if_over()

    def answer(self, _data: bytes) -> None:
        self._has_lost = True
        self._end_if_over()

    def end(self) -> None:
        # What comes next would be taken for what was lost.
        if self._has_lost:
            self.wire.doom()

    def _end_if_over(self) -> None:
        if self.wire.both_have_ended:
            self.wire.doom()


def answers_lost(_fault: UplinkFault) -> MakeStage:
    """The stage that loses answers."""
    return _AnswersLost
