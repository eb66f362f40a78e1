"""Waiting for a PostgreSQL that starts at the same time as this service, or later."""

import asyncio
import logging
from typing import Final

import asyncpg

from gatedrill.backend.postgres_store import place_of

logger = logging.getLogger(__name__)

_ASK_AGAIN_S: Final = 0.5
_CONNECT_TIMEOUT_S: Final = 5.0


async def wait_for_postgres(url: str, wait_s: float, stop: asyncio.Event) -> None:
    """Return as soon as a server at `url` takes connections, after `wait_s`, or with `stop`.

    It tells of no failure: whoever opens the store next does. What only a person can mend, such as
    a wrong password, is not waited for. Raises UsageError when that is no URL of PostgreSQL.
    """
    where = place_of(url)
    waiting = asyncio.create_task(_until_it_answers(url, where))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((waiting, stopped), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (waiting, stopped):
            task.cancel()
        await asyncio.gather(waiting, stopped, return_exceptions=True)


async def _until_it_answers(url: str, where: str) -> None:
    is_told = False
    while await _is_still_to_come(url):
        if not is_told:
            logger.warning("PostgreSQL at %s cannot be reached yet, waiting for it", where)
            is_told = True
        await asyncio.sleep(_ASK_AGAIN_S)


async def _is_still_to_come(url: str) -> bool:
    """Whether nobody listens there, the name is not known yet, or the server is starting."""
    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
        return True
    except (ValueError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return False
