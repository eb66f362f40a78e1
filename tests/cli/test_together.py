"""Several things at the same time: all of them or none, and none of them left half-way."""

import asyncio

import pytest

from gatedrill.cli.together import all_or_none


class Part:
    """Something that is started for ever, and takes so many steps to be given up."""

    def __init__(self, steps: int = 5) -> None:
        self.steps = steps
        self.begun = asyncio.Event()
        self.is_tidy = False

    async def start(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(self.steps):
                await asyncio.sleep(0)
            self.is_tidy = True


async def _fail() -> None:
    raise OSError("it burns")


async def test_whoever_is_interrupted_is_left_to_tidy_up() -> None:
    """Also by the one that has tidied up first."""
    quick, slow = Part(steps=1), Part(steps=9)
    starting = asyncio.create_task(all_or_none([quick.start(), slow.start()]))
    await slow.begun.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert (quick.is_tidy, slow.is_tidy) == (True, True)


async def test_when_one_fails_the_others_are_given_up_and_its_error_is_told() -> None:
    part = Part()
    with pytest.raises(OSError, match="it burns"):
        await all_or_none([part.start(), _fail()])
    assert part.is_tidy


async def test_what_comes_of_all_is_told_in_their_order() -> None:
    async def tell(word: str) -> str:
        return word

    assert await all_or_none([tell("a"), tell("b")]) == ["a", "b"]
