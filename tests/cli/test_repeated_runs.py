"""A scenario that is run several times: each from a reset state, and all must hold."""

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, gatedrill, running
from runs import folders, outcomes, plan, records, result

TABLE = """
version = 1
name = "table"
title = "Three guests of one table at once"
devices = 3

[[reservations]]
name = "table"
guests = 3

[[tickets]]
name = "guests"
kind = "vip_pass"
reservation = "table"
count = 3

[[phases]]
kind = "burst"
shows = [{ tickets = "guests" }]
expect = { admitted = 3 }
"""

GUEST = """
version = 1
name = "guest"
title = "One guest"
devices = 1

[[tickets]]
name = "own"

[[phases]]
kind = "burst"
shows = [{ tickets = "own" }]
"""


class Runs(NamedTuple):
    ended: Ended
    folders: list[Path]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Runs]:
    """Repeated runs of both scenarios, at the same time."""
    folder = tmp_path_factory.mktemp("repeated")
    (folder / "table.toml").write_text(TABLE)
    (folder / "guest.toml").write_text(GUEST)
    commands = {
        "table": ("--repeat", "3", "--vip-argument", "p_qr_token"),
        # The service refuses every third guest, over all runs.
        "guest": ("--repeat", "4", "--fault", "refuses-valid"),
    }
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(
                running("run", f"{name}.toml", *arguments, "--out", name, cwd=folder)
            )
            for name, arguments in commands.items()
        }
        return {
            name: Runs(command.ended(), folders(folder / name)) for name, command in started.items()
        }


@pytest.fixture
def three_of_a_table(runs: dict[str, Runs]) -> Runs:
    return runs["table"]


def test_three_runs_hold_and_leave_three_folders(three_of_a_table: Runs) -> None:
    assert three_of_a_table.ended.code == 0, three_of_a_table.ended.out
    names = [folder.name for folder in three_of_a_table.folders]
    assert names == ["1-table", "2-table", "3-table"]
    assert [result(each).repeat for each in three_of_a_table.folders] == [1, 2, 3]
    assert three_of_a_table.ended.out.count("PASSED  table: ") == 3


def test_each_run_begins_anew_and_counts_its_guests_once(three_of_a_table: Runs) -> None:
    for folder in three_of_a_table.folders:
        assert outcomes(folder) == {"admitted": 3}
        [counter] = [e for e in result(folder).records if "checked_in_guests" in e.what]
        assert (counter.before, counter.after) == ("0", "3")


def test_the_fleet_that_a_run_starts_tells_of_a_pass_what_the_service_wants(
    three_of_a_table: Runs,
) -> None:
    for folder in three_of_a_table.folders:
        tokens = {each.qr_token for each in records(folder).after.vip_passes or ()}
        asked_for = {each.asked_for for each in records(folder).logs.vip_scan_logs or ()}
        assert asked_for == tokens
        assert len(tokens) == 3


def test_one_seed_draws_other_tickets_for_each_run(tmp_path: Path) -> None:
    ended = gatedrill("run", "race", "--repeat", "2", "--seed", "3", "--dry-run", cwd=tmp_path)
    first, second = ended.out.strip().split("\n\n")
    assert second.splitlines()[0] == first.splitlines()[0] + ", run 2"
    assert not {line for line in first.splitlines() if "gate-01" in line} & {
        line for line in second.splitlines() if "gate-01" in line
    }


def test_the_gravest_of_all_runs_ends_the_command_whichever_it_was(runs: dict[str, Runs]) -> None:
    ended, kept = runs["guest"]
    assert [result(folder).exit_code for folder in kept] == [0, 0, 1, 0]
    assert ended.code == 1
    assert len({plan(folder).tickets for folder in kept}) == 4
