"""What the service asks of its storage."""

from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Final, Protocol, TypeVar

import msgspec

from gatedrill.backend.table_query import TableQuery
from gatedrill.contract.service import Population

Row = dict[str, str | int | None]
R = TypeVar("R", bound=msgspec.Struct)

COUNTED: Final = 0
"""The id in a row that is yet to be inserted into a table whose rows the store counts."""


class RowBusyError(Exception):
    """Another transaction holds the row."""


class DuplicateError(Exception):
    """A unique index has such a row already; the transaction is lost."""


class Lock(Enum):
    """Whether a row that is found stays with its transaction until that ends."""

    NONE = "none"
    WAIT = "wait"
    """Held; waits for another transaction that holds it."""
    NO_WAIT = "no wait"
    """Held; raises RowBusyError if another transaction holds it."""


class Transaction(Protocol):
    """Reads and changes rows, all or nothing. Tables are named by the type of their rows."""

    async def find(
        self, row_type: type[R], value: str, *, by: str = "id", lock: Lock = Lock.WAIT
    ) -> R | None:
        """The row whose column `by`, which is unique, holds `value`."""
        ...

    async def count(self, row_type: type[msgspec.Struct], *, column: str, value: str) -> int:
        """How many rows hold `value` in `column`."""
        ...

    async def insert(self, row: msgspec.Struct) -> None:
        """Add a row; DuplicateError. Where the store counts the rows, it makes the id itself.

        Where `updated_at` is null, it is set to now.
        """
        ...

    async def update(self, row: msgspec.Struct) -> None:
        """Replace the row with the same id; `updated_at`, where there is one, is set to now."""
        ...


class Store(Protocol):
    """Holds every table."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that is committed at the end, or rolled back when an exception ends it."""
        ...

    async def replace_population(self, population: Population) -> None:
        """Forget every row, then hold exactly this, all or nothing; dated as by `insert`."""
        ...

    async def read(self, query: TableQuery) -> list[Row]:
        """The rows that `query` asks for, in its order, each with its columns in their order."""
        ...
