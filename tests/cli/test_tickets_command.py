"""`gatedrill tickets`: what a stranger gets, and that a run presents the very same codes."""

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest
from command import gatedrill
from own_command_line import OwnCommandLine

from gatedrill.cli.environment import DEFAULT_EVENT
from gatedrill.cli.guided_drill import DEFAULT_SEED
from gatedrill.cli.venue import emulated_roster
from gatedrill.fixtures.loader import load_scenario, load_shipped_tickets, load_tickets
from gatedrill.fixtures.practice.key import Key, read_key
from gatedrill.fixtures.supply import make_supply
from gatedrill.orchestrator.captions import captions
from gatedrill.orchestrator.plan import Plan, PlannedScan
from gatedrill.orchestrator.planning import make_plans


def key_in(folder: Path) -> Key:
    return read_key((folder / "key.json").read_bytes())


def plan_of_a_run(
    scenario: str, seed: int, *, devices: int | None, rounds: int | None, file: Path | None = None
) -> Plan:
    """The plan of `gatedrill run` with emulated devices, worked out without the command's help."""
    sized = load_scenario(scenario).adjusted(devices=devices, rounds=rounds)
    supply = make_supply(None if file is None else load_tickets(file), DEFAULT_EVENT, seed)
    roster = emulated_roster(sized.devices, sized.kiosks)
    [plan] = make_plans([sized], roster, seed, supply)
    return plan


def shown_in(plan: Plan, step_id: str) -> Counter[tuple[str, str]]:
    [step] = [step for step in plan.steps if step.id == step_id]
    scans = [each for each in step.attempts if isinstance(each, PlannedScan)]
    return Counter((scan.ticket, scan.symbol) for scan in scans)


@pytest.mark.parametrize(
    ("scenario", "seed", "devices", "rounds"),
    [
        ("mixed-rush", 7, None, None),
        ("race", 8, 3, 2),
        ("uplink-cut", 11, None, None),
    ],
)
def test_a_run_with_that_seed_presents_the_printed_codes(
    here: OwnCommandLine,
    tmp_path: Path,
    scenario: str,
    seed: int,
    devices: int | None,
    rounds: int | None,
) -> None:
    sizes = {"--devices": devices, "--rounds": rounds}
    given = [word for name, value in sizes.items() if value for word in (name, str(value))]
    ended = here.ended("tickets", scenario, "--seed", str(seed), *given, cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    key = key_in(tmp_path / "tickets")
    plan = plan_of_a_run(scenario, seed, devices=devices, rounds=rounds)
    for step in plan.steps:
        held = [each for each in key.tickets if step.id in each.steps]
        assert Counter((each.ticket, each.code) for each in held) == shown_in(plan, step.id)
    assert shown_in(plan, plan.steps[-1].id) != Counter()
    words = ["gatedrill", "run", scenario, "--seed", str(seed), *given]
    assert ended.out.splitlines()[-1] == f"next: {shlex.join(words)}"


@pytest.mark.parametrize("scenario", ["mixed-rush", "drill-duplicate"])
def test_who_is_told_a_caption_in_a_run_finds_the_right_ticket_under_it(
    here: OwnCommandLine, tmp_path: Path, scenario: str
) -> None:
    here.ended("tickets", scenario, "--seed", "7", "--format", "svg", cwd=tmp_path)
    key = key_in(tmp_path / "tickets")
    printed = {f"No. {key.written(each.number)} {each.label}": each for each in key.tickets}
    plan = plan_of_a_run(scenario, 7, devices=None, rounds=None)
    told = captions(plan)
    scans = [each for step in plan.steps for each in step.attempts]
    for scan in scans:
        assert isinstance(scan, PlannedScan)
        assert printed[told[scan.attempt]].code == scan.symbol
    assert len(set(told.values())) == len(printed)


def test_another_seed_or_size_prints_other_codes_than_the_run_presents(
    here: OwnCommandLine, tmp_path: Path
) -> None:
    here.ended("tickets", "race", "--seed", "8", "--rounds", "1", cwd=tmp_path)
    [code] = {each.code for each in key_in(tmp_path / "tickets").tickets}
    plan = plan_of_a_run("race", 9, devices=None, rounds=1)
    assert code not in {symbol for _, symbol in shown_in(plan, "race-1.1")}


def test_the_command_that_is_told_next_is_one_that_the_command_line_takes(
    here: OwnCommandLine, tmp_path: Path
) -> None:
    ended = here.ended("tickets", "race", "--seed", "8", "--devices", "3", cwd=tmp_path)
    _, command = ended.out.splitlines()[-1].split(": ", 1)
    dry = here.ended(*shlex.split(command)[1:], "--dry-run", cwd=tmp_path)
    assert dry.code == 0
    assert all(each.ticket in dry.out for each in key_in(tmp_path / "tickets").tickets)


def test_the_same_seed_makes_the_same_files(here: OwnCommandLine, tmp_path: Path) -> None:
    for command, folder in ((here.ended, "one"), (gatedrill, "two")):  # whose hashes are others
        command("tickets", "vip-checkin", "--seed", "3", "--out", folder, cwd=tmp_path)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("one", "two")
    )
    assert one == two
    pictures = [f"ticket-0{number}.{kind}" for number in range(1, 6) for kind in ("png", "svg")]
    assert sorted(one) == sorted(["key.html", "key.json", "tickets.pdf", *pictures])


def test_a_seed_that_is_not_given_is_drawn_and_told(here: OwnCommandLine, tmp_path: Path) -> None:
    seeds = set()
    for _ in range(2):
        ended = here.ended("tickets", "vip-checkin", "--format", "svg", cwd=tmp_path)
        seeds |= set(re.findall(r"(?m)^next: gatedrill run vip-checkin --seed (\d+)$", ended.out))
        assert seeds >= {str(key_in(tmp_path / "tickets").seed)}
    assert len(seeds) == 2
    assert "they replace those of vip-checkin, seed" in ended.out
    assert not list((tmp_path / "tickets").glob("*.png"))


def test_of_a_stream_the_first_tickets_are_printed_and_the_rest_is_told(tmp_path: Path) -> None:
    ended = gatedrill(
        "tickets", "scanner-burst", "--seed", "3", "--limit", "5", "--format", "png", cwd=tmp_path
    )
    plan = plan_of_a_run("scanner-burst", 3, devices=None, rounds=None)
    first = [each.symbol for each in plan.steps[0].attempts[:5] if isinstance(each, PlannedScan)]
    assert {each.code for each in key_in(tmp_path / "tickets").tickets} == set(first)
    assert "5995 further tickets of streams are not printed: --limit N" in ended.out


def test_tickets_of_a_file_are_those_that_a_run_takes_from_it(
    here: OwnCommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "staging tickets.json"
    file.write_text(load_shipped_tickets())
    ended = here.ended("tickets", "race", "--seed", "8", "--tickets", file.name, cwd=tmp_path)
    key = key_in(tmp_path / "tickets")
    plan = plan_of_a_run("race", 8, devices=None, rounds=None, file=file)
    for step in plan.steps:
        held = [each for each in key.tickets if step.id in each.steps]
        assert Counter((each.ticket, each.code) for each in held) == shown_in(plan, step.id)
    assert {each.ticket for each in key.tickets} <= set(
        re.findall(r'"id": "(.+?)"', file.read_text())
    )
    assert ended.out.endswith("--tickets 'staging tickets.json' --target URL\n")


def test_the_race_ticket_of_the_environment_is_printed_where_a_run_would_show_it(
    here: OwnCommandLine,
    tmp_path: Path,
) -> None:
    named = {"RACE_TEST_TICKET_ID": "the-one"}
    target = {"SUPABASE_URL": "http://127.0.0.1:1"}
    arguments = ("tickets", "race", "--rounds", "1")
    assert here.ended(*arguments, cwd=tmp_path, **named, **target).code == 0
    assert {each.code for each in key_in(tmp_path / "tickets").tickets} == {"the-one"}
    assert here.ended(*arguments, cwd=tmp_path, **named).code == 0
    assert "the-one" not in {each.code for each in key_in(tmp_path / "tickets").tickets}


def test_a_file_with_too_few_tickets_is_refused(here: OwnCommandLine, tmp_path: Path) -> None:
    file = tmp_path / "few.json"
    file.write_text('{"tickets": []}')
    ended = here.ended("tickets", "race", "--tickets", str(file), cwd=tmp_path)
    assert ended.code == 2
    assert "too few for group contested" in ended.err
    assert not (tmp_path / "tickets").exists()


def test_a_scenario_with_a_roster_can_be_printed_before_the_venue_is_there(
    here: OwnCommandLine, tmp_path: Path
) -> None:
    named = 'devices = 2\nroster = ["left-door", "right-door"]'
    phase = '[[phases]]\nkind = "burst"\nshows = [{ tickets = "one", same = true }]'
    head = 'version = 1\nname = "doors"\ntitle = "Two doors"'
    text = f'{head}\n{named}\n[[tickets]]\nname = "one"\n{phase}\n'
    (tmp_path / "doors.toml").write_text(text)
    ended = here.ended("tickets", "doors.toml", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert [each.copies for each in key_in(tmp_path / "tickets").tickets] == [2, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["slot-1"], "scenario slot-1 shows no ticket at any gate"),
        (["nosuch"], "unknown scenario 'nosuch': known are"),
        (["nosuch.toml"], "nosuch.toml: cannot be read"),
        (["--format", "jpg"], "--format jpg: 'jpg' is none; choose of png, svg"),
        (["--format", "png,"], "--format png,: '' is none; choose of png, svg"),
        (["--tickets", "nosuch.json"], "nosuch.json: cannot be read"),
        (["--devices", "2"], "mixed-rush: "),
        (["race", "--rounds", "1000"], "wants 10000 printed tickets, at most 2400"),
        (["--out", "full"], "--out full: is not empty and holds notes.txt"),
        (["--out", "full/notes.txt"], "--out full/notes.txt: cannot be read"),
        (["--out", "full/notes.txt/tickets"], "cannot be"),
        (["--limit", "0"], "Invalid value for '--limit'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_leaves_nothing(
    here: OwnCommandLine, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    ended = here.ended("tickets", *arguments, cwd=tmp_path)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "notes.txt"]
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"


HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


@pytest.mark.parametrize("missing", ["fpdf", "segno"])
def test_a_missing_extra_is_told_and_stops_no_other_command(tmp_path: Path, missing: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDE.format(hidden=[missing]))
    variables = {"PYTHONPATH": str(tmp_path)}
    ended = gatedrill("tickets", cwd=tmp_path, **variables)
    assert ended.code == 2
    assert f"this needs the package {missing}: pip install 'gatedrill[print]'" in ended.err
    assert gatedrill("scenarios", cwd=tmp_path, **variables).code == 0


def test_neither_cameras_nor_a_backend_need_be_installed(tmp_path: Path) -> None:
    hidden = ["cv2", "numpy", "zxingcpp", "serial", "aiosqlite", "starlette", "uvicorn"]
    (tmp_path / "sitecustomize.py").write_text(HIDE.format(hidden=hidden))
    ended = gatedrill("tickets", "vip-checkin", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (ended.code, ended.err) == (0, "")


def test_the_tickets_of_a_drill_are_those_that_the_drill_asks_for_by_itself(
    here: OwnCommandLine, tmp_path: Path
) -> None:
    ended = here.ended("tickets", "drill-vip", "--format", "svg", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert key_in(tmp_path / "tickets").seed == DEFAULT_SEED
    assert ended.out.splitlines()[-1] == f"next: gatedrill drill vip --seed {DEFAULT_SEED}"
