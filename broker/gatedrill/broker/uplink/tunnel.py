"""One tunnel: a device's connection, the one to the service, and the faults between them."""

from collections.abc import Callable, Mapping

from gatedrill.broker.uplink.ends import End
from gatedrill.broker.uplink.faults import ORDER
from gatedrill.broker.uplink.stage import MakeStage, Stage
from gatedrill.contract.uplink import UplinkFault, strikes

_OPENED = b"HTTP/1.1 200 Connected\r\n\r\n"
_REFUSED = b"HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Tunnel:
    """Implements `Wire`. `gone` is called once, when the tunnel is no more."""

    def __init__(self, device: str, gone: Callable[["Tunnel"], None]) -> None:
        self.device = device
        self.exchange = 0
        self.is_answering = True
        self.to_device = End(self._device_sent, self._device_lost)
        self.to_service = End(self._service_sent, self._service_lost)
        self.to_device.other, self.to_service.other = self.to_service, self.to_device
        self._gone = gone
        self._is_over = False
        self._is_doomed = False
        self._is_broken_off = False
        self._ends_passed: set[End] = set()
        self._stages: dict[UplinkFault, Stage] = {}
        self._chain: tuple[Stage, ...] = ()

    @property
    def is_dead(self) -> bool:
        """Whether the line is dead at the moment."""
        return any(stage.is_dead_line for stage in self._chain)

    @property
    def both_have_ended(self) -> bool:
        """Whether neither side will send any more."""
        return self.to_device.has_ended and self.to_service.has_ended

    def strike(self, in_force: Mapping[UplinkFault, MakeStage]) -> None:
        """From now on these faults are in force, as far as they are this device's."""
        mine = {each: make for each, make in in_force.items() if strikes(each, self.device)}
        over = [stage for fault, stage in self._stages.items() if fault not in mine]
        begun = {each: make(self) for each, make in mine.items() if each not in self._stages}
        # What an old one still passes on meets the new ones already.
        self._put_in_order(self._stages | begun)
        for stage in over:
            stage.end()
        self._put_in_order({each: self._stages[each] for each in mine if not self._is_over})
        if self._is_doomed:
            self.doom()

    def opened(self, early: bytes) -> None:
        """There is a connection to the service: tell the device, unless the line is dead.

        `early` is what it sent before it could know.
        """
        if self._is_over:  # meanwhile
            self.to_service.reset()
        elif not self.is_dead:
            self.to_device.send(_OPENED)
            if early:
                self._device_sent(early)

    def refuse(self) -> None:
        """There is no connection to the service: tell the device, unless the line is dead."""
        if not self.is_dead:
            self.to_device.send(_REFUSED)
            self.to_device.close()

    def request_past(self, stage: Stage, data: bytes) -> None:
        """See `Wire`."""
        if not self._is_over:
            self._request(data, self._chain.index(stage) + 1)

    def answer_past(self, stage: Stage, data: bytes) -> None:
        """See `Wire`."""
        if not self._is_over:
            self._answer(data, self._chain.index(stage) - 1)

    def doom(self) -> None:
        """See `Wire`."""
        self._is_doomed = True
        if not self.is_dead:
            self.reset()

    def reset(self) -> None:
        """See `Wire`."""
        self.to_device.reset()
        self.to_service.reset()
        self._end()

    def _device_sent(self, data: bytes) -> None:
        if data and self.is_answering:
            self.exchange += 1
            self.is_answering = False
        self._request(data, 0)

    def _service_sent(self, data: bytes) -> None:
        if data:
            self.is_answering = True
        self._answer(data, len(self._chain) - 1)

    def _request(self, data: bytes, place: int) -> None:
        if place < len(self._chain):
            self._chain[place].request(data)
        else:
            self.to_service.send(data)
            self._passed(data, self.to_device)

    def _answer(self, data: bytes, place: int) -> None:
        if place >= 0:
            self._chain[place].answer(data)
        elif not data and self._is_broken_off:
            self.reset()
        else:
            self.to_device.send(data)
            self._passed(data, self.to_service)

    def _passed(self, data: bytes, sender: End) -> None:
        if data:
            return
        self._ends_passed.add(sender)
        if len(self._ends_passed) == 2:
            self.to_device.close()
            self.to_service.close()

    def _device_lost(self) -> None:
        self.to_service.reset()
        self._end()

    def _service_lost(self) -> None:
        if self._is_over or self.to_service.has_ended:
            return
        # It broke off without a farewell; how soon the device is told is the faults' business.
        self.to_service.has_ended = True
        self._is_broken_off = True
        self._service_sent(b"")

    def _put_in_order(self, stages: dict[UplinkFault, Stage]) -> None:
        if self._is_over:
            stages = {}
        self._stages = dict(sorted(stages.items(), key=lambda each: ORDER.index(each[0].kind)))
        self._chain = tuple(self._stages.values())

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        for stage in self._chain:
            stage.end()
        self._stages, self._chain = {}, ()
        self._gone(self)
