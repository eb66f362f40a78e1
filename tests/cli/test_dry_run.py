"""The plan before a run, and the same plan again."""

import re
from pathlib import Path

import pytest
from command import gatedrill, running
from runs import only_folder

WATCH = """
import os, sys

WATCHED = {"subprocess.Popen", "os.posix_spawn", "os.fork", "socket.bind", "socket.connect"}
sys.addaudithook(lambda event, _: event in WATCHED and os.write(2, f"began {event}\\n".encode()))
"""


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """An environment in which the command tells on stderr when it starts or reaches anything."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    return {"PYTHONPATH": str(tmp_path)}


def test_a_dry_run_shows_every_device_of_every_step_and_begins_nothing(
    watched: dict[str, str], tmp_path: Path
) -> None:
    ended = gatedrill("run", "--dry-run", "--rounds", "2", cwd=tmp_path, **watched)
    assert (ended.code, ended.err) == (0, "")
    assert not (tmp_path / "drills").exists()
    devices = [f"gate-{number:02}" for number in range(1, 11)]
    for step in ("scanner-burst-1", "race-1.1", "race-1.2"):
        _, _, shown = ended.out.partition(f"  {step}: ")
        listed = re.findall(r"(?m)^    (gate-\d\d) +(?:camera|serial) ", shown)[:10]
        assert sorted(listed) == devices


FAILING = """
version = 1
name = "cut"
title = "A cut"
devices = 2
authorities = ["online", "offline"]

[[tickets]]
name = "good"

[[phases]]
kind = "burst"
shows = [{ tickets = "good" }]
faults = [{ fault = "uplink-lossy", share = 0.25, at_s = -0.2, for_s = 3 }]

[[phases]]
kind = "fault"
faults = [
  { fault = "clock-skewed", gates = [2], skew_s = -600 },
  { fault = "uplink-slow", delay_ms = 40 },
]

[[phases]]
kind = "pause"
duration_s = 2

[[phases]]
kind = "burst"
shows = [{ tickets = "good" }]

[[phases]]
kind = "heal"

[[phases]]
kind = "drain"
within_s = 20
"""


def test_a_dry_run_shows_what_happens_to_the_venue_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "cut.toml").write_text(FAILING)
    ended = gatedrill("run", "--dry-run", "cut.toml", cwd=tmp_path)

    assert ended.code == 0
    shown = [line for line in ended.out.splitlines() if not re.match(r"^    gate-\d\d ", line)]
    assert shown[2:] == [
        "  may decide: online, offline, 1.5 s each",
        "  cut-1.1: requests let go at one instant",
        "    T-0.2 s: uplink-lossy (cut-1.1-f1) at gate-01, gate-02, 25% of connections, for 3 s",
        "  then clock-skewed (cut-2-f1) at gate-02, -600 s, until it is ended",
        "  then uplink-slow (cut-2-f2) at gate-01, gate-02, 40 ms, until it is ended",
        "  then pause for 2 s",
        "  cut-4.1: requests let go at one instant",
        "  then end cut-2-f1, cut-2-f2",
        "  then wait up to 20 s for all queues to be empty",
        "",
    ]


def test_the_watch_would_have_told(watched: dict[str, str], tmp_path: Path) -> None:
    key = {"SUPABASE_SERVICE_ROLE_KEY": "key"}
    nowhere = ("--broker", "mqtt://127.0.0.1:1")
    ended = gatedrill("run", "race", *nowhere, cwd=tmp_path, **watched, **key)
    assert "began socket.connect" in ended.err


def test_one_seed_shows_one_plan_and_another_seed_another() -> None:
    first, again, other = (
        gatedrill("run", "--dry-run", "--devices", "2", "--seed", seed).out for seed in "778"
    )
    assert first == again != other


def test_one_seed_gives_equal_plans_in_two_runs(duel: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    same = ("run", duel, "--seed", "7", "--out")
    with running(*same, str(first)) as one, running(*same, str(second)) as other:
        assert one.ended().code == other.ended().code == 0
    plan = (only_folder(first) / "plan.json").read_bytes()
    assert (only_folder(second) / "plan.json").read_bytes() == plan


def test_a_swept_phase_says_so() -> None:
    shown = gatedrill("run", "race-hunt", "--dry-run", "--rounds", "1").out
    assert (
        "  race-hunt-1.1: requests let go each at an instant of its own within 40 ms, "
        "10 of them competing; expected: 1 admitted\n"
    ) in shown
