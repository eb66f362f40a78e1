"""The line is dead: nothing passes, and neither side is told.

What the device sends meanwhile is read and thrown away, so that it cannot reach the service later;
and so that its giving up is seen. When the line is back, every tunnel that was there is reset.
"""

from gatedrill.broker.uplink.stage import MakeStage, Stage
from gatedrill.contract.uplink import UplinkFault


class _Down(Stage):
    is_dead_line = True

    def request(self, data: bytes) -> None:
        if not data:  # the device has given up
            self.wire.reset()

    def answer(self, _data: bytes) -> None:
        pass

    def end(self) -> None:
        self.wire.doom()


def down(_fault: UplinkFault) -> MakeStage:
    """The stage of a dead line."""
    return _Down
