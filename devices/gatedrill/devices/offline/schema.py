"""The tables of a device's file, and how an older file is brought up to them."""

from typing import Final

APPLICATION_ID: Final = 0x67646C31
"""In the header of every such file, so that no other program's database is taken for one."""

MIGRATIONS: Final = (
    """
    CREATE TABLE device (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        name TEXT NOT NULL
    );
    CREATE TABLE copy (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        edition TEXT NOT NULL,
        event_id TEXT NOT NULL,
        qr_key TEXT,
        as_of_ns INTEGER
    );
    CREATE TABLE tickets (
        id TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('ticket', 'vip_pass')),
        event_id TEXT NOT NULL,
        token TEXT,
        status TEXT NOT NULL,
        reservation TEXT,
        PRIMARY KEY (id, kind)
    ) WITHOUT ROWID;
    CREATE INDEX tickets_by_token ON tickets (token, kind);
    CREATE TABLE reservations (
        id TEXT PRIMARY KEY,
        is_open INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE scans (
        id INTEGER PRIMARY KEY,
        nonce TEXT NOT NULL,
        attempt TEXT NOT NULL,
        edition TEXT NOT NULL,
        run TEXT NOT NULL,
        boot TEXT NOT NULL,
        symbol TEXT NOT NULL,
        ticket TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('ticket', 'vip_pass')),
        asked_for TEXT,
        began_ns INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN (
            'asked', 'online', 'pending', 'syncing', 'synced', 'conflict', 'failed'
        )),
        outcome TEXT,
        reason TEXT,
        authority TEXT,
        decided_ns INTEGER,
        of_day_ns INTEGER,
        offset_ns INTEGER,
        bound_ns INTEGER,
        tries INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0,
        next_try_ns INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        settled_ns INTEGER,
        settled_boot TEXT,
        winner_device TEXT,
        winner_time TEXT,
        flag TEXT,
        recognised INTEGER NOT NULL DEFAULT 0,
        CHECK ((state = 'asked') = (outcome IS NULL)),
        CHECK ((outcome IS NULL) = (authority IS NULL)),
        CHECK ((outcome IS NULL) = (of_day_ns IS NULL))
    );
    CREATE INDEX scans_by_nonce ON scans (nonce);
    CREATE INDEX scans_by_ticket ON scans (edition, ticket);
    CREATE INDEX scans_by_state ON scans (state, next_try_ns);
    """,
)
"""Script n brings a file of version n to version n + 1; once released, a script never changes."""
