"""The registrar's file: every answer is in it, on the disk, before anybody hears of it."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from gatedrill.broker.registrar.migrations import migrate
from gatedrill.broker.registrar.rule import (
    Entry,
    Rule,
    Said,
    TicketState,
    after_admission,
    after_claim,
    judge_claim,
)
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import Admission, VenueClaim, VenueGrant
from gatedrill.contract.outcome import Reason

_LOCK_TIMEOUT_S: Final = 0.5
"""How long to wait for another process that holds the file: one that was killed lets go of it."""
_TAKEN: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

_ENTRY = "SELECT fleet, device, claim FROM first_entries WHERE edition = ? AND ticket = ?"
_ADD_ENTRY = (
    "INSERT INTO first_entries (edition, ticket, fleet, device, claim) VALUES (?, ?, ?, ?, ?)"
)
_ANSWER = (
    "SELECT granted, again, reason, first_device, first_claim, first_fleet FROM answers "
    "WHERE edition = ? AND ticket = ? AND fleet = ? AND claim = ?"
)
_ADD_ANSWER = (
    "INSERT INTO answers (edition, ticket, fleet, claim, device, granted, again, reason, "
    "first_device, first_claim, first_fleet) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_ADMISSION = (
    "INSERT OR IGNORE INTO admissions (edition, ticket, fleet, nonce, device) "
    "VALUES (?, ?, ?, ?, ?)"
)
_TOLD = (
    "SELECT fleet, device, nonce FROM admissions WHERE edition = ? AND ticket = ? "
    "ORDER BY nonce, fleet"
)
_LET_IN = "SELECT count(*) FROM answers WHERE granted AND NOT again"


class RegistrarFile:
    """One SQLite file, which nobody else can open meanwhile. Its methods block: give them a thread.

    WAL with `synchronous=FULL`: a commit returns when the disk has it. `id` is drawn when the file
    is made and never changes; `let_in` is how many tickets it has granted.
    """

    def __init__(self, connection: sqlite3.Connection, file: Path, rule: Rule) -> None:
        [[self.id]] = connection.execute("SELECT id FROM registrar")
        [[self.let_in]] = connection.execute(_LET_IN)
        self._connection = connection
        self._file = file
        self._rule = rule

    @classmethod
    @contextmanager
    def open(cls, file: Path, rule: Rule = judge_claim) -> Iterator[Self]:
        """The file, made if there is none, for as long as the body runs.

        Raises UsageError when it cannot be used: it is damaged, newer than we are, not a
        registrar's, or in another process's hands.
        """
        with _explained(file):
            _make_private(file)
            connection = sqlite3.connect(
                file, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        with closing(connection):
            with _explained(file):
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                migrate(connection, file)
                _check_sound(connection, file)
                _take(connection)
                opened = cls(connection, file, rule)
            yield opened

    def judge_all(self, said: Iterable[Said]) -> list[VenueGrant | None]:
        """Judge these one after the other, in one transaction that is on the disk at return.

        Returns the answer to each, None to an admission. Raises UsageError when it cannot be
        written: then none of it happened.
        """
        let_in = self.let_in
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            answers = [self._judge(each.fleet, each.message) for each in said]
            self._connection.execute("COMMIT")
        except BaseException as error:
            self.let_in = let_in
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError) and not _is_our_mistake(error):
                raise UsageError(
                    f"cannot write registrar file {self._file}: {error}; "
                    "see to its disk and start the registrar again"
                ) from error
            raise
        return answers

    def forget(self) -> None:
        """Lose all answers and all that was told, for a planted fault."""
        for table in ("first_entries", "answers", "admissions"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608
        self.let_in = 0

    def _judge(self, fleet: str, said: VenueClaim | Admission) -> VenueGrant | None:
        if isinstance(said, Admission):
            self._note(fleet, said)
            return None
        earlier = self._answer(fleet, said)
        answers = {} if earlier is None else {(fleet, said.claim): earlier}
        known = TicketState(self._first(said), answers, self._told(said))
        grant = self._rule(known, fleet, said, self.id)
        if earlier is None:
            self._keep(known, fleet, said, grant)
        return grant

    def _note(self, fleet: str, admission: Admission) -> None:
        known = TicketState(self._first(admission))
        values = (admission.edition, admission.ticket, fleet, admission.nonce, admission.device)
        self._connection.execute(_ADD_ADMISSION, values)
        self._keep_first(known, after_admission(known, fleet, admission), admission)

    def _keep(self, known: TicketState, fleet: str, claim: VenueClaim, grant: VenueGrant) -> None:
        values = (
            *(claim.edition, claim.ticket, fleet, claim.claim, claim.device),
            *(grant.granted, grant.again, grant.reason),
            *(grant.first_device, grant.first_claim, grant.first_fleet),
        )
        self._connection.execute(_ADD_ANSWER, values)
        self._keep_first(known, after_claim(known, fleet, claim, grant), claim)
        self.let_in += grant.granted and not grant.again

    def _keep_first(
        self, before: TicketState, after: TicketState, said: VenueClaim | Admission
    ) -> None:
        if before.first is None and after.first is not None:
            values = (said.edition, said.ticket, *msgspec.structs.astuple(after.first))
            self._connection.execute(_ADD_ENTRY, values)

    def _first(self, said: VenueClaim | Admission) -> Entry | None:
        rows = self._connection.execute(_ENTRY, (said.edition, said.ticket))
        return next((Entry(*row) for row in rows), None)

    def _told(self, said: VenueClaim) -> tuple[Entry, ...]:
        rows = self._connection.execute(_TOLD, (said.edition, said.ticket))
        return tuple(Entry(*row) for row in rows)

    def _answer(self, fleet: str, claim: VenueClaim) -> VenueGrant | None:
        key = (claim.edition, claim.ticket, fleet, claim.claim)
        for granted, again, reason, *first in self._connection.execute(_ANSWER, key):
            why = None if reason is None else Reason(reason)
            return VenueGrant(claim.claim, self.id, bool(granted), bool(again), why, *first)
        return None


def _is_our_mistake(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError)


def _make_private(file: Path) -> None:
    """Make the file for its owner alone; SQLite gives those beside it the same mode.

    One that exists is not opened: closing it again would let go of a lock that this process holds.
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        file.chmod(0o600)


def _take(connection: sqlite3.Connection) -> None:
    """Have the file for ourselves until the connection closes or the process ends."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")


def _check_sound(connection: sqlite3.Connection, file: Path) -> None:
    [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise _damaged(file, str(found))


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say in a line what keeps the file from being opened."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in _TAKEN:
            raise UsageError(
                f"registrar file {file} is in use: stop the registrar that has it, "
                "or choose another file"
            ) from error
        raise _unusable(file, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(file, str(error)) from error
    except OSError as error:
        raise _unusable(file, error.strerror or str(error)) from error


def _damaged(file: Path, why: str) -> UsageError:
    return UsageError(
        f"registrar file {file} is damaged: {why}; choose another file, and know that a new one "
        "has forgotten whom this one let in"
    )


def _unusable(file: Path, why: str) -> UsageError:
    return UsageError(
        f"cannot open registrar file {file}: {why}; give a file in an existing folder, "
        "new or of an earlier registrar"
    )
