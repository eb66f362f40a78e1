import asyncio

from gatedrill.backend.calm import Calm


async def test_who_looks_waits_for_what_is_under_way_and_holds_up_what_comes() -> None:
    calm, done, order = Calm(), asyncio.Event(), list[str]()

    async def change(name: str) -> None:
        async with calm.change():
            order.append(f"{name} begins")
            await done.wait()
            order.append(f"{name} ends")

    async def look() -> None:
        async with calm.look():
            await asyncio.sleep(0)
            order.append("look")

    async with asyncio.TaskGroup() as tasks:
        for name in ("one", "two"):
            tasks.create_task(change(name))
        await asyncio.sleep(0)
        tasks.create_task(look())
        await asyncio.sleep(0)
        tasks.create_task(change("three"))
        tasks.create_task(look())
        await asyncio.sleep(0)
        done.set()

    assert order == [
        "one begins",
        "two begins",
        "one ends",
        "two ends",
        "look",
        "three begins",
        "three ends",
        "look",
    ]


async def test_who_gives_up_holds_nobody_up() -> None:
    calm = Calm()
    async with calm.change():
        looking = asyncio.create_task(calm.look().__aenter__())
        await asyncio.sleep(0)
        changing = asyncio.create_task(calm.change().__aenter__())
        await asyncio.sleep(0)
        looking.cancel()
        changing.cancel()
        given_up = await asyncio.gather(looking, changing, return_exceptions=True)

    assert [type(each) for each in given_up] == [asyncio.CancelledError] * 2

    async with calm.look():
        pass
    async with calm.change():
        pass
