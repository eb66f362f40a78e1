"""From what a run cost to what is said of it."""

from typing import Any

import msgspec
import pytest
from benchmarks.scale import ROWS, SCENARIO, Cost, Row, grows_faster, judged_growth, table

from gatedrill.fixtures.scenario import Scenario


def cost(devices: int, **changed: Any) -> Cost:
    """A venue of so many devices at which all grows as the devices do."""
    figures = Cost(
        devices=devices,
        fleets=1,
        start_s=1.0,
        memory_mib=devices / 4,
        arming_s=devices / 100,
        skew_ms=devices / 100,
        answers_ms=float(devices),
        gathering_ms=1.0,
        verdict_ms=float(devices),
        messages=0.5,
        octets=700.0,
        cpu_ms={"fleet": 5.0, "conductor": 1.0, "broker": 0.1, "backend": 1.0},
        lost=0,
    )
    return figures._replace(**changed)


def row(title: str) -> Row:
    return next(each for each in ROWS if each.title.startswith(title))


@pytest.mark.parametrize(
    ("title", "changed", "faster"),
    [
        ("arming", {"arming_s": 10.0}, False),
        ("arming", {"arming_s": 13.0}, True),
        ("memory a device", {"memory_mib": 250.0}, False),
        ("memory a device", {"memory_mib": 400.0}, True),
        ("MQTT messages", {"messages": 0.6}, False),
        ("MQTT messages", {"messages": 0.7}, True),
        ("attempts lost", {"lost": 0}, False),
        ("attempts lost", {"lost": 1}, True),
    ],
)
def test_what_grows_by_clearly_more_than_the_devices_is_told(
    title: str, changed: dict[str, float], faster: bool
) -> None:
    assert grows_faster(row(title), cost(100), cost(1000, **changed)) is faster


def test_growth_is_told_with_both_figures_and_few_devices_do_not_count() -> None:
    few, many, most = cost(1, octets=1.0), cost(100), cost(1000, octets=900.0)
    assert judged_growth([few, many, most])[2:] == [
        "- MQTT payload a scan, bytes: 700 with 100, 900 with 1,000"
    ]
    assert judged_growth([few, many])[2:] == ["- nothing"]


def test_the_table_has_a_column_a_size_and_its_lines_are_of_one_length() -> None:
    lines = table([cost(10), cost(1000)])
    assert lines[0].split("|")[2:4] == [" 10 devices ", " 1,000 devices "]
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == len(ROWS) + 2


@pytest.mark.parametrize("devices", [1, 1000])
def test_the_scenario_that_is_measured_can_be_read(devices: int) -> None:
    scenario = msgspec.toml.decode(SCENARIO.format(devices=devices, rounds=3), type=Scenario)
    assert scenario.devices == devices
