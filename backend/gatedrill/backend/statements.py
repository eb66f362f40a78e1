"""The SQL that both databases understand. Pure; parameters are `?`, every name is one of ours."""

from collections.abc import Iterator
from functools import cache
from typing import Final

import msgspec

from gatedrill.backend.settings import settings_row
from gatedrill.backend.table_query import Filter, Order, TableQuery, Value
from gatedrill.backend.tables import is_counted, table_of
from gatedrill.contract.service import Population

_ALL_ROWS: Final = 2**63 - 1

GUARDS: Final = {
    "one_success_a_ticket": "scan_logs (ticket_id) WHERE result = 'success'",
    "one_first_entry_a_pass": "vip_scan_logs (pass_id) WHERE entry_type = 'first_entry'",
}
"""Unique indexes, by name: what the log can never say, whatever the code does.

They are set up at every start, not by a migration: the database may have been used with a planted
fault that took them away.
"""


def guard_statements(*, guarded: bool) -> list[str]:
    """What sets the guards up, or takes them away."""
    if guarded:
        return [f"CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {on}" for name, on in GUARDS.items()]
    return [f"DROP INDEX IF EXISTS {name}" for name in GUARDS]


def inserted_columns(row_type: type[msgspec.Struct]) -> tuple[str, ...]:
    """The columns that an INSERT names: not the id where the database counts the rows."""
    columns = row_type.__struct_fields__
    return columns[1:] if is_counted(row_type) else columns


def inserted_values(row: msgspec.Struct) -> tuple[Value | None, ...]:
    """The values of those columns."""
    return tuple(getattr(row, column) for column in inserted_columns(type(row)))


@cache
def find_row(row_type: type[msgspec.Struct], by: str) -> str:
    """Read one row."""
    columns = ", ".join(row_type.__struct_fields__)
    return f"SELECT {columns} FROM {table_of(row_type)} WHERE {by} = ?"  # noqa: S608


@cache
def count_rows(row_type: type[msgspec.Struct], column: str) -> str:
    """Count rows."""
    return f"SELECT count(*) FROM {table_of(row_type)} WHERE {column} = ?"  # noqa: S608


@cache
def insert_row(row_type: type[msgspec.Struct]) -> str:
    """Add one row."""
    columns = inserted_columns(row_type)
    places = ", ".join("?" for _ in columns)
    return f"INSERT INTO {table_of(row_type)} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608


@cache
def update_row(row_type: type[msgspec.Struct]) -> str:
    """Replace one row; its id is the last parameter."""
    changes = ", ".join(f"{column} = ?" for column in row_type.__struct_fields__[1:])
    return f"UPDATE {table_of(row_type)} SET {changes} WHERE id = ?"  # noqa: S608


def updated_values(row: msgspec.Struct) -> tuple[Value | None, ...]:
    """The parameters of that."""
    row_id, *values = msgspec.structs.astuple(row)
    return (*values, row_id)


def select_rows(query: TableQuery) -> tuple[str, list[Value]]:
    """The statement that `query` asks for, and its parameters."""
    conditions = "".join(f" AND {_condition(each)}" for each in query.filters)
    statement = (
        f"SELECT {', '.join(query.columns)} FROM {query.table} WHERE TRUE{conditions}"  # noqa: S608
        f" ORDER BY {', '.join(map(_order_term, query.order))} LIMIT ? OFFSET ?"
    )
    values = [value for each in query.filters for value in each.values]
    return statement, [*values, _ALL_ROWS if query.limit is None else query.limit, query.offset]


_NEVER_NULL: Final = frozenset({"id", "updated_at"})
_COMPARISONS: Final = {"gt": ">", "gte": ">="}


def _condition(wanted: Filter) -> str:
    if wanted.operator != "in":
        return f"{wanted.column} {_COMPARISONS[wanted.operator]} ?"
    places = ", ".join("?" for _ in wanted.values)
    return f"{wanted.column} IN ({places})" if places else "FALSE"


def _order_term(order: Order) -> str:
    if order.column in _NEVER_NULL:  # only then does SQLite read the order off an index
        return f"{order.column} {'DESC' if order.descending else 'ASC'}"
    return f"{order.column} {'DESC NULLS FIRST' if order.descending else 'ASC NULLS LAST'}"


def population_rows(population: Population) -> Iterator[msgspec.Struct]:
    """The rows that make a population."""
    yield from population.tickets
    yield from population.vip_reservations
    yield from population.vip_passes
    yield from population.slots
    yield settings_row(population)
