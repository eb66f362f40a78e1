"""A service that is there already, with tickets that exist there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from command import Ended, gatedrill
from runs import only_folder, plan, records, result, round_tickets
from venue_processes import KEY, Service, running_service

from gatedrill.contract.service import TicketRow

EVENT = "00000000-0000-4000-8000-0000000000ee"
SCANNER = "00000000-0000-4000-8000-0000000000aa"
FIRST, SECOND, THIRD = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


def ticket(ticket_id: str, status: Literal["valid", "scanned"] = "valid") -> TicketRow:
    return TicketRow(ticket_id, EVENT, "general", status)


def ticket_file(folder: Path, *ids: str, race: str | None = None) -> str:
    contents: dict[str, object] = {
        "tickets": [{"id": each, "event_id": EVENT, "type": "general"} for each in ids]
    }
    if race:
        contents["raceTestTicket"] = {"id": race}
    path = folder / "tickets.json"
    path.write_text(json.dumps(contents))
    return str(path)


def run(duel: str, out: Path, *arguments: str, **variables: str) -> Ended:
    command = ("run", duel, "--out", str(out / "drills"), *arguments)
    return gatedrill(*command, SUPABASE_SERVICE_ROLE_KEY=KEY, **variables)


def test_a_race_uses_the_race_ticket_first_and_a_used_ticket_is_no_violation(
    service: Service, race_of_two: str, tmp_path: Path
) -> None:
    service.hold(ticket(FIRST, "scanned"), ticket(SECOND), ticket(THIRD))
    file = ticket_file(tmp_path, FIRST, SECOND, race=THIRD)
    ended = run(
        *(race_of_two, tmp_path, "--target", service.url, "--tickets", file, "--rounds", "3"),
        SUPABASE_URL="http://127.0.0.1:1",
        RACE_TEST_TICKET_ID=SECOND,
    )
    assert ended.code == 0, ended.out + ended.err
    folder = only_folder(tmp_path / "drills")
    assert round_tickets(folder) == [THIRD, FIRST, SECOND]
    assert result(folder).target == service.url
    rounds = result(folder).rounds
    assert [each.counts for each in rounds] == [True, False, True]
    assert rounds[1].outcomes == {"refused (already_used)": 2}


def test_the_environment_names_target_race_ticket_event_and_scanner(
    service: Service, duel: str, tmp_path: Path
) -> None:
    service.hold(ticket(FIRST))
    ended = run(
        *(duel, tmp_path),
        SUPABASE_URL=service.url,
        RACE_TEST_TICKET_ID=FIRST,
        TEST_EVENT_ID=EVENT,
        TEST_SCANNER_ID=SCANNER,
    )
    assert ended.code == 0, ended.out + ended.err
    folder = only_folder(tmp_path / "drills")
    assert [(each.id, each.event_id) for each in plan(folder).tickets] == [(FIRST, EVENT)]
    assert [row.scanned_by for row in records(folder).after.tickets or ()] == [SCANNER]


def test_only_used_tickets_make_a_run_inconclusive(
    service: Service, race_of_two: str, tmp_path: Path
) -> None:
    service.hold(ticket(FIRST, "scanned"))
    file = ticket_file(tmp_path, FIRST)
    ended = run(race_of_two, tmp_path, "--target", service.url, "--tickets", file)
    assert ended.code == 4, ended.out
    assert "only 0 of 1 rounds were races" in ended.out


def test_too_few_tickets_are_told_before_anything_is_asked(duel: str, tmp_path: Path) -> None:
    file = ticket_file(tmp_path, FIRST, race=SECOND)
    nowhere = ("--target", "http://127.0.0.1:1", "--tickets", file)
    ended = run(duel, tmp_path, *nowhere, "--rounds", "3")
    assert ended.code == 2
    [line] = ended.err_lines
    assert "too few" in line


def test_a_wrong_key_is_refused_and_not_told(service: Service, duel: str, tmp_path: Path) -> None:
    ended = gatedrill(
        *("run", duel, "--target", service.url), cwd=tmp_path, SUPABASE_SERVICE_ROLE_KEY="not-it"
    )
    assert ended.code == 5
    [line] = ended.err_lines
    assert line.startswith(f"gatedrill: {service.url} refused the credentials")
    assert "not-it" not in line
