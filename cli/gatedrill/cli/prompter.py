"""What a drill says to the person who leads it, and what it asks: on stdout and stdin."""

import asyncio
import textwrap

from rich.console import Console
from rich.text import Text

from gatedrill.cli.typed_lines import TypedLines

_WIDTH = 76
"""Long sentences are broken to fit a terminal of 80 columns, wherever they are written."""


class Prompter:
    """One conversation: who asks is not asked himself until he has his answer."""

    def __init__(self, console: Console, lines: TypedLines) -> None:
        self._console = console
        self._lines = lines
        self._asking = asyncio.Lock()

    def say(self, what: str = "", style: str = "", indent: str = "") -> None:
        """A paragraph of its own."""
        filled = textwrap.fill(what, _WIDTH, initial_indent=indent, subsequent_indent=indent)
        self._console.print(Text(filled, style), soft_wrap=True)

    async def wait_for_enter(self, until: str) -> None:
        """Wait until somebody says so; who cannot is not waited for."""
        async with self._asking:
            self.say(f"Press Enter {until}.", "bold")
            await self._next()

    async def choose(self, question: str, keys: dict[str, str]) -> str | None:
        """One of these keys, by what stands beside it; None if nobody answers any more."""
        async with self._asking:
            offered = "   ".join(f"{key} = {meaning}" for key, meaning in keys.items())
            self.say(question, "bold")
            self.say(offered)
            while (line := await self._next()) is not None:
                if key := _meant(line, keys):
                    return key
                self.say(f"Type {', '.join(keys)}, then Enter.")
            return None

    async def _next(self) -> str | None:
        if self._lines.is_terminal:
            self._console.print("> ", end="")
        return await self._lines.next()


def _meant(line: str, keys: dict[str, str]) -> str | None:
    """The key that was typed, perhaps with more of its meaning behind."""
    typed = line.lower()
    return next((key for key in keys if typed and typed[0] == key), None)
