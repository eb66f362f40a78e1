"""Doing several things at the same time, all of them or none."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TypeVar

T = TypeVar("T")


async def all_or_none(starting: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """Do these at the same time. When one fails none is left under way, and its error is told."""
    tasks = [asyncio.create_task(each) for each in starting]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            if not task.cancelling():  # who is tidying up already must not be disturbed at that
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
