"""docs/serial.md says what the serial path does."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest
from device_fakes import ManualClock
from document import Document

from gatedrill.devices.readers.framing import MAX_CODE_BYTES
from gatedrill.devices.readers.lasting import FIRST_PAUSE_S, LONGEST_PAUSE_S, LastingReader
from gatedrill.devices.readers.reader import Reader
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.readers.serial_settings import (
    FASTEST_BAUD,
    LONGEST_WAIT_S,
    SHORTEST_FLUSH_S,
    SLOWEST_BAUD,
    SerialSettings,
)

DOCUMENT = Document("serial.md")


def test_every_setting_is_told_with_its_default() -> None:
    told = {name: default for name, default, _ in DOCUMENT.table("Settings")}
    settings = SerialSettings()
    assert told == {
        field.name: str(getattr(settings, field.name)) for field in msgspec.structs.fields(settings)
    }


def test_every_bound_is_told() -> None:
    for words in (
        f"{SLOWEST_BAUD} to {FASTEST_BAUD}",
        f"{SHORTEST_FLUSH_S} to {LONGEST_WAIT_S:.0f} s",
        f"0 to {LONGEST_WAIT_S:.0f} s",
        f"more than {MAX_CODE_BYTES} bytes",
        f"after {FIRST_PAUSE_S} s, then at pauses that double up to {LONGEST_PAUSE_S:.0f} s",
    ):
        assert words in DOCUMENT.words


async def test_the_example_is_read_across_its_unplugging(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "scanner"
    show_tickets = example("show_tickets")

    async def connect() -> Reader:
        reader = SerialReader(str(link), ManualClock())
        await reader.open()
        return reader

    reader = LastingReader(connect, kind="serial", repeat_window_s=0.5)
    showing = asyncio.create_task(show_tickets(link))
    await asyncio.sleep(0)  # it is plugged in before it waits for anything
    await reader.open()
    assert [(await reader.read()).text for _ in "12"] == ["TICKET-1", "TICKET-2"]
    await showing
    await reader.close()
    assert capsys.readouterr().out.splitlines() == ["opened", "opened"]


def example(name: str) -> Callable[[Path], Coroutine[Any, Any, None]]:
    """What the one example in Python defines under this name."""
    [code] = DOCUMENT.code("python")
    defined: dict[str, Any] = {}
    exec(compile(code, "docs/serial.md", "exec"), defined)
    function: Callable[[Path], Coroutine[Any, Any, None]] = defined[name]
    return function
