"""Scenarios of outages, run as a user runs them: what each is there for is what its result says."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command import gatedrill
from runs import folders, history, outcomes, plan, records, result

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Authority, Reason
from gatedrill.fixtures.loader import shipped_scenarios
from gatedrill.orchestrator.hands import planned_faults
from gatedrill.orchestrator.history import Attempted, FaultBegan, FaultEnded, Journaled

SMALLER = {"reconnect-storm": ("--devices", "8", "--duration", "4s")}
"""What takes minutes in full is only shrunk, not changed."""
AT_ONCE = 3
"""They wait more than they work."""
OUTAGES = sorted(
    each.name for each in shipped_scenarios() if each.authorities != (Authority.ONLINE,)
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each scenario, with what the command said beside it."""
    out = tmp_path_factory.mktemp("outages")

    def run(name: str) -> Path:
        ended = gatedrill("run", name, *SMALLER.get(name, ()), "--out", str(out / name))
        [folder] = folders(out / name)
        (folder / "said.txt").write_text(f"{ended.code}\n{ended.out}\n{ended.err}")
        assert ended.left_running == {}
        return folder

    with ThreadPoolExecutor(AT_ONCE) as runs:
        return dict(zip(OUTAGES, runs.map(run, OUTAGES), strict=True))


def decided(folder: Path) -> Counter[Authority]:
    """How many scans were decided by whom, by the history."""
    attempts = [event.record for event in history(folder) if isinstance(event, Attempted)]
    return Counter(each.authority for each in attempts if isinstance(each, ScanRecord))


def queued(folder: Path) -> Counter[QueueState]:
    return Counter(event.entry.state for event in history(folder) if isinstance(event, Journaled))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_passes_and_loses_nothing(name: str, kept: dict[str, Path]) -> None:
    folder = kept[name]
    judged = result(folder)
    assert (judged.verdict, judged.exit_code) == ("passed", 0), (folder / "said.txt").read_text()
    checks = {check.name: check for check in judged.checks}
    for check in ("no scan lost", "synced once", "queues drained"):
        assert (checks[check].status, checks[check].examined > 0) == ("holds", True)
    assert judged.pending == ()
    left = {QueueState.PENDING, QueueState.SYNCING, QueueState.FAILED}
    assert not left & set(queued(folder))


@pytest.mark.parametrize("name", OUTAGES)
def test_every_fault_of_the_plan_took_place_and_ended(name: str, kept: dict[str, Path]) -> None:
    events = history(kept[name])
    begun = [event.fault for event in events if isinstance(event, FaultBegan)]
    assert sorted(begun) == sorted(fault.id for fault in planned_faults(plan(kept[name])))
    assert sorted(begun) == sorted(e.fault for e in events if isinstance(e, FaultEnded))


def test_amid_a_burst_the_registrar_takes_over_and_lets_one_ticket_in_once(
    kept: dict[str, Path],
) -> None:
    folder = kept["uplink-cut"]
    assert outcomes(folder) == {"admitted": 31, "refused": 10}
    assert decided(folder)[Authority.VENUE] >= 10
    assert result(folder).expected_doubles == ()


def test_two_gates_that_are_cut_off_both_admit_and_that_is_told_with_its_reason(
    kept: dict[str, Path],
) -> None:
    folder = kept["two-islands"]
    judged = result(folder)
    assert outcomes(folder) == {"admitted": 2}
    assert decided(folder) == {Authority.OFFLINE: 2}
    [double] = judged.expected_doubles
    assert len(double.witness) == 2
    assert len(double.because) == 2, "the uplink's fault and the broker's"
    # Whichever is uploaded first: the other one is earlier, and takes over, or it is not.
    results = {row.result for row in records(folder).logs.scan_logs or ()}
    assert results in ({"synced", "conflict"}, {"synced", "took_over"})
    assert sum(queued(folder).values()) == 2


def test_with_clocks_ten_minutes_wrong_the_first_scan_stands_on_record(
    kept: dict[str, Path],
) -> None:
    folder = kept["clock-skew"]
    [ticket] = [each.id for each in plan(folder).tickets if _shown(folder, each.id) > 1]
    attempts = [event.record for event in history(folder) if isinstance(event, Attempted)]
    scans = [each for each in attempts if isinstance(each, ScanRecord) and each.symbol == ticket]
    first = min(scans, key=lambda scan: scan.decided_ns)
    [row] = [row for row in records(folder).after.tickets or () if row.id == ticket]
    assert row.device_id == first.device
    assert {log.flag for log in records(folder).logs.scan_logs or ()} == {None}


def _shown(folder: Path, ticket: str) -> int:
    return sum(
        getattr(each, "ticket", "") == ticket
        for step in plan(folder).steps
        for each in step.attempts
    )


def test_the_four_endings_of_a_time_out_are_told_apart_and_the_locked_out_are_named(
    kept: dict[str, Path],
) -> None:
    judged = result(kept["timeout-outcomes"])
    assert judged.timeouts is not None
    assert {
        judged.timeouts.received_admitted,
        judged.timeouts.received_refused,
        judged.timeouts.lost_admitted,
        judged.timeouts.lost_refused,
    } == {3}
    assert len(judged.locked_out) == 6
    by_the_service = [each for each in judged.locked_out if "the service let it in" in each.why]
    assert len(by_the_service) == 3


def test_a_gate_that_lost_its_power_twice_has_uploaded_everything_that_it_had_decided(
    kept: dict[str, Path],
) -> None:
    folder = kept["crash-full-queue"]
    boots = {
        event.entry.boot
        for event in history(folder)
        if isinstance(event, Journaled) and event.entry.device == "gate-02"
    }
    assert len(boots) == 3
    assert queued(folder)[QueueState.SYNCED] > 50
    not_written = [
        each for each in result(folder).outcomes if each.reason == str(Reason.NOT_RECORDED)
    ]
    assert not_written, "the disk of one gate was full for a while"


def test_a_gate_keeps_its_file_in_the_run_s_folder_for_itself(kept: dict[str, Path]) -> None:
    devices = kept["two-islands"].parent / "devices"
    files = {file.name: oct(file.stat().st_mode & 0o777) for file in devices.glob("gate-*")}
    assert files == {"gate-01.sqlite3": "0o600", "gate-02.sqlite3": "0o600"}

    ended = gatedrill("queue", str(devices / "gate-01.sqlite3"))

    assert ended.code == 0
    assert "offline" in ended.out


STRANGERS = """
version = 1
name = "strangers"
title = "Who is turned away while the service is away, by codes that hold no id"
devices = 4
authorities = ["online", "offline"]
tickets = [
  { name = "good", code = "signed" },
  { name = "unknown", code = "signed", status = "unknown" },
  { name = "forged", code = "forged" },
  { name = "foreign", code = "signed", event = "other" },
]

[[phases]]
kind = "burst" # in which the gates make their copies
shows = [{ tickets = "good" }]

[[phases]]
kind = "fault"
faults = [{ fault = "uplink-down" }]

[[phases]]
kind = "burst"
shows = [
  { tickets = "good", devices = 1 },
  { tickets = "unknown", devices = 1 },
  { tickets = "forged", devices = 1 },
  { tickets = "foreign", devices = 1 },
]

[[phases]]
kind = "heal"

[[phases]]
kind = "drain"
within_s = 30
"""


def test_an_honest_service_is_not_accused_of_refusals_that_it_has_logged_by_their_codes(
    tmp_path: Path,
) -> None:
    scenario = tmp_path / "strangers.toml"
    scenario.write_text(STRANGERS, encoding="utf-8")
    ended = gatedrill("run", str(scenario), "--out", str(tmp_path / "out"))
    [folder] = folders(tmp_path / "out")

    assert ended.code == 0, ended.out + ended.err
    assert queued(folder)[QueueState.SYNCED] == 4
    logged = records(folder).logs.scan_logs or ()
    assert sum(row.result == "offline_refused" for row in logged) == 3
    [held] = [each for each in result(folder).checks if each.name == "no scan lost"]
    assert held.examined == 8
