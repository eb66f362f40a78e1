"""What a run starts besides for outages, and where a fault is planted."""

from pathlib import Path

import pytest

from gatedrill.cli.offline_venue import offline_parts
from gatedrill.cli.planted import FaultyPart, fault_option, find_planted, planted_faults
from gatedrill.cli.shares import Hosting, Share
from gatedrill.cli.venue import OfflineParts
from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulated_roster import emulated_devices
from gatedrill.fixtures.loader import load_scenario, shipped_scenarios

RUN = Path("drills/run")


def parts(*names: str) -> OfflineParts | None:
    return offline_parts([load_scenario(name) for name in names], RUN)


def test_where_the_service_alone_decides_and_nothing_fails_there_is_nothing_besides() -> None:
    assert parts("race", "mixed-rush") is None


@pytest.mark.parametrize(
    ("name", "registrar", "uplink", "solo"),
    [
        ("uplink-cut", True, True, ()),
        ("crash-full-queue", False, True, ("gate-02", "gate-03")),
        ("timeout-outcomes", False, True, ()),
    ],
)
def test_there_is_what_the_scenario_needs(
    name: str, registrar: bool, uplink: bool, solo: tuple[str, ...]
) -> None:
    assert parts(name) == OfflineParts(RUN / "devices", registrar, uplink, solo)


def test_several_scenarios_get_all_that_any_of_them_needs() -> None:
    assert parts("race", "crash-full-queue", "uplink-cut") == OfflineParts(
        RUN / "devices", registrar=True, uplink=True, solo=("gate-02", "gate-03")
    )


def test_every_planted_fault_has_a_name_of_its_own_and_one_part_that_is_told() -> None:
    for name, planted in planted_faults().items():
        told = [part for part in FaultyPart if fault_option(name, part)]
        assert told == [planted.part]
        assert fault_option(name, planted.part) == ("--fault", name)
    assert {planted.part for planted in planted_faults().values()} == set(FaultyPart)
    claimed = {fault for each in shipped_scenarios() for fault in each.catches}
    assert claimed <= planted_faults().keys()


def test_nobody_is_told_of_no_fault_and_an_unknown_one_is_refused() -> None:
    assert [fault_option(None, part) for part in FaultyPart] == [(), (), ()]
    with pytest.raises(UsageError, match=r"no fault 'levitation': choose from .*trusts-own-clock"):
        find_planted("levitation")


def test_a_fleet_hosts_one_device_or_what_is_left_without_some() -> None:
    devices = emulated_devices("gate", 5)
    alone = Hosting(Share(1, 1), only="gate-03")
    others = Hosting(Share(1, 1), without=frozenset({"gate-03", "gate-05"}))
    assert (alone.fleet("gate"), others.fleet("gate")) == ("gate-03", "gate")
    assert [device.name for device in alone.of(devices)] == ["gate-03"]
    assert [device.name for device in others.of(devices)] == ["gate-01", "gate-02", "gate-04"]


@pytest.mark.parametrize(
    "hosting", [Hosting(Share(1, 1), only="gate-9"), Hosting(Share(1, 1), None, frozenset({"x"}))]
)
def test_a_device_that_there_is_not_can_be_neither_hosted_nor_left_out(hosting: Hosting) -> None:
    with pytest.raises(UsageError, match="there is no such device here"):
        hosting.of(emulated_devices("gate", 2))
