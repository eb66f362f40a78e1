"""The JSON schemas say what the loader takes: editors that use them tell no lies."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import gatedrill
from jsonschema import Draft202012Validator

from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.expectations import EXPECTABLE
from gatedrill.fixtures.loader import load_scenario, load_tickets, shipped_scenarios
from gatedrill.fixtures.schema import scenario_schema, ticket_file_schema
from gatedrill.orchestrator.thresholds import METRICS

SCENARIOS = Path(load_scenario.__code__.co_filename).parent / "scenarios"

SOUND = """#:schema scenario.schema.json
version = 1
name = "drill"
title = "A drill"
devices = 2
kiosks = 2

[[tickets]]
name = "good"

[[slots]]
name = "evening"
capacity = 5

[[phases]]
kind = "burst"
shows = [{ tickets = "good" }]
books = [{ slot = "evening" }]
expect = { admitted = 2 }

[[phases]]
kind = "stream"
tickets = "good"
duration_s = 1

[thresholds]
scan_duration = ["p(95)<200"]
"""


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(scenario_schema(METRICS))


@pytest.fixture(scope="module")
def ticket_validator() -> Draft202012Validator:
    return Draft202012Validator(ticket_file_schema())


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every table within the schema, itself included."""
    inner = schema.values() if isinstance(schema, dict) else schema
    if isinstance(schema, dict):
        yield schema
    for each in inner:
        if isinstance(each, dict | list):
            yield from nodes(each)


@pytest.mark.parametrize("schema", [scenario_schema(METRICS), ticket_file_schema()])
def test_a_schema_is_one_of_its_dialect_says_what_it_is_of_and_has_no_address(
    schema: dict[str, Any],
) -> None:
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"].startswith("gatedrill ")
    assert not {key for node in nodes(schema) for key in node} & {"$id", "discriminator"}


@pytest.mark.parametrize("schema", [scenario_schema(METRICS), ticket_file_schema()])
def test_descriptions_flow_in_one_line(schema: dict[str, Any]) -> None:
    said = [
        node["description"] for node in nodes(schema) if isinstance(node.get("description"), str)
    ]

    assert len(said) > 5
    assert [each for each in said if each != " ".join(each.split())] == []


def test_every_table_of_a_scenario_is_closed() -> None:
    tables = [node for node in nodes(scenario_schema(METRICS)) if node.get("type") == "object"]

    assert len(tables) >= 14
    is_open = [table["additionalProperties"] is not False for table in tables]
    assert [table for table, is_open in zip(tables, is_open, strict=True) if is_open] == [
        table for table in tables if "propertyNames" in table
    ], "a table of names of one's own choice tells what a name is"


def test_editors_are_told_what_can_be_expected_and_measured() -> None:
    tables = scenario_schema(["latency", "errors"])["$defs"]
    expect = tables["Burst"]["properties"]["expect"]["properties"]

    assert list(expect) == list(EXPECTABLE)
    assert expect["full"]["description"] == ("the slot or the reservation has too few places left")
    assert list(tables["Scenario"]["properties"]["thresholds"]["properties"]) == [
        "latency",
        "errors",
    ]


@pytest.mark.parametrize("name", [each.name for each in shipped_scenarios()])
def test_every_shipped_scenario_is_valid(validator: Draft202012Validator, name: str) -> None:
    contents = tomllib.loads((SCENARIOS / f"{name}.toml").read_text(encoding="utf-8"))

    assert [error.message for error in validator.iter_errors(contents)] == []


def test_a_file_that_names_its_schema_is_valid_and_loads(
    validator: Draft202012Validator, tmp_path: Path
) -> None:
    (tmp_path / "drill.toml").write_text(SOUND)

    assert load_scenario(str(tmp_path / "drill.toml")).name == "drill"
    assert validator.is_valid(tomllib.loads(SOUND))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("version = 1", "version = 2"),
        ("version = 1", ""),
        ('name = "drill"', 'name = "A drill"'),
        ('title = "A drill"', 'title = ""'),
        ("devices = 2", "devices = -1"),
        ("devices = 2", 'devices = "2"'),
        ("devices = 2", "devices = 2\nspeed = 3"),
        ("devices = 2", 'devices = 2\nroster = ["Gate 1"]'),
        ('name = "good"', 'name = "good"\ncolour = "red"'),
        ('name = "good"', 'name = "good"\nstatus = "scanned"'),
        ('name = "good"', 'name = "good"\ncount = 0'),
        ('kind = "burst"', 'kind = "flood"'),
        ('kind = "burst"', ""),
        ('kind = "burst"', 'kind = "burst"\nduration_s = 1'),
        ('kind = "burst"', 'kind = "burst"\nburst = "loud"'),
        ('kind = "burst"', 'kind = "burst"\nreaction = "shout"'),
        ('kind = "burst"', 'kind = "burst"\nbrief = ""'),
        ('tickets = "good" }', 'tickets = "good", number = 2 }'),
        ('{ slot = "evening" }', "{ guests = 2 }"),
        ('kind = "burst"', 'kind = "burst"\nfaults = [{ fault = "uplink-up" }]'),
        ('kind = "burst"', 'kind = "burst"\nfaults = [{ fault = "uplink-down", gates = [0] }]'),
        ("devices = 2", 'devices = 2\nauthorities = ["offlin"]'),
        ("devices = 2", "devices = 2\nbudget_s = 0"),
        ("admitted = 2", "admited = 2"),
        ("admitted = 2", "unknown = 2"),
        ("admitted = 2", "admitted = -2"),
        ("duration_s = 1", "duration_s = 0"),
        ("duration_s = 1", ""),
        ("scan_duration =", "latency ="),
        ('["p(95)<200"]', '"p(95)<200"'),
    ],
)
def test_what_the_loader_refuses_is_not_valid(
    validator: Draft202012Validator, tmp_path: Path, right: str, wrong: str
) -> None:
    assert right in SOUND
    broken = SOUND.replace(right, wrong, 1)
    (tmp_path / "drill.toml").write_text(broken)

    assert not validator.is_valid(tomllib.loads(broken))
    if wrong != "latency =":  # metrics are not the loader's
        with pytest.raises(UsageError):
            load_scenario(str(tmp_path / "drill.toml"))


@pytest.mark.parametrize(
    "contents",
    [
        {},
        {"tickets": {}},
        {"tickets": [{"id": "t1"}]},
        {"tickets": [{"id": "", "event_id": "e"}]},
        {"tickets": [{"id": "t1", "event_id": "e", "status": "scanned"}]},
        {"tickets": [], "raceTestTicket": "t9"},
        {"tickets": [], "vipReservation": {"id": "r", "passes": []}},
        {"tickets": [], "slots": [{"id": "s"}]},
    ],
)
def test_a_wrong_ticket_file_is_not_valid(
    ticket_validator: Draft202012Validator, tmp_path: Path, contents: dict[str, Any]
) -> None:
    (tmp_path / "tickets.json").write_text(json.dumps(contents))

    assert not ticket_validator.is_valid(contents)
    with pytest.raises(UsageError):
        load_tickets(tmp_path / "tickets.json")


def test_the_command_prints_the_schema_of_scenarios() -> None:
    ended = gatedrill("schema")

    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == scenario_schema(METRICS)


def test_the_command_prints_the_schema_of_ticket_files_and_a_valid_one_to_begin_with(
    ticket_validator: Draft202012Validator, tmp_path: Path
) -> None:
    of_tickets, example = gatedrill("schema", "--tickets"), gatedrill("schema", "--example-tickets")
    (tmp_path / "tickets.json").write_text(example.out, encoding="utf-8")

    assert (of_tickets.code, example.code) == (0, 0)
    assert json.loads(of_tickets.out) == ticket_file_schema()
    assert ticket_validator.is_valid(json.loads(example.out))
    assert len(load_tickets(tmp_path / "tickets.json").tickets) == 15


def test_the_command_prints_one_thing_at_a_time() -> None:
    ended = gatedrill("schema", "--tickets", "--example-tickets")

    assert (ended.code, ended.out) == (2, "")
    assert "give one" in ended.err
