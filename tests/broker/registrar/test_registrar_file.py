import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from registrar_words import admission, claim, said

from gatedrill.broker.registrar.migrations import MIGRATIONS, migrate
from gatedrill.broker.registrar.registrar_file import RegistrarFile
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import VenueGrant

HOLD = """
import sys
from pathlib import Path
from gatedrill.broker.registrar.registrar_file import RegistrarFile
with RegistrarFile.open(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registrar.sqlite3"


def refusal(file: Path) -> str:
    """Why the file is not opened."""
    with pytest.raises(UsageError) as caught, RegistrarFile.open(file):
        pytest.fail("it was opened")
    return str(caught.value)


def test_answers_and_the_id_outlive_the_registrar(file: Path) -> None:
    words = said(claim("a"), admission("x", "ticket-2"), claim("b"), claim("c", "ticket-2"))
    words += said(claim("a"), claim("x", "ticket-2"), fleet="gate-b")
    with RegistrarFile.open(file) as book:
        before = book.judge_all(words)
        identity = book.id

    with RegistrarFile.open(file) as book:
        assert book.judge_all(words) == before
        assert (book.id, book.let_in) == (identity, 1)


def test_every_file_has_an_id_of_its_own(tmp_path: Path) -> None:
    with RegistrarFile.open(tmp_path / "a") as one, RegistrarFile.open(tmp_path / "b") as other:
        assert one.id != other.id


def test_a_ticket_of_one_edition_says_nothing_of_another(file: Path) -> None:
    with RegistrarFile.open(file) as book:
        grants = book.judge_all(said(claim("a"), claim("b", edition="edition-2")))
    assert [grant is not None and grant.granted for grant in grants] == [True, True]


def test_an_admission_that_came_too_late_is_kept_beside_the_grant(file: Path) -> None:
    with RegistrarFile.open(file) as book:
        book.judge_all(said(claim("a"), admission("x", device="gate-7"), admission("x")))
    with closing(sqlite3.connect(file)) as connection:
        assert list(connection.execute("SELECT fleet, nonce, device FROM admissions")) == [
            ("hall-1", "x", "gate-7")
        ]
        assert list(connection.execute("SELECT claim FROM first_entries")) == [("a",)]


def test_the_file_and_what_stands_beside_it_are_its_owners_alone(file: Path) -> None:
    before = os.umask(0)
    try:
        with RegistrarFile.open(file) as book:
            book.judge_all(said(claim("a")))
            modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) >= {file.name, f"{file.name}-wal"}
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_its_owners_alone_from_now_on(file: Path) -> None:
    with RegistrarFile.open(file):
        pass
    file.chmod(0o644)
    with RegistrarFile.open(file):
        assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_committed_is_on_the_disk(file: Path) -> None:
    with RegistrarFile.open(file) as book:
        pragma = book._connection.execute
        assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
        assert pragma("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_file_that_cannot_be_written_has_judged_nothing(file: Path) -> None:
    with RegistrarFile.open(file) as book:
        book.judge_all(said(claim("a")))
        book._connection.execute("PRAGMA max_page_count = 1")
        many = said(*(claim(f"more-{number}", f"ticket {number}" * 50) for number in range(100)))

        with pytest.raises(UsageError, match=r"cannot write registrar file .* full; see to its"):
            book.judge_all(many)

        assert book.let_in == 1
    with RegistrarFile.open(file) as book:
        assert book.let_in == 1
        assert book.judge_all(said(claim("b"))) != book.judge_all(many[:1])


def test_the_file_itself_admits_no_second_first_grant(file: Path) -> None:
    """Whatever the rule: here one that grants everything."""
    careless = RegistrarFile.open(
        file, rule=lambda _, __, made, registrar: VenueGrant(made.claim, registrar, granted=True)
    )
    with careless as book, pytest.raises(sqlite3.IntegrityError):
        book.judge_all(said(claim("a"), claim("b")))


def test_a_file_is_in_one_process_alone_until_that_dies(file: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        assert refusal(file) == (
            f"registrar file {file} is in use: stop the registrar that has it, "
            "or choose another file"
        )
        holder.kill()
        holder.wait()
        with RegistrarFile.open(file):
            pass


def test_being_refused_in_its_own_process_does_not_unlock_it_for_others(file: Path) -> None:
    with RegistrarFile.open(file):
        assert "is in use" in refusal(file)
        other = subprocess.run(
            [sys.executable, "-c", HOLD, str(file)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    assert b"is in use" in other.stderr


def test_a_file_of_a_newer_version_is_refused_and_left_alone(file: Path) -> None:
    with RegistrarFile.open(file):
        pass
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 6}")
    before = file.read_bytes()

    said = refusal(file)

    assert f"has version {len(MIGRATIONS) + 6}" in said
    assert f"versions up to {len(MIGRATIONS)}:" in said
    assert file.read_bytes() == before


def test_a_file_of_the_first_version_still_refuses_whom_it_let_in(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        migrate(connection, file, MIGRATIONS[:1])
        connection.executescript("""
            INSERT INTO first_entries VALUES ('edition-1', 'ticket-1', 'gate-1', 'a');
            INSERT INTO answers VALUES
                ('edition-1', 'ticket-1', 'a', 'gate-1', 1, 0, NULL, NULL, NULL),
                ('edition-1', 'ticket-1', 'b', 'gate-2', 0, 0, 'already_used', 'gate-1', 'a');
            INSERT INTO first_entries VALUES ('edition-1', 'ticket-2', 'gate-3', 'x');
            INSERT INTO admissions VALUES ('edition-1', 'ticket-2', 'x', 'gate-3');
        """)

    with RegistrarFile.open(file) as book:
        assert book.let_in == 1
        grants = book.judge_all(said(claim("c"), claim("x", "ticket-2"), claim("e", "ticket-3")))
    assert [
        grant and (grant.granted, grant.first_device, grant.first_fleet) for grant in grants
    ] == [
        (False, "gate-1", ""),
        (False, "gate-3", ""),
        (True, None, None),
    ]


def test_another_programs_database_is_refused_and_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("CREATE TABLE answers (a); PRAGMA user_version = 1")
    before = file.read_bytes()

    assert "but not of a registrar" in refusal(file)
    assert file.read_bytes() == before


def test_a_damaged_file_is_refused_whichever_page_it_is_and_the_consequence_told(
    file: Path,
) -> None:
    with RegistrarFile.open(file) as book:
        book.judge_all(said(*(claim(f"c{number}", f"ticket-{number}") for number in range(100))))
    whole = file.read_bytes()
    pages = range(0, len(whole), 4096)
    assert len(pages) > 5
    for page in pages:
        file.write_bytes(whole[:page] + b"\x55" * 4096 + whole[page + 4096 :])
        assert "is damaged: " in refusal(file)

    file.write_bytes(b"buy milk\n" * 1000)
    assert "has forgotten whom this one let in" in refusal(file)


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "give a file in an existing folder" in refusal(tmp_path / "nowhere" / "file")
