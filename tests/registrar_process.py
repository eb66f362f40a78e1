"""The registrar in a process of its own, there to be killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from command import Running, running


@contextmanager
def running_registrar(url: str, file: Path, *arguments: str) -> Iterator[Running]:
    """Run `gatedrill registrar`; claims are answered once this is entered."""
    command = ("registrar", "--broker", url, "--file", str(file), *arguments)
    with running(*command) as registrar:
        registrar.err_line("registrar .* ready at the broker")
        yield registrar
