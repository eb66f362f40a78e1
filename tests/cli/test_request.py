"""What makes a request for a run, and what refuses it."""

import json
from pathlib import Path
from typing import NotRequired, TypedDict, Unpack

import pytest

from gatedrill.cli.environment import Environment, read_environment
from gatedrill.cli.request import Request, Sizes, make_request
from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.scenario import Burst, Requires, Stream

JOINING = {"SUPABASE_SERVICE_ROLE_KEY": "k"}
TARGET = {"SUPABASE_URL": "http://127.0.0.1:1", "SUPABASE_SERVICE_ROLE_KEY": "secret-key"}


class Options(TypedDict):
    """The options of a run, all of them optional here."""

    scenarios: NotRequired[list[str]]
    sizes: NotRequired[Sizes]
    seed: NotRequired[int]
    broker: NotRequired[str]
    target: NotRequired[str]
    allowed_hosts: NotRequired[list[str]]
    tickets: NotRequired[Path]
    decoder: NotRequired[str]
    vip_argument: NotRequired[str]
    store: NotRequired[str]
    fault: NotRequired[str]
    wait: NotRequired[str]
    require: NotRequired[list[str]]


def request(variables: dict[str, str], **options: Unpack[Options]) -> Request:
    environment: Environment = read_environment(variables)
    return make_request(
        environment,
        scenarios=options.get("scenarios", ["scanner-burst", "race"]),
        sizes=options.get("sizes", Sizes()),
        seed=options.get("seed"),
        broker=options.get("broker"),
        target=options.get("target"),
        allowed_hosts=options.get("allowed_hosts", []),
        tickets=options.get("tickets"),
        decoder=options.get("decoder"),
        vip_argument=options.get("vip_argument", "p_pass_id"),
        store=options.get("store"),
        fault=options.get("fault"),
        out=Path("drills"),
        wait=options.get("wait"),
        require=options.get("require", []),
    )


@pytest.fixture
def ticket_file(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.json"
    path.write_text(json.dumps({"tickets": [{"id": "1", "event_id": "e", "type": "general"}]}))
    return path


def test_sizes_reach_the_phases_that_have_them() -> None:
    made = request({}, sizes=Sizes(devices=4, rounds=7, duration="2m"))
    phases = [phase for scenario in made.scenarios for phase in scenario.phases]
    assert [phase.rounds for phase in phases if isinstance(phase, Burst)] == [7]
    assert [phase.duration_s for phase in phases if isinstance(phase, Stream)] == [120]
    assert (made.gates, made.kiosks) == (4, 0)


def test_without_sizes_the_scenarios_stay_as_they_are() -> None:
    [stream] = request({}, scenarios=["scanner-burst"]).scenarios[0].phases
    assert isinstance(stream, Stream)
    assert (stream.duration_s, stream.pause_s) == (60, 0.1)


def test_the_largest_scenario_says_how_many_devices_there_must_be(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_text(
        'version = 1\nname = "large"\ntitle = "x"\ndevices = 30\n[[tickets]]\nname = "a"\n'
        '[[phases]]\nkind = "stream"\ntickets = "a"\nduration_s = 1\n'
    )
    made = request({}, scenarios=["race", str(large), "slot-6", "slot-1"])
    assert (made.gates, made.kiosks) == (30, 50)


def test_a_seed_is_drawn_where_none_is_given() -> None:
    assert request({}, seed=5).seed == 5
    assert len({request({}).seed for _ in range(5)}) > 1


def test_options_win_over_the_environment() -> None:
    variables = TARGET | {"GATEDRILL_BROKER": "mqtt://other"}
    made = request(variables, target="http://127.0.0.1:2", broker="mqtt://wanted")
    assert (made.target, made.broker) == ("http://127.0.0.1:2", "mqtt://wanted")
    assert (request(variables).target, request(variables).broker) == (
        "http://127.0.0.1:1",
        "mqtt://other",
    )


def test_a_host_must_be_allowed_to_be_a_target() -> None:
    assert request(TARGET, target="https://gate.example/", allowed_hosts=["gate.example"]).target
    with pytest.raises(UsageError, match="add --allow-target gate"):
        request(TARGET, target="https://gate.example")


def test_the_file_s_race_ticket_wins_over_the_environment_s(ticket_file: Path) -> None:
    variables = TARGET | {"RACE_TEST_TICKET_ID": "from-environment"}
    made = request(variables, tickets=ticket_file).tickets
    assert made is not None
    assert made.race_ticket is not None
    assert made.race_ticket.id == "from-environment"
    ticket_file.write_text(
        '{"tickets": [{"id": "1", "event_id": "e"}], "raceTestTicket": {"id": "f"}}'
    )
    made = request(variables, tickets=ticket_file).tickets
    assert made is not None
    assert made.race_ticket is not None
    assert made.race_ticket.id == "f"


def test_the_environment_s_race_ticket_means_nothing_without_a_target() -> None:
    assert request({"RACE_TEST_TICKET_ID": "from-environment"}).tickets is None


@pytest.mark.parametrize("duration", ["0s", "0ms", "61m", "2h"])
def test_a_stream_lasts_more_than_nothing_and_at_most_an_hour(duration: str) -> None:
    with pytest.raises(UsageError, match=f"--duration {duration}"):
        request({}, sizes=Sizes(duration=duration))


def test_a_scenario_runs_once() -> None:
    with pytest.raises(UsageError, match="named twice"):
        request({}, scenarios=["race", "race"])


def test_a_threshold_that_makes_no_sense_is_refused_before_anything_runs(tmp_path: Path) -> None:
    scenario = tmp_path / "odd.toml"
    scenario.write_text(
        'version = 1\nname = "odd"\ntitle = "x"\ndevices = 1\n[[tickets]]\nname = "a"\n'
        '[[phases]]\nkind = "stream"\ntickets = "a"\nduration_s = 1\n'
        '[thresholds]\nscan_duration = ["p(95)"]\n'
    )
    with pytest.raises(UsageError, match=r"odd\.toml: key thresholds.scan_duration: 'p\(95\)'"):
        request({}, scenarios=[str(scenario)])


@pytest.mark.parametrize("where", [{"target": "http://127.0.0.1:1"}, {"broker": "mqtt://x"}])
def test_a_service_that_is_there_already_needs_its_key(where: Options) -> None:
    with pytest.raises(UsageError, match="set SUPABASE_SERVICE_ROLE_KEY"):
        request({}, **where)


@pytest.mark.parametrize("where", [{"target": "http://127.0.0.1:1"}, {"broker": "mqtt://x"}])
def test_a_fault_is_planted_in_our_own_service_alone(where: Options) -> None:
    with pytest.raises(UsageError, match="--fault is for the backend that a run starts itself"):
        request({"SUPABASE_SERVICE_ROLE_KEY": "k"}, **(where | {"fault": "slow-350ms"}))


def test_tickets_need_a_service_where_they_exist(ticket_file: Path) -> None:
    with pytest.raises(UsageError, match="say which one with --target"):
        request({}, tickets=ticket_file)
    assert request(TARGET, tickets=ticket_file).tickets
    assert request({"SUPABASE_SERVICE_ROLE_KEY": "k"}, tickets=ticket_file, broker="mqtt://x")


def test_a_request_shows_no_secret() -> None:
    made = request(TARGET, broker="mqtt://guest:open-sesame@x")
    assert "secret-key" not in repr(made)
    assert "open-sesame" not in repr(made)


def test_a_scenario_that_is_repeated_is_there_as_often() -> None:
    made = request({}, scenarios=["race", "slot-1"], sizes=Sizes(repeat=2))
    assert [each.name for each in made.scenarios] == ["race", "race", "slot-1", "slot-1"]


def test_the_reader_of_frames_is_told_to_our_own_fleet_alone() -> None:
    variables = {"SUPABASE_SERVICE_ROLE_KEY": "k"}
    assert request({}).decoder == "zxing"
    assert request(TARGET, decoder="zbar").decoder == "zbar"
    assert request(variables, broker="mqtt://x").broker
    with pytest.raises(UsageError, match="give it to gatedrill fleet"):
        request(variables, broker="mqtt://x", decoder="zxing")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://someone:open-sesame@db/venue",
        "postgresql://someone@db/venue?password=open-sesame",
        "postgresql:///venue?host=db&password=open-sesame&user=someone",
    ],
)
def test_a_store_s_password_is_taken_from_the_environment_alone(url: str) -> None:
    assert request({"GATEDRILL_STORE": url}).store == url
    with pytest.raises(UsageError, match="set GATEDRILL_STORE instead, or PGPASS") as refusal:
        request({}, store=url)
    assert "open-sesame" not in str(refusal.value)


def test_a_store_that_is_given_wins_over_the_environment() -> None:
    made = request({"GATEDRILL_STORE": "postgresql://other/x"}, store="postgresql://wanted/x")
    assert made.store == "postgresql://wanted/x"


def test_a_store_that_is_no_url_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--store cannot be read: .*postgresql://"):
        request({}, store="postgresql://[here")


@pytest.mark.parametrize("where", [{"target": "http://127.0.0.1:1"}, {"broker": "mqtt://x"}])
def test_a_store_is_for_our_own_service_alone(where: Options) -> None:
    key = {"SUPABASE_SERVICE_ROLE_KEY": "k"}
    with pytest.raises(UsageError, match="--store is for the backend that a run starts itself"):
        request(key, **(where | {"store": "postgresql://db/x"}))
    # One in the environment may be there for other commands.
    assert request(key | {"GATEDRILL_STORE": "postgresql://db/x"}, **where)


def test_devices_by_name_are_those_of_a_venue(tmp_path: Path) -> None:
    scenario = tmp_path / "north.toml"
    scenario.write_text(
        'version = 1\nname = "north"\ntitle = "x"\ndevices = 1\nroster = ["north-01"]\n'
        '[[tickets]]\nname = "a"\n'
        '[[phases]]\nkind = "burst"\nshows = [{ tickets = "a" }]\n'
    )
    with pytest.raises(UsageError, match=r"a scenario with a roster .* with --broker"):
        request({}, scenarios=[str(scenario)])
    key = {"SUPABASE_SERVICE_ROLE_KEY": "k"}
    assert request(key, scenarios=[str(scenario)], broker="mqtt://x")


def test_who_has_to_be_there_is_said_in_all_and_by_gate() -> None:
    made = request(JOINING, broker="mqtt://x", require=["40", "hall-1=20", "gate-a=1"], wait="1m")
    assert made.requires == Requires(devices=40, gates={"hall-1": 20, "gate-a": 1})
    assert made.wait_s == 60
    plain = request(JOINING, broker="mqtt://x")
    assert (plain.requires, plain.wait_s) == (Requires(), None)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (["forty"], "--require forty: write a number of scanners, 1 to 1000, like 40, or "),
        (["0"], "--require 0: write a number"),
        (["1001"], "--require 1001: write a number"),
        (["hall-1="], "--require hall-1=: write a number"),
        (["=3"], "--require =3: write a number"),
        (["a=b=3"], "--require a=b=3: write a number"),
        (["Hall 1=3"], "--require: gate 'Hall 1' is not allowed"),
        (["3", "4"], "--require 4: how many in all is said twice"),
        (["a=3", "4", "a=3"], "--require a=3: a is said twice"),
    ],
)
def test_a_requirement_that_is_none_is_refused(written: list[str], complaint: str) -> None:
    with pytest.raises(UsageError) as raised:
        request(JOINING, broker="mqtt://x", require=written)
    assert str(raised.value).startswith(complaint)


@pytest.mark.parametrize("wait", ["0s", "61m", "15"])
def test_a_roster_is_waited_for_some_time_and_at_most_an_hour(wait: str) -> None:
    with pytest.raises(UsageError, match=wait):
        request(JOINING, broker="mqtt://x", wait=wait)


def test_who_has_to_be_there_is_for_a_venue_that_is_there_already(tmp_path: Path) -> None:
    refusal = "is for a venue that is there already: say where that is with --broker"
    for options in (Options(require=["4"]), Options(wait="5s")):
        with pytest.raises(UsageError, match=refusal):
            request({}, **options)
    scenario = tmp_path / "north.toml"
    scenario.write_text(
        'version = 1\nname = "north"\ntitle = "x"\ndevices = 1\nrequires = { gates = { a = 1 } }\n'
        '[[tickets]]\nname = "a"\n'
        '[[phases]]\nkind = "burst"\nshows = [{ tickets = "a" }]\n'
    )
    with pytest.raises(UsageError, match=r"a scenario that requires devices .* with --broker"):
        request({}, scenarios=[str(scenario)])
    assert request(JOINING, scenarios=[str(scenario)], broker="mqtt://x")


def test_payments_fail_as_told_with_the_reference_backend_alone(ticket_file: Path) -> None:
    with pytest.raises(UsageError, match="needs the reference backend"):
        request(TARGET, scenarios=["slot-5"], tickets=ticket_file)
    assert request(TARGET, scenarios=["slot-1"], tickets=ticket_file)
    assert request({}, scenarios=["slot-5"])
