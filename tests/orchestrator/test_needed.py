"""Who is needed at a venue, and who of them is missing, in words."""

import tomllib
from collections.abc import Iterable

import msgspec
import pytest
from document import Document

from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract.messages import KIOSK, DeviceInfo
from gatedrill.contract.numbering import numbered
from gatedrill.fixtures.scenario import ROSTER_WITHIN_S, Burst, Requires, Scenario
from gatedrill.orchestrator.needed import Needed, needed_for

FLEETS = Document("fleets.md")


def scanners(names: Iterable[str]) -> list[DeviceInfo]:
    return [DeviceInfo(name, "serial", 0.5) for name in names]


def kiosks(*names: str) -> list[DeviceInfo]:
    return [DeviceInfo(name, KIOSK, 0.0) for name in names]


def hall(prefix: str, count: int, *, without: Iterable[int] = ()) -> list[DeviceInfo]:
    """A fleet of so many gates, of which these numbers are missing."""
    gone = {f"{prefix}-{number:02}" for number in without}
    return scanners(name for name in numbered(prefix, count) if name not in gone)


def test_what_is_missing_is_told_in_all_and_by_gate_and_by_name() -> None:
    needed = Needed(scanners=40, gates={"hall-1": 20, "gate-a": 1})
    here = [*hall("hall-1", 20, without=(7, 13)), *hall("hall-2", 18), *scanners(["gate-a"])]

    assert needed.lacking(here) == (
        "40 devices are needed, 37 came; hall-1: 20 are needed, 18 came, "
        "missing hall-1-07, hall-1-13"
    )
    assert needed.progress(here) == "37 of 40 devices, 18 of 20 at hall-1, 1 of 1 at gate-a"


def test_one_missing_device_is_named_and_with_it_nobody_is_missing() -> None:
    needed = Needed(gates={"hall-1": 3})
    missing = "hall-1: 3 are needed, 2 came, missing hall-1-02"

    assert needed.lacking(hall("hall-1", 3, without=(2,))) == missing
    assert needed.lacking(hall("hall-1", 3)) == ""


@pytest.mark.parametrize(
    "here",
    [
        [],
        hall("hall-1", 40, without=range(3, 21)),
        scanners(["hall-1", "hall-1-05"]),
        scanners(["hall-1-004", "hall-1-05"]),
        hall("hall-10", 3),
        hall("hall", 1),
    ],
    ids=["nobody", "a larger fleet", "a bare name", "widths", "another", "shorter"],
)
def test_nobody_is_named_where_the_names_do_not_tell(here: list[DeviceInfo]) -> None:
    lacking = Needed(gates={"hall-1": 30}).lacking(here)
    assert "30 are needed" in lacking
    assert "missing" not in lacking


def test_numbers_of_the_width_of_another_size_are_not_told() -> None:
    lacking = Needed(gates={"hall-1": 100}).lacking(hall("hall-1", 99))
    assert lacking == "hall-1: 100 are needed, 99 came"


def test_the_one_gate_of_exactly_that_name_is_meant_too() -> None:
    needed = Needed(gates={"gate-a": 1})
    assert needed.lacking(scanners(["gate-b"])) == "gate-a: 1 is needed, 0 came"
    assert needed.lacking(scanners(["gate-a"])) == ""
    assert needed.lacking(scanners(["gate-a-01"])) == ""


def test_a_kiosk_is_no_scanner_whatever_its_name() -> None:
    needed = Needed(scanners=2, gates={"hall": 2})
    here = [*scanners(["hall-01"]), *kiosks("hall-02", "hall-kiosk-01")]
    assert needed.lacking(here) == (
        "2 devices are needed, 1 came; hall: 2 are needed, 1 came, missing hall-02"
    )


def test_those_who_are_named_are_not_counted_as_missing_once_more() -> None:
    needed = Needed(names=("a-01", "a-02", "a-03"), scanners=3)
    assert needed.lacking(scanners(["a-02"])) == "did not come: a-01, a-03"

    more = Needed(names=("a-01", "a-02"), scanners=4)
    assert more.lacking(scanners(["a-02", "a-03"])) == (
        "did not come: a-01; 4 devices are needed, 2 came"
    )


def test_of_very_many_names_the_first_are_told_and_how_many_there_are_besides() -> None:
    lacking = Needed(names=tuple(numbered("gate", 150))).lacking([])
    assert lacking.startswith("did not come: gate-001, gate-002, ")
    assert lacking.endswith(", gate-020 and 130 more")


def test_too_few_of_both_are_told_with_those_who_are_here_and_the_cure() -> None:
    here = [*scanners(["gate-01"]), *kiosks("kiosk-01")]
    assert Needed(scanners=2, kiosks=3).lacking(here) == (
        "2 devices are needed, 1 came; 3 kiosks are needed, 1 came (here: gate-01, kiosk-01): "
        "start more with gatedrill fleet or --scale device=N"
    )
    assert Needed(scanners=1).lacking([]) == (
        "1 device is needed, 0 came (here: none): "
        "start more with gatedrill fleet or --scale device=N"
    )


def test_what_is_needed_is_what_the_most_demanding_scenario_needs() -> None:
    small = scenario(devices=2, roster=("gate-b",), requires=Requires(gates={"a": 3, "b": 1}))
    large = scenario(devices=9, kiosks=1, requires=Requires(devices=4, gates={"a": 2}))

    assert needed_for([small, large], ["gate-a"], Requires(devices=12, gates={"c": 1})) == Needed(
        names=("gate-a", "gate-b"), scanners=12, kiosks=1, gates={"c": 1, "a": 3, "b": 1}
    )
    assert needed_for([large], [], Requires()).scanners == 9


def test_what_docs_fleets_shows_is_what_is_said() -> None:
    [example] = FLEETS.code("toml")
    required = msgspec.convert(tomllib.loads(example)["requires"], Requires)
    needed = needed_for([scenario()], [], required)
    here = [*hall("hall-1", 20, without=(7, 13)), *hall("hall-2", 18), *scanners(["gate-a"])]
    within = f"gatedrill: waited {required.within_s:g} s for the roster: "
    assert f"{within}{needed.lacking(here)}\n" in FLEETS.text
    assert f"; {ROSTER_WITHIN_S:g} s if neither" in FLEETS.words
    assert f"after {STALE_AFTER_S:g} s without a heartbeat" in FLEETS.words


def scenario(
    devices: int = 0,
    kiosks: int = 0,
    roster: tuple[str, ...] = (),
    requires: Requires | None = None,
) -> Scenario:
    return Scenario(
        1,
        "any",
        "Any",
        (Burst(),),
        devices=devices,
        kiosks=kiosks,
        roster=roster,
        requires=requires or Requires(),
    )
