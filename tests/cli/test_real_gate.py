"""`gatedrill device`: real hardware joins a venue, and a drill mixes it with emulated gates."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from command import gatedrill, running, wait_for
from real_gate import RealGate, ScannerInHand, running_gate
from runs import only_folder, plan, result
from venue_processes import KEY, HandMadeVenue, running_venue

from gatedrill.contract.service import TicketRow
from gatedrill.devices.emulation.frames import render_frame
from gatedrill.orchestrator.plan import BurstStep, PlannedScan

TRIO = """
version = 1
name = "trio"
title = "One ticket at two emulated gates and a real one"
devices = 3

[[tickets]]
name = "one"

[[phases]]
kind = "burst"
rounds = 1
shows = [{ tickets = "one", same = true }]
expect = { admitted = 1, refused = 2 }

[thresholds]
scan_errors = ["rate<0.001"]
"""


@pytest.fixture(scope="module")
def venue() -> Iterator[HandMadeVenue]:
    with running_venue() as venue:
        yield venue


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[ScannerInHand]:
    with ScannerInHand(tmp_path / "scanner") as scanner:
        yield scanner


@pytest.fixture
def gate(venue: HandMadeVenue, scanner: ScannerInHand) -> Iterator[RealGate]:
    path = str(scanner.path)
    with running_gate(venue.broker, venue.service.url, "--serial", path) as gate:
        yield gate


def symbol_at(folder: Path, device: str, step: int = 0) -> str:
    """What this device is to be shown in a step, the first unless told."""
    [symbol] = [
        planned.symbol
        for planned in plan(folder).steps[step].attempts
        if planned.device == device and isinstance(planned, PlannedScan)
    ]
    return symbol


def test_a_drill_mixes_a_real_gate_with_emulated_ones_and_keeps_them_apart(
    venue: HandMadeVenue, gate: RealGate, scanner: ScannerInHand, tmp_path: Path
) -> None:
    scenario, out = tmp_path / "trio.toml", tmp_path / "out"
    scenario.write_text(TRIO)
    drill = ("run", str(scenario), "--broker", venue.broker, "--out", str(out))
    with running(*drill, SUPABASE_SERVICE_ROLE_KEY=KEY) as run:
        run.err_line("trio: kept in")
        caption = gate.shows("NOW")[1]
        scanner.scan(symbol_at(only_folder(out), "gate-a"))
        gate.shows("STOP")
        ended = run.ended()
    assert ended.code == 0, ended.out
    assert "present No. " in caption
    told = result(only_folder(out))
    [only] = told.rounds
    assert [each.device for each in only.by_hand] == ["gate-a"]
    assert sorted(each.device for each in only.attempts) == ["gate-01", "gate-02"]
    assert only.contending == 2
    [step] = plan(only_folder(out)).steps
    assert isinstance(step, BurstStep)
    assert "trio-1.1:gate-a" not in step.contending
    assert told.by_hand is not None
    assert (told.by_hand.scans, told.by_hand.not_presented) == (1, ())
    assert [each.by_hand for each in told.thresholds] == [False, True]
    assert "gate-a (by hand)" in ended.out


def test_who_comes_too_late_or_with_another_ticket_makes_no_honest_service_guilty(
    venue: HandMadeVenue, gate: RealGate, scanner: ScannerInHand, tmp_path: Path
) -> None:
    """The service has all of it on record, and was asked by nobody's order."""
    scenario, out = tmp_path / "trio.toml", tmp_path / "out"
    scenario.write_text(TRIO.replace("rounds = 1", "rounds = 2"))
    drill = ("run", str(scenario), "--broker", venue.broker, "--out", str(out))
    with running(*drill, "--present-within", "1s", SUPABASE_SERVICE_ROLE_KEY=KEY) as run:
        run.err_line("trio: kept in")
        gate.shows("GET READY")
        scanner.scan(symbol_at(only_folder(out), "gate-a", step=-1))
        gate.shows("COME IN")
        run.err_line("trio-1.2: ")
        scanner.scan(symbol_at(only_folder(out), "gate-a"))
        gate.shows("STOP")
        ended = run.ended()
    assert ended.code == 4, ended.out
    assert "FAIL" not in ended.out
    assert "tickets were let in before their turn: gate-a" in ended.out
    told = result(only_folder(out)).by_hand
    assert told is not None
    assert [each.outcome for each in told.walk_ins] == ["admitted", "refused (already_used)"]


def test_a_ticket_that_nobody_presents_is_named_and_the_run_inconclusive(
    venue: HandMadeVenue, gate: RealGate, tmp_path: Path
) -> None:
    scenario, out = tmp_path / "trio.toml", tmp_path / "out"
    scenario.write_text(TRIO)
    ended = gatedrill(
        *("run", str(scenario), "--broker", venue.broker, "--out", str(out)),
        *("--present-within", "1s"),
        SUPABASE_SERVICE_ROLE_KEY=KEY,
    )
    assert ended.code == 4, ended.out
    assert "tickets were not presented: gate-a in trio-1.1" in ended.out


def test_between_drills_it_is_a_gate_like_any_other(
    venue: HandMadeVenue, gate: RealGate, scanner: ScannerInHand
) -> None:
    ticket = "11111111-2222-4333-8444-555555555555"
    venue.service.hold(TicketRow(ticket, "00000000-0000-4000-8000-0000000000e0", "general"))
    gate.shows("READY")
    scanner.scan(ticket)
    gate.shows("COME IN")
    scanner.scan("99999999-2222-4333-8444-555555555555")
    assert "no such ticket" in gate.shows("STOP")[1]


def test_unplugged_and_plugged_in_elsewhere_it_goes_on(
    venue: HandMadeVenue, gate: RealGate, scanner: ScannerInHand
) -> None:
    """The other pseudo-terminal has another path; what stays is what the scanner is known by."""
    gate.shows("READY")
    scanner.unplug()
    gate.shows("NO READER")
    lost = wait_for(lambda: _gate_row(venue, lost=True), "word of the lost scanner")
    assert "the scanner has gone" in str(lost["lost"])
    scanner.plug_in()
    gate.shows("READY")
    scanner.scan("99999999-2222-4333-8444-555555555555")
    gate.shows("STOP")
    back = wait_for(lambda: _gate_row(venue, lost=False), "word of its return")
    assert (back["attended"], back["label"], back["reader"]) == (True, "Gate A", "serial")


def _gate_row(venue: HandMadeVenue, *, lost: bool) -> dict[str, object] | None:
    ended = gatedrill("roster", "--broker", venue.broker, "--wait", "0.5", "--json")
    row = next((row for row in json.loads(ended.out) if row["device"] == "gate-a"), None)
    return row if row is not None and (row["lost"] is not None) is lost else None


def test_only_with_a_profile_the_scanner_itself_is_answered(
    venue: HandMadeVenue, scanner: ScannerInHand
) -> None:
    addresses = (venue.broker, venue.service.url, "--serial", str(scanner.path))
    with running_gate(*addresses, "--profile", "honeywell") as gate:
        gate.shows("READY")
        scanner.scan("no such ticket")
        gate.shows("STOP")
        assert scanner.hears(6) == b"\x1b8,\x1b8,"


def test_pictures_in_a_folder_are_a_camera(venue: HandMadeVenue, tmp_path: Path) -> None:
    frame = render_frame("no such ticket", seed=1, severity=0.0)
    picture = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    with running_gate(venue.broker, venue.service.url, "--camera", str(tmp_path)) as gate:
        gate.shows("STOP")
        gate.shows("NO READER")


def test_ctrl_c_ends_it(gate: RealGate) -> None:
    gate.command.send_signal(signal.SIGINT)
    assert gate.command.ended().code == 0


def test_a_second_gate_of_the_same_name_is_refused(
    venue: HandMadeVenue, gate: RealGate, tmp_path: Path
) -> None:
    with ScannerInHand(tmp_path / "other") as other:
        ended = gatedrill(
            *("device", "--name", "gate a", "--serial", str(other.path)),
            *("--broker", venue.broker, "--target", venue.service.url),
            SUPABASE_SERVICE_ROLE_KEY=KEY,
        )
    assert ended.code == 5
    assert "gate-a is here already" in ended.err


def test_a_name_that_another_fleet_has_for_one_of_its_devices_is_refused(
    venue: HandMadeVenue, scanner: ScannerInHand
) -> None:
    ended = gatedrill(
        *("device", "--name", "Gate 01", "--serial", str(scanner.path)),
        *("--broker", venue.broker, "--target", venue.service.url),
        SUPABASE_SERVICE_ROLE_KEY=KEY,
    )
    assert ended.code == 5
    assert "gate-01 is here already, in fleet gate on " in ended.err


NOWHERE = ("--broker", "mqtt://127.0.0.1:1", "--target", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "one of --serial, --hid and --camera"),
        (("--serial", "auto", "--camera", "0"), "one of --serial, --hid and --camera"),
        (("--serial", "/dev/nowhere"), "there is no serial port /dev/nowhere"),
        (("--serial", "12345"), "no serial port has the serial number '12345'"),
        (("--serial", "auto", "--line", "9600-8X1"), "there is no parity X"),
        (("--serial", "auto", "--flow", "mud"), "--flow mud: choose one of none, rts-cts"),
        (("--serial", "auto", "--sound", "loud"), "loud"),
        (("--serial", "auto", "--profile", "acme"), "unknown scanner profile 'acme'"),
        (("--camera", "0", "--profile", "honeywell"), "it goes with --serial alone"),
        (("--hid", "auto", "--layout", "xx"), "--layout xx: choose one of "),
        (("--hid", "/dev/input/nowhere"), "/dev/input/nowhere is no HID device"),
        (("--camera", "missing.avi"), "there is no such file"),
        (("--camera", "0", "--symbologies", "qr,morse"), "morse"),
        (("--serial", "auto", "--repeat-window", "2h"), "at most 60s"),
        (("--serial", "auto", "--idle-flush", "soon"), "'soon' is no duration"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(arguments: tuple[str, ...], told: str) -> None:
    ended = gatedrill("device", "--name", "A", *arguments, *NOWHERE, SUPABASE_SERVICE_ROLE_KEY=KEY)
    assert ended.code == 2, ended.err
    [line] = ended.err_lines
    assert told in line


@pytest.mark.parametrize("name", ["", "!!!", "x" * 80])
def test_a_name_of_which_nothing_can_be_made_is_refused(name: str) -> None:
    ended = gatedrill(
        "device", "--name", name, "--serial", "auto", *NOWHERE, SUPABASE_SERVICE_ROLE_KEY=KEY
    )
    assert ended.code == 2
    assert "is not allowed" in ended.err
