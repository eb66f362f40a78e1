"""The registrar as a running thing: alone at its venue, its file open, from ready to stopped."""

import asyncio
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import HEARTBEAT_S, claim_alone
from gatedrill.broker.registrar.desk import Desk
from gatedrill.broker.registrar.faults import open_book_for
from gatedrill.contract.messages import RegistrarPresence
from gatedrill.contract.topics import REGISTRAR


async def serve(
    *,
    broker: str,
    file: Path | None,
    fault: str | None = None,
    ready: Callable[[str], None],
    stop: asyncio.Event,
    heartbeat_s: float = HEARTBEAT_S,
    beat: Callable[[], None] | None = None,
) -> None:
    """Grant claims at the venue of `broker` (its URL) until `stop` is set.

    `file` None keeps the grants in a temporary file that goes with the registrar; `fault` names one
    of `faults.REGISTRAR_FAULTS`. `ready` is called with the file's id as soon as claims are
    answered, `beat` whenever the broker has taken its heartbeat.

    Raises UsageError when the file cannot be used or written, or there is no such fault; PeerError
    when the broker cannot be reached, or another registrar is at work at this venue.
    """
    open_book = open_book_for(fault)
    boot = secrets.token_hex(4)
    async with AsyncExitStack() as stack:
        book = stack.enter_context(open_book(stack.enter_context(_given_or_temporary(file))))
        writer = stack.enter_context(ThreadPoolExecutor(1, "registrar-file"))
        own_topic = REGISTRAR.topic(boot=boot)
        bus = await stack.enter_async_context(Bus(broker, f"registrar-{boot}", own_topic=own_topic))
        desk = Desk(bus, book, writer)
        await desk.listen()  # before anybody can know that we are here
        await stack.enter_async_context(
            claim_alone(
                bus,
                REGISTRAR,
                lambda: RegistrarPresence(book.id, boot, socket.gethostname(), book.let_in),
                mine={"boot": boot},
                rivals={},
                refusal=_occupied,
                heartbeat_s=heartbeat_s,
                beat=beat,
            )
        )
        ready(book.id)
        await _work_until(stop, desk)


async def _work_until(stop: asyncio.Event, desk: Desk) -> None:
    working = asyncio.create_task(desk.work())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)


def _occupied(other: RegistrarPresence) -> str:
    return (
        f"this venue has a registrar already, on {other.host} (boot {other.boot}): "
        "stop it first, or leave it to it"
    )


@contextmanager
def _given_or_temporary(file: Path | None) -> Iterator[Path]:
    if file is not None:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="gatedrill-registrar-") as folder:
        yield Path(folder, "registrar.sqlite3")
