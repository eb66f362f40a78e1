"""Several hosts on one machine: each a network namespace with an address and a name of its own.

All of it lives in namespaces, the bridge between them too: the machine's own network sees nothing
of it, and everything goes with the namespaces.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from services import require

from gatedrill.broker.mosquitto import find_mosquitto

VENUE_ADDRESS = "10.0.0.1"
_BRIDGE = "br0"
_LINK = "eth0"


class Host:
    """One of them; `inside` runs a command there, under the host's name."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.namespace = f"gatedrill-{os.getpid()}-{name}"

    @property
    def inside(self) -> tuple[str, ...]:
        rename = f'hostname {self.name} && exec "$@"'
        there = ("ip", "netns", "exec", self.namespace)
        return (*there, "unshare", "--uts", "sh", "-c", rename, "sh")

    def pull_the_plug(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        _ip("-n", self.namespace, "link", "set", _LINK, "down")

    def plug_in(self) -> None:
        """Everything comes through again."""
        _ip("-n", self.namespace, "link", "set", _LINK, "up")


@contextmanager
def network(*names: str) -> Iterator[tuple[Host, ...]]:
    """A venue's host, at `VENUE_ADDRESS`, and hosts of these names, all on one bridge."""
    if os.geteuid() or shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("needs root, ip and unshare to make network namespaces")
    require(find_mosquitto() is not None, "the program mosquitto")
    venue, *others = (Host(name, f"10.0.0.{n}") for n, name in enumerate(("venue", *names), 1))
    with ExitStack() as stack:
        stack.enter_context(_namespace(venue))
        _ip("-n", venue.namespace, "link", "add", _BRIDGE, "type", "bridge")
        _up(venue, _BRIDGE)
        for number, host in enumerate(others):
            stack.enter_context(_namespace(host))
            peer = ("type", "veth", "peer", "name", _LINK, "netns", host.namespace)
            _ip("-n", venue.namespace, "link", "add", f"port{number}", *peer)
            _ip("-n", venue.namespace, "link", "set", f"port{number}", "master", _BRIDGE, "up")
            _up(host, _LINK)
        yield venue, *others


@contextmanager
def _namespace(host: Host) -> Iterator[None]:
    made = subprocess.run(
        ["ip", "netns", "add", host.namespace], capture_output=True, text=True, check=False
    )
    require(made.returncode == 0, f"leave to make network namespaces ({made.stderr.strip()})")
    try:
        _ip("-n", host.namespace, "link", "set", "lo", "up")
        yield
    finally:
        _ip("netns", "delete", host.namespace)


def _up(host: Host, link: str) -> None:
    _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", link)
    _ip("-n", host.namespace, "link", "set", link, "up")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert not done.returncode, f"ip {' '.join(arguments)}: {done.stderr}"
