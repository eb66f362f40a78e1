"""All tunnels to the one service, and the faults that are in force on them."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatedrill.broker.uplink.faults import FAULTS
from gatedrill.broker.uplink.tunnel import Tunnel
from gatedrill.contract.errors import UsageError
from gatedrill.contract.uplink import UplinkFault, UplinkFaults, UplinkHealth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatedrill.broker.uplink.stage import MakeStage

_DIALLING_S = 30.0
_PORTS = {"http": 80, "https": 443}


class Line:
    """The way to the service at `target`, an http(s) URL; UsageError if it is none."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._host, self._port = _address(target)
        self._in_force: Mapping[UplinkFault, MakeStage] = {}
        self._tunnels: set[Tunnel] = set()
        self._dialling: set[asyncio.Task[None]] = set()

    def leads_to(self, authority: bytes) -> bool:
        """Whether this, `host:port` as in a CONNECT request, is the service."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return authority.lower() == f"{host}:{self._port}".encode()

    @property
    def health(self) -> UplinkHealth:
        """How things stand."""
        ids = tuple(fault.id for fault in self._in_force)
        return UplinkHealth(self.target, len(self._tunnels), ids)

    def put(self, faults: UplinkFaults) -> None:
        """From now on these faults are in force and no other, on the tunnels there are, too."""
        self._in_force = {
            fault: self._in_force.get(fault) or FAULTS[fault.kind](fault) for fault in faults.faults
        }
        for tunnel in tuple(self._tunnels):
            tunnel.strike(self._in_force)

    def tunnel(self, device: str) -> Tunnel:
        """A tunnel of this device's, which leads nowhere yet."""
        tunnel = Tunnel(device, self._tunnels.discard)
        self._tunnels.add(tunnel)
        tunnel.strike(self._in_force)
        return tunnel

    def dial(self, tunnel: Tunnel, early: bytes) -> None:
        """Have the tunnel lead to the service; on a dead line it never will."""
        if tunnel.is_dead:
            return
        tunnel.to_device.wait()
        dialling = asyncio.create_task(self._dial(tunnel, early))
        self._dialling.add(dialling)
        dialling.add_done_callback(self._dialling.discard)

    def cut(self) -> None:
        """End every tunnel."""
        for dialling in self._dialling:
            dialling.cancel()
        for tunnel in tuple(self._tunnels):
            tunnel.reset()

    async def _dial(self, tunnel: Tunnel, early: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_DIALLING_S):
                await loop.create_connection(lambda: tunnel.to_service, self._host, self._port)
        except OSError:  # a time-out is one
            tunnel.refuse()
        else:
            tunnel.opened(early)
        tunnel.to_device.go_on()


def _address(target: str) -> tuple[str, int]:
    try:
        parts = urlsplit(target)
        if parts.scheme in _PORTS and parts.hostname:
            return parts.hostname, parts.port or _PORTS[parts.scheme]
    except ValueError:  # a bracket that does not close, a port out of range
        pass
    raise UsageError(f"target {target!r} is no URL of a service: write http(s)://host[:port]")
