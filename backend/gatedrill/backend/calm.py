"""Changes that run side by side, and moments in which none is under way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Calm:
    """Lets changes run side by side, and whoever looks see all of them or none.

    A change is dated before it is committed; another one that is dated later may be committed
    first. Who looks in between, and later asks for what is newer, would never be told of the other.
    """

    def __init__(self) -> None:
        self._looking = asyncio.Lock()
        self._may_begin = asyncio.Event()
        self._may_begin.set()
        self._under_way = 0
        self._none_under_way = asyncio.Event()
        self._none_under_way.set()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[None]:
        """Something is being changed; begins when nobody looks."""
        while not self._may_begin.is_set():
            await self._may_begin.wait()
        self._under_way += 1
        self._none_under_way.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._none_under_way.set()

    @asynccontextmanager
    async def look(self) -> AsyncIterator[None]:
        """Nothing is being changed; begins when all changes that are under way are done."""
        async with self._looking:
            self._may_begin.clear()
            try:
                await self._none_under_way.wait()
                yield
            finally:
                self._may_begin.set()
