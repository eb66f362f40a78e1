"""The query string of a table read into what the store is asked for. Pure.

A small part of PostgREST's language: `select`, the filters `eq`, `in`, `gt` and `gte`, `order`,
`limit` and `offset`.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, get_type_hints

import msgspec

from gatedrill.backend.problems import HttpError, ProblemKind
from gatedrill.backend.tables import READABLE
from gatedrill.backend.values import parse_bigint, parse_text, parse_uuid, parse_uuid_or_text
from gatedrill.contract.service import (
    AUDIT_LOGS_TABLE,
    CHECKOUTS_TABLE,
    PAYMENT_SESSIONS_TABLE,
    SCAN_LOGS_TABLE,
    TICKETS_TABLE,
    VIP_PASSES_TABLE,
    VIP_RESERVATIONS_TABLE,
    VIP_SCAN_LOGS_TABLE,
)

Value = str | int
ParseValue = Callable[[str], Value]
Columns = Mapping[str, ParseValue]


_UUIDS: Final[Mapping[str, frozenset[str]]] = {
    TICKETS_TABLE: frozenset({"id", "vip_reservation_id"}),
    SCAN_LOGS_TABLE: frozenset({"scanned_by"}),
    VIP_RESERVATIONS_TABLE: frozenset({"id"}),
    VIP_PASSES_TABLE: frozenset({"id", "reservation_id"}),
    VIP_SCAN_LOGS_TABLE: frozenset({"pass_id", "reservation_id"}),
    CHECKOUTS_TABLE: frozenset({"id"}),
    PAYMENT_SESSIONS_TABLE: frozenset({"checkout_id"}),
    AUDIT_LOGS_TABLE: frozenset({"checkout_id"}),
}
"""The columns that hold a UUID."""


def _columns(table: str, row_type: type[msgspec.Struct]) -> Columns:
    parsers: dict[str, ParseValue] = {}
    for name, annotation in get_type_hints(row_type).items():
        number = annotation in (int, int | None)
        parsers[name] = parse_bigint if number else parse_text
    if table == SCAN_LOGS_TABLE:
        parsers["ticket_id"] = parse_uuid_or_text  # of a code that names no ticket: what it says
    return parsers | dict.fromkeys(_UUIDS.get(table, ()), parse_uuid)


TABLES: Final[Mapping[str, Columns]] = {
    name: _columns(name, row_type) for name, row_type in READABLE.items()
}
"""The tables that can be read: how the text of a filter becomes a value of each column."""


Operator = Literal["in", "gt", "gte"]


_OPERATORS: Final[Mapping[str, Operator]] = {"eq": "in", "in": "in", "gt": "gt", "gte": "gte"}


class Filter(msgspec.Struct, frozen=True):
    """Keep the rows whose `column` holds one of `values`, or is greater than the one value.

    Texts are compared by their bytes; null is greater than nothing.
    """

    column: str
    values: tuple[Value, ...]
    operator: Operator = "in"


class Order(msgspec.Struct, frozen=True):
    """Sort by `column`; nulls count as greater than every value, as in PostgreSQL."""

    column: str
    descending: bool = False


class TableQuery(msgspec.Struct, frozen=True):
    """Which rows and columns of which table; all names in it exist.

    A row must pass every filter. `order` always ends in a column that is unique, so that pages
    neither overlap nor leave a row out; `limit` None means all rows.
    """

    table: str
    columns: tuple[str, ...]
    filters: tuple[Filter, ...]
    order: tuple[Order, ...]
    limit: int | None
    offset: int


def parse_table_query(table: str, parameters: Iterable[tuple[str, str]]) -> TableQuery:
    """Read `parameters`, the decoded pairs of a query string; HttpError when they do not fit."""
    if table not in TABLES:
        known = ", ".join(TABLES)
        raise HttpError(ProblemKind.UNKNOWN_TABLE, f"no table {table}", f"there are {known}")
    filters: list[Filter] = []
    options: dict[str, str] = {}
    for name, text in parameters:
        if name in ("select", "order", "limit", "offset"):
            options[name] = text
        else:
            filters.append(_filter(table, name, text))
    return TableQuery(
        table=table,
        columns=_selection(table, options.get("select", "*")),
        filters=tuple(filters),
        order=_order(table, options.get("order", "")),
        limit=_count("limit", options["limit"]) if "limit" in options else None,
        offset=_count("offset", options.get("offset", "0")),
    )


def _check_column(table: str, column: str) -> None:
    if column not in TABLES[table]:
        raise HttpError(ProblemKind.UNKNOWN_COLUMN, f"column {table}.{column} does not exist")


def _selection(table: str, text: str) -> tuple[str, ...]:
    if text == "*":
        return tuple(TABLES[table])
    columns = tuple(text.split(","))
    for column in columns:
        _check_column(table, column)
    return columns


def _filter(table: str, column: str, text: str) -> Filter:
    _check_column(table, column)
    name, _, operand = text.partition(".")
    if name not in _OPERATORS:
        raise _unreadable(column, text, "eq.value, in.(value,value), gt.value or gte.value")
    texts = _in_list(operand) if name == "in" else [operand]
    try:
        values = tuple(TABLES[table][column](each) for each in texts)
        return Filter(column, values, _OPERATORS[name])
    except ValueError as error:
        raise HttpError(ProblemKind.BAD_VALUE, str(error)) from None


def _in_list(operand: str) -> list[str]:
    """The elements of `(a,b,"c,d")`; within quotes a backslash escapes the next character."""
    problem = _unreadable("in", operand, '(value,"value, quoted")')
    if not (operand.startswith("(") and operand.endswith(")")):
        raise problem
    lines = csv.reader([operand[1:-1]], doublequote=False, escapechar="\\", strict=True)
    try:
        return next(lines)
    except csv.Error:
        raise problem from None


def _order(table: str, text: str) -> tuple[Order, ...]:
    orders = [_one_order(table, part) for part in text.split(",")] if text else []
    if any(each.column == "id" for each in orders):
        return tuple(orders)
    return (*orders, Order("id"))


def _one_order(table: str, text: str) -> Order:
    column, _, direction = text.partition(".")
    _check_column(table, column)
    if direction not in ("", "asc", "desc"):
        raise _unreadable("order", text, "column.asc or column.desc")
    return Order(column, descending=direction == "desc")


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise _unreadable(name, text, "a whole number from 0")
    return int(text)


def _unreadable(name: str, text: str, allowed: str) -> HttpError:
    return HttpError(ProblemKind.BAD_QUERY, f"cannot read {name}={text}", f"allowed: {allowed}")
