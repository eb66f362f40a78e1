"""Making acts ready for an instant; a device that cannot is named, and the others go on."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor

from gatedrill.contract.errors import GatedrillError, UsageError
from gatedrill.contract.messages import Order
from gatedrill.contract.outcome import Reason
from gatedrill.devices.device import Act, Device

logger = logging.getLogger(__name__)

Unready = dict[str, str]
"""The devices that are not ready, and why."""

READING_AT_ONCE = 50
"""A reader's patience runs from when its ticket is shown: of a thousand readers that share this
processor, most would lose it before their first frame had been decoded."""


def find_device(devices: Mapping[str, Device], name: str) -> Device:
    """The device of that name; UsageError if the fleet has none."""
    if name not in devices:
        raise UsageError(f"this fleet has no device {name}")
    return devices[name]


def begin_acts(
    devices: Mapping[str, Device], orders: Iterable[Order], unready: Unready
) -> list[Act]:
    """An act for each order that a device takes."""
    acts = []
    for order in orders:
        try:
            acts.append(find_device(devices, order.device).begin(order))
        except GatedrillError as error:
            unready[order.device] = str(error)
    return acts


async def prepare_acts(acts: Sequence[Act], workers: Executor, unready: Unready) -> list[Act]:
    """Do what is slow; returns the acts that can go on."""
    failures = await asyncio.gather(*(prepare(act, workers) for act in acts))
    for act, failure in zip(acts, failures, strict=True):
        if failure is not None:
            unready[act.device] = str(failure)
    return [act for act, failure in zip(acts, failures, strict=True) if failure is None]


async def prepare(act: Act, workers: Executor) -> GatedrillError | None:
    """Prepare one act off the event loop; returns why its device cannot do it, if it cannot."""
    try:
        await asyncio.get_running_loop().run_in_executor(workers, act.prepare)
    except GatedrillError as error:
        logger.warning("cannot prepare: %s", error, extra={"device": act.device})
        return error
    return None


async def read_acts_ahead(acts: Sequence[Act], unready: Unready) -> list[Act]:
    """Have all read and ask ahead; returns the acts that only miss their release."""
    turns = asyncio.Semaphore(READING_AT_ONCE)

    async def read_ahead(act: Act) -> Reason | None:
        async with turns:
            return await act.read_ahead()

    try:
        async with asyncio.TaskGroup() as readings:
            tasks = [readings.create_task(read_ahead(act)) for act in acts]
        whys = [task.result() for task in tasks]
        for act, why in zip(acts, whys, strict=True):
            if why is not None:
                unready[act.device] = str(why)
                await act.give_up()
    except BaseException:  # given up half-way: questions on hold would block the connections
        await give_up_acts(acts)
        raise
    return [act for act, why in zip(acts, whys, strict=True) if why is None]


async def give_up_acts(acts: Iterable[Act]) -> None:
    """Leave nothing of them under way."""
    for act in acts:
        await act.give_up()
