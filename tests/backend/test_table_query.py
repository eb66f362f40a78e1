import pytest

from gatedrill.backend.problems import HttpError
from gatedrill.backend.table_query import Filter, Order, TableQuery, parse_table_query
from gatedrill.contract.service import ScanLogRow, TicketRow

BY_ID = (Order("id"),)
ONE = "00000000-0000-0000-0000-000000000001"
TWO = "00000000-0000-0000-0000-000000000002"


def test_without_parameters_all_columns_of_all_rows_are_asked_for() -> None:
    assert parse_table_query("tickets", []) == TableQuery(
        "tickets", TicketRow.__struct_fields__, (), BY_ID, limit=None, offset=0
    )
    assert parse_table_query("scan_logs", [("select", "*")]).columns == (
        ScanLogRow.__struct_fields__
    )


@pytest.mark.parametrize(
    ("table", "name", "text", "expected"),
    [
        ("tickets", "status", "eq.valid", Filter("status", ("valid",))),
        ("tickets", "event_id", "eq.a.b", Filter("event_id", ("a.b",))),
        ("tickets", "event_id", "eq.", Filter("event_id", ("",))),
        ("tickets", "id", f"eq.{ONE.replace('-', '')}", Filter("id", (ONE,))),
        ("tickets", "id", f"in.({ONE},{{{TWO}}})", Filter("id", (ONE, TWO))),
        ("tickets", "event_id", "in.()", Filter("event_id", ())),
        (
            "tickets",
            "event_id",
            r'in.(plain,"a,b","say \"hi\"","(x)")',
            Filter("event_id", ("plain", "a,b", 'say "hi"', "(x)")),
        ),
        ("scan_logs", "id", "in.(3,5)", Filter("id", (3, 5))),
        ("scan_logs", "id", "gt.3", Filter("id", (3,), "gt")),
        ("tickets", "id", f"gt.{{{ONE}}}", Filter("id", (ONE,), "gt")),
        ("tickets", "updated_at", "gte.2026-11", Filter("updated_at", ("2026-11",), "gte")),
        ("scan_logs", "ticket_id", f"eq.{{{ONE}}}", Filter("ticket_id", (ONE,))),
        ("scan_logs", "ticket_id", "eq.BOGUS", Filter("ticket_id", ("BOGUS",))),
    ],
)
def test_a_filter_is_read(table: str, name: str, text: str, expected: Filter) -> None:
    assert parse_table_query(table, [(name, text)]).filters == (expected,)


def test_several_filters_all_count() -> None:
    query = parse_table_query("tickets", [("status", "eq.valid"), ("status", "in.(a,b)")])

    assert query.filters == (Filter("status", ("valid",)), Filter("status", ("a", "b")))


def test_an_order_by_id_needs_no_second_one() -> None:
    assert parse_table_query("tickets", [("order", "id")]).order == (Order("id"),)
    assert parse_table_query("tickets", [("order", "id.desc,status")]).order == (
        Order("id", descending=True),
        Order("status"),
    )


def test_select_order_limit_and_offset_are_read() -> None:
    query = parse_table_query(
        "tickets",
        [
            ("select", "status,id"),
            ("order", "scanned_at.desc,status.asc,event_id"),
            ("limit", "10"),
            ("offset", "20"),
        ],
    )

    assert query.columns == ("status", "id")
    assert query.order == (
        Order("scanned_at", descending=True),
        Order("status"),
        Order("event_id"),
        Order("id"),
    )
    assert (query.limit, query.offset) == (10, 20)


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("nonsense", "eq.1", "42703", "column tickets.nonsense does not exist"),
        ("select", "id,nonsense", "42703", "tickets.nonsense"),
        ("select", "", "42703", "tickets."),
        ("select", "id;DROP TABLE tickets", "42703", "does not exist"),
        ("order", "nonsense.desc", "42703", "tickets.nonsense"),
        ("status", "lt.a", "PGRST100", "gt.value or gte.value"),
        ("id", "gt.one", "22P02", 'uuid: "one"'),
        ("status", "valid", "PGRST100", "status=valid"),
        ("status", "in.a,b", "PGRST100", "in=a,b"),
        ("status", 'in.("a)', "PGRST100", "quoted"),
        ("order", "id.up", "PGRST100", "column.desc"),
        ("limit", "-1", "PGRST100", "limit=-1"),
        ("limit", "many", "PGRST100", "whole number"),
        ("limit", "9" * 30, "PGRST100", "whole number"),
        ("offset", "1.5", "PGRST100", "offset=1.5"),
        ("id", "eq.one", "22P02", 'uuid: "one"'),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(name: str, text: str, code: str, said: str) -> None:
    with pytest.raises(HttpError) as caught:
        parse_table_query("tickets", [(name, text)])

    body = caught.value.body
    assert (body.code, caught.value.kind.status) == (code, 400)
    assert said in f"{body.message} | {body.details}"


@pytest.mark.parametrize("text", ["eq.one", "eq.99999999999999999999"])
def test_a_number_that_is_none_or_too_big_is_refused(text: str) -> None:
    with pytest.raises(HttpError, match="bigint") as caught:
        parse_table_query("scan_logs", [("id", text)])

    assert caught.value.body.code == "22P02"


def test_an_unknown_table_is_not_found() -> None:
    with pytest.raises(HttpError) as caught:
        parse_table_query("guests", [])

    assert (caught.value.body.code, caught.value.kind.status) == ("PGRST205", 404)
    assert str(caught.value.body.details).startswith("there are tickets, scan_logs, vip_")


@pytest.mark.parametrize(
    ("table", "column", "text", "value"),
    [
        ("tickets", "qr_token", "eq.VIP-01", "VIP-01"),
        ("slots", "available", "eq.-1", -1),
        ("audit_logs", "slots_rolled_back", "eq.2", 2),
        ("vip_scan_logs", "pass_id", "eq." + "A" * 32, "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"),
    ],
)
def test_a_filters_value_has_the_type_of_its_column(
    table: str, column: str, text: str, value: object
) -> None:
    [found] = parse_table_query(table, [(column, text)]).filters

    assert found.values == (value,)


def test_text_that_postgresql_cannot_hold_is_refused() -> None:
    with pytest.raises(HttpError) as caught:
        parse_table_query("tickets", [("qr_token", "eq.a\0b")])

    assert caught.value.body.code == "22P02"
