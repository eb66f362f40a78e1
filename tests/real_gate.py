"""A gate of `gatedrill device`, with a scanner on a pseudo-terminal in the test's own hand."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from command import Running, running
from venue_processes import KEY

from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle


class ScannerInHand:
    """A serial scanner at a path that stays, whichever pseudo-terminal it is plugged into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scanner: EmulatedScanner | None = None

    def __enter__(self) -> Self:
        self.plug_in()
        return self

    def __exit__(self, *_error: object) -> None:
        self.unplug()

    def plug_in(self) -> None:
        self._scanner = EmulatedScanner(ScannerStyle.of("cr", aim="]Q1"))
        self.path.symlink_to(self._scanner.port)

    def unplug(self) -> None:
        if self._scanner is not None:
            self._scanner.close()
            self.path.unlink()
            self._scanner = None

    def scan(self, text: str) -> None:
        assert self._scanner is not None
        self._scanner.present(self._scanner.prepare(text, seed=0))

    def hears(self, count: int) -> bytes:
        """The next so many bytes that the scanner was sent; waits for them."""
        assert self._scanner is not None
        far_end = self._scanner._far_end
        os.set_blocking(far_end, True)
        heard = b""
        while len(heard) < count:
            heard += os.read(far_end, count - len(heard))
        return heard


class RealGate:
    """A device under way: what it shows, line by line."""

    def __init__(self, command: Running) -> None:
        self.command = command
        self._seen: Counter[str] = Counter()

    def shows(self, headline: str) -> re.Match[str]:
        """Wait for this verdict, once more than was waited for it before."""
        self._seen[headline] += 1
        return self.command.out_line(rf"  {headline}(  .*)?$", self._seen[headline])


@contextmanager
def running_gate(
    broker: str, service: str, *arguments: str, name: str = "Gate A"
) -> Iterator[RealGate]:
    """A real gate that has joined the venue."""
    addresses = {"GATEDRILL_BROKER": broker, "SUPABASE_URL": service}
    command = ("device", "--name", name, *arguments)
    with running(*command, **addresses, SUPABASE_SERVICE_ROLE_KEY=KEY) as device:
        device.err_line(" ready at the broker, ")
        yield RealGate(device)
