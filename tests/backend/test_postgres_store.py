import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest
from postgres_server import PASSWORD

from gatedrill.backend.postgres_migrations import MIGRATIONS, migrate
from gatedrill.backend.postgres_store import SCHEMA, PostgresStore
from gatedrill.backend.store import Lock, RowBusyError
from gatedrill.backend.table_query import parse_table_query
from gatedrill.backend.ticket_desk import TicketDesk
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.contract.service import Population, ScanArguments, ScanRow, SlotRow, TicketRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from backend.conftest import Service, Start

TICKET = "00000000-0000-0000-0000-000000000001"
SCANNER = "00000000-0000-0000-0000-0000000005ca"
VALID = TicketRow(TICKET, "event", "vip", updated_at="2026-01-01T00:00:00.000000+00:00")
BUSY = ScanRow(False, False, None, None, "Ticket being processed by another scanner")


@asynccontextmanager
async def connected(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    try:
        yield connection
    finally:
        await connection.close()


async def results(store: PostgresStore) -> list[object]:
    rows = await store.read(parse_table_query("scan_logs", [("order", "id")]))
    return [row["result"] for row in rows]


async def test_a_scan_of_a_row_that_is_held_does_not_wait_and_decides_nothing(
    empty_postgres: str,
) -> None:
    async with PostgresStore.open(empty_postgres) as store:
        await store.replace_population(Population((VALID,)))
        desk = TicketDesk(store, lambda: "20:00")

        async with store.transaction() as holder:
            await holder.find(TicketRow, TICKET)
            held = await desk.scan(ScanArguments(TICKET, "anna"))
        again = await desk.scan(ScanArguments(TICKET, "anna"))

        assert (held, again.success) == (BUSY, True)
        assert await results(store) == ["busy", "success"]


async def test_a_row_is_waited_for_where_that_is_asked(empty_postgres: str) -> None:
    order = []

    async def wait(store: PostgresStore) -> None:
        async with store.transaction() as records:
            await records.find(TicketRow, TICKET)
            order.append("waiter")

    async with PostgresStore.open(empty_postgres) as store:
        await store.replace_population(Population((VALID,)))
        async with store.transaction() as holder:
            await holder.find(TicketRow, TICKET)
            waiting = asyncio.create_task(wait(store))
            async with store.transaction() as onlooker:
                assert await onlooker.find(TicketRow, TICKET, lock=Lock.NONE) == VALID
                with pytest.raises(RowBusyError):
                    await onlooker.find(TicketRow, TICKET, lock=Lock.NO_WAIT)
            order.append("holder")
        await waiting

    assert order == ["holder", "waiter"]


async def test_of_ten_who_race_some_find_the_row_held_and_one_is_admitted(
    start: "Start", empty_postgres: str
) -> None:
    async with start(store_url=empty_postgres) as service:
        messages = []
        for _ in range(5):
            await service.hold(VALID)
            rows = await asyncio.gather(*(service.scan(1) for _ in range(10)))
            assert sum(row.success for row in rows) == 1
            messages += [row.error_message for row in rows]

    assert BUSY.error_message in messages


async def test_an_answer_of_busy_says_nothing_about_the_ticket(
    start: "Start", empty_postgres: str
) -> None:
    async with start(store_url=empty_postgres) as service, connected(empty_postgres) as holder:
        await service.hold(VALID)
        async with holder.transaction():
            await holder.execute("SELECT FROM tickets FOR UPDATE")
            answer = await service.call(p_ticket_id=TICKET, p_scanned_by=SCANNER)

        assert answer.status_code == 200
        assert answer.json() == [
            {
                "success": False,
                "already_scanned": False,
                "scanned_at": None,
                "scanned_by": None,
                "error_message": "Ticket being processed by another scanner",
            }
        ]
        assert (await service.scan(1)).success


async def test_two_at_once_make_the_schema_once(empty_postgres: str) -> None:
    async def open_and_close() -> None:
        async with PostgresStore.open(empty_postgres):
            pass

    await asyncio.gather(*(open_and_close() for _ in range(3)))

    async with connected(empty_postgres) as connection:
        versions = await connection.fetch("SELECT version FROM schema_version ORDER BY version")
    assert [row["version"] for row in versions] == list(range(1, len(MIGRATIONS) + 1))


async def migrate_to(url: str, migrations: Sequence[str]) -> None:
    async with connected(url) as connection, connection.transaction():
        await migrate(connection, "here", SCHEMA, migrations)


async def test_migrations_run_from_the_version_of_the_schema_on_and_keep_its_rows(
    empty_postgres: str,
) -> None:
    first = "CREATE TABLE one (a TEXT)"
    second = "CREATE TABLE two (b TEXT); INSERT INTO two SELECT a FROM one"
    await migrate_to(empty_postgres, [first])
    async with connected(empty_postgres) as connection:
        await connection.execute("INSERT INTO one VALUES ('kept')")

    await migrate_to(empty_postgres, [first, second])

    async with connected(empty_postgres) as connection:
        assert await connection.fetchval("SELECT b FROM two") == "kept"
        assert await connection.fetchval("SELECT max(version) FROM schema_version") == 2


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(empty_postgres: str) -> None:
    first = "CREATE TABLE one (a TEXT)"
    await migrate_to(empty_postgres, [first])

    with pytest.raises(asyncpg.PostgresSyntaxError):
        await migrate_to(empty_postgres, [first, "CREATE TABLE two (b TEXT)", "no such thing"])

    async with connected(empty_postgres) as connection:
        assert await connection.fetchval("SELECT max(version) FROM schema_version") == 1
        assert await connection.fetchval("SELECT to_regclass('two')") is None


async def test_a_schema_of_a_newer_version_is_refused_and_left_alone(empty_postgres: str) -> None:
    newer = len(MIGRATIONS) + 6
    async with PostgresStore.open(empty_postgres) as store:
        await store.replace_population(Population((VALID,)))
    async with connected(empty_postgres) as connection:
        await connection.execute("INSERT INTO schema_version VALUES ($1)", newer)

    said = await refused(empty_postgres, UsageError)

    assert (
        f"/postgres has version {newer}, this gatedrill knows versions up to {len(MIGRATIONS)}:"
        in said
    )
    async with connected(empty_postgres) as connection:
        assert await connection.fetchval("SELECT count(*) FROM tickets") == 1


async def test_tables_of_somebody_else_are_left_alone(empty_postgres: str) -> None:
    async with connected(empty_postgres) as connection:
        await connection.execute("CREATE TABLE public.tickets AS SELECT 'theirs' AS id")
        try:
            async with PostgresStore.open(empty_postgres) as store:
                await store.replace_population(Population((VALID,)))

            assert await connection.fetchval("SELECT id FROM public.tickets") == "theirs"
        finally:
            await connection.execute("DROP TABLE public.tickets")


async def refused(url: str, kind: type[GatedrillError]) -> str:
    """The message with which a store does not open."""
    with pytest.raises(kind) as caught:
        async with PostgresStore.open(url):
            pass
    assert PASSWORD not in str(caught.value)
    assert "secret-of-mine" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///gate.db",
        "gate.db",
        "postgresql:///gate",
        "postgresql://anna:secret-of-mine@127.0.0.1:port/gate",
        "postgresql://anna:secret-of-mine@127.0.0.1:99999/gate",
        "postgresql://[anna:secret-of-mine@127.0.0.1/gate",
        "postgresql://anna:secret-of-mine@127.0.0.1/gate?sslmode=perhaps",
    ],
)
async def test_a_url_that_cannot_be_used_is_refused_with_the_form_it_must_have(url: str) -> None:
    said = await refused(url, UsageError)

    assert said.endswith("it must look like postgresql://user:password@host:port/database")


async def test_a_server_that_is_not_there_is_a_peers_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    said = await refused(f"postgresql://anna:secret-of-mine@127.0.0.1:{port}/gate", PeerError)

    assert said.startswith(f"cannot reach PostgreSQL at 127.0.0.1:{port}/gate: ")
    assert said.endswith(": Connection refused")


async def test_a_server_that_does_not_speak_postgresql_is_a_peers_failure() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        said = await refused(f"postgresql://anna:secret-of-mine@127.0.0.1:{port}/gate", PeerError)

    assert f"127.0.0.1:{port}/gate" in said


async def test_refused_credentials_are_a_peers_failure(postgres: str) -> None:
    said = await refused(postgres.replace(PASSWORD, "secret-of-mine"), PeerError)

    assert "password authentication failed" in said


async def test_a_database_that_is_none_is_a_peers_failure(postgres: str) -> None:
    said = await refused(postgres.replace("/postgres", "/elsewhere"), PeerError)

    assert 'database "elsewhere" does not exist' in said


async def test_the_password_shows_up_in_no_log_even_when_a_table_is_gone(
    start: "Start", empty_postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with start(store_url=empty_postgres) as service:
        async with connected(empty_postgres) as connection:
            await connection.execute("DROP TABLE scan_logs")

        answer = await service.call(p_ticket_id=TICKET, p_scanned_by=SCANNER)

    assert (answer.status_code, answer.json()["code"]) == (500, "XX000")
    assert "scan_logs" not in answer.text
    logged = "\n".join(map(logging.Formatter().format, caplog.records))
    assert 'relation "scan_logs" does not exist' in logged
    assert PASSWORD not in logged + answer.text


async def test_a_connection_that_was_cut_is_replaced(start: "Start", empty_postgres: str) -> None:
    async def cut_all(service: "Service") -> None:
        async with connected(empty_postgres) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'gatedrill'"
            )

    async with start(store_url=empty_postgres) as service:
        await service.hold(VALID)
        await cut_all(service)

        answers = [await service.call(p_ticket_id=TICKET, p_scanned_by=SCANNER) for _ in range(20)]

        assert answers[-1].status_code == 200
        assert (await service.scan(1)).already_scanned


async def test_more_at_once_than_there_are_connections_wait_their_turn(
    empty_postgres: str,
) -> None:
    slot = SlotRow("21h", "event", 500, 500)
    async with PostgresStore.open(empty_postgres) as store:
        await store.replace_population(Population((), slots=(slot,)))

        async def look() -> SlotRow | None:
            async with store.transaction() as records:
                return await records.find(SlotRow, "21h")

        assert await asyncio.gather(*(look() for _ in range(200))) == [slot] * 200
