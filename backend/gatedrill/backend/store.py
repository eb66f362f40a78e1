"""What the service asks of its storage."""

from typing import Protocol

from gatedrill.backend.table_query import TableQuery
from gatedrill.contract.service import Population, ScanArguments, ScanRow

Row = dict[str, str | int | None]


class Store(Protocol):
    """Holds tickets and the log of their scans."""

    async def scan(self, arguments: ScanArguments, scanned_at: str) -> ScanRow:
        """Do one scan: judge it, change the ticket, log it, all or nothing.

        Scans of one ticket take effect one after the other, whoever asks for them.
        """
        ...

    async def replace_population(self, population: Population) -> None:
        """Forget every ticket and log row, then hold exactly these tickets, all or nothing."""
        ...

    async def read(self, query: TableQuery) -> list[Row]:
        """The rows that `query` asks for, in its order, each with its columns in their order."""
        ...
