"""The schema in PostgreSQL, and how an older one is brought up to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from gatedrill.contract.errors import UsageError

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

_ONE_AT_A_TIME: Final = 0x6761746564
"""The number of the advisory lock that services starting together take in turn."""

_TEXT: Final = 'TEXT COLLATE "C"'
"""Texts sort by their bytes, as in SQLite, whatever language the database was made for."""

_NOW: Final = """to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""

MIGRATIONS: Final = (
    f"""
    CREATE TABLE tickets (
        id {_TEXT} PRIMARY KEY,
        event_id {_TEXT} NOT NULL,
        ticket_type {_TEXT} NOT NULL,
        status {_TEXT} NOT NULL CHECK (status IN ('valid', 'scanned', 'cancelled')),
        scanned_at {_TEXT},
        scanned_by {_TEXT},
        device_id {_TEXT},
        qr_token {_TEXT} UNIQUE,
        vip_reservation_id {_TEXT}
    );
    CREATE INDEX tickets_by_reservation ON tickets (vip_reservation_id);
    CREATE TABLE scan_logs (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        ticket_id {_TEXT} NOT NULL,
        scanned_by {_TEXT},
        device_id {_TEXT},
        scan_method {_TEXT} NOT NULL,
        result {_TEXT} NOT NULL CHECK (result IN (
            'success', 'already_scanned', 'not_found', 'cancelled', 'busy', 'lost_race'
        )),
        scanned_at {_TEXT} NOT NULL
    );
    CREATE INDEX scan_logs_by_ticket ON scan_logs (ticket_id);

    CREATE TABLE vip_reservations (
        id {_TEXT} PRIMARY KEY,
        event_id {_TEXT} NOT NULL,
        total_guests BIGINT NOT NULL,
        checked_in_guests BIGINT NOT NULL,
        status {_TEXT} NOT NULL CHECK (status IN (
            'pending', 'confirmed', 'checked_in', 'completed', 'cancelled'
        )),
        table_number {_TEXT},
        table_name {_TEXT}
    );
    CREATE TABLE vip_passes (
        id {_TEXT} PRIMARY KEY,
        reservation_id {_TEXT} NOT NULL,
        guest_number BIGINT NOT NULL,
        qr_token {_TEXT} NOT NULL UNIQUE,
        status {_TEXT} NOT NULL CHECK (status IN ('active', 'checked_in', 'cancelled', 'expired')),
        last_entry_at {_TEXT}
    );
    CREATE TABLE vip_scan_logs (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        asked_for {_TEXT} NOT NULL,
        pass_id {_TEXT},
        reservation_id {_TEXT},
        scanned_by {_TEXT},
        entry_type {_TEXT} NOT NULL CHECK (entry_type IN ('first_entry', 'reentry', 'refused')),
        error {_TEXT},
        scanned_at {_TEXT} NOT NULL
    );

    CREATE TABLE slots (
        id {_TEXT} PRIMARY KEY,
        event_id {_TEXT} NOT NULL,
        capacity BIGINT NOT NULL,
        available BIGINT NOT NULL
    );
    CREATE TABLE checkouts (
        id {_TEXT} PRIMARY KEY,
        slot_id {_TEXT} NOT NULL,
        guests BIGINT NOT NULL,
        status {_TEXT} NOT NULL CHECK (status IN ('reserved', 'open', 'completed', 'failed')),
        session_id {_TEXT},
        created_at {_TEXT} NOT NULL
    );
    CREATE TABLE payment_sessions (
        id {_TEXT} PRIMARY KEY,
        checkout_id {_TEXT} NOT NULL,
        slot_id {_TEXT} NOT NULL,
        guests BIGINT NOT NULL,
        slots_reserved {_TEXT} NOT NULL,
        created_at {_TEXT} NOT NULL
    );
    CREATE TABLE payment_events (
        id {_TEXT} PRIMARY KEY,
        received_at {_TEXT} NOT NULL
    );
    CREATE TABLE audit_logs (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        type {_TEXT} NOT NULL,
        slot_id {_TEXT} NOT NULL,
        checkout_id {_TEXT},
        guests BIGINT NOT NULL,
        slots_rolled_back BIGINT,
        message {_TEXT},
        created_at {_TEXT} NOT NULL
    );
    CREATE TABLE settings (
        id {_TEXT} PRIMARY KEY,
        body {_TEXT} NOT NULL
    );
    """,
    # Every row that a device may hold a copy of is dated, those that are there already as if they
    # had been changed just now.
    f"""
    ALTER TABLE tickets ADD COLUMN nonce {_TEXT}, ADD COLUMN updated_at {_TEXT};
    UPDATE tickets SET updated_at = {_NOW};
    CREATE INDEX tickets_by_event ON tickets (event_id, id);
    CREATE INDEX tickets_by_change ON tickets (updated_at);
    CREATE INDEX tickets_by_event_and_change ON tickets (event_id, updated_at);

    ALTER TABLE vip_reservations ADD COLUMN updated_at {_TEXT};
    UPDATE vip_reservations SET updated_at = {_NOW};
    ALTER TABLE vip_passes ADD COLUMN updated_at {_TEXT};
    UPDATE vip_passes SET updated_at = {_NOW};
    ALTER TABLE vip_scan_logs ADD COLUMN nonce {_TEXT};

    ALTER TABLE scan_logs
        ADD COLUMN nonce {_TEXT},
        ADD COLUMN flag {_TEXT} CHECK (flag IN ('before_event', 'in_future')),
        ADD COLUMN reason {_TEXT},
        DROP CONSTRAINT scan_logs_result_check,
        ADD CONSTRAINT scan_logs_result_check CHECK (result IN (
            'success', 'already_scanned', 'not_found', 'cancelled', 'busy', 'lost_race',
            'synced', 'took_over', 'conflict', 'offline_refused'
        ));

    CREATE TABLE answers (
        id {_TEXT} PRIMARY KEY,
        body {_TEXT} NOT NULL
    );
    """,  # noqa: S608
)
"""Script n brings a schema of version n to version n + 1; once released, a script never changes."""


async def migrate(
    connection: Connection,
    where: str,
    schema: str,
    migrations: Sequence[str] = MIGRATIONS,
) -> None:
    """Bring `schema` up to the newest version, within the caller's transaction.

    Raises UsageError when it is newer than that; `where` tells which database it is in.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    await connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
    version: int = await connection.fetchval("SELECT max(version) FROM schema_version") or 0
    if version > len(migrations):
        raise UsageError(
            f"database {where} has version {version}, this gatedrill knows versions up to "
            f"{len(migrations)}: use a newer gatedrill or another database"
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        await connection.execute(script)
        await connection.execute("INSERT INTO schema_version VALUES ($1)", number)
