"""How a venue's devices are dealt out to several fleets."""

import os
from collections import Counter

import pytest

from gatedrill.cli import shares
from gatedrill.cli.shares import Share, fleets_for
from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulated_roster import emulated_devices


@pytest.mark.parametrize(
    ("gates", "kiosks", "count"), [(10, 0, 1), (10, 0, 2), (11, 5, 3), (1000, 0, 7), (0, 9, 2)]
)
def test_the_shares_together_are_all_devices_and_each_is_in_one(
    gates: int, kiosks: int, count: int
) -> None:
    devices = emulated_devices("gate", gates, kiosks)
    hosted = Counter(
        device for number in range(1, count + 1) for device in Share(number, count).of(devices)
    )
    assert hosted == Counter(devices)


@pytest.mark.parametrize(("gates", "count"), [(1000, 2), (1000, 7), (100, 8)])
def test_the_shares_are_of_one_size_and_each_has_as_many_cameras_as_serial_scanners(
    gates: int, count: int
) -> None:
    devices = emulated_devices("gate", gates)
    dealt = [Share(number, count).of(devices) for number in range(1, count + 1)]
    sizes = [len(share) for share in dealt]
    assert max(sizes) - min(sizes) <= 2
    for share in dealt:
        assert len({device.reader for device in share}) == 2
        assert Counter(device.reader for device in share)["camera"] * 2 == len(share)


def test_the_whole_venue_is_a_fleet_of_the_bare_name_and_shares_have_names_of_their_own() -> None:
    assert Share(1, 1).fleet("gate") == "gate"
    assert [Share(number, 2).fleet("gate") for number in (1, 2)] == ["gate-1of2", "gate-2of2"]


def test_more_shares_than_devices_can_fill_are_refused() -> None:
    with pytest.raises(UsageError, match=r"--share 3/3: 4 devices are too few"):
        Share(3, 3).of(emulated_devices("gate", 4))


@pytest.mark.parametrize(
    "text", ["", "1", "0/1", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1/ 2", "½"]
)
def test_what_is_no_share_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"--share .*like 2/4"):
        Share.parse(text)


def test_a_share_is_read_as_it_is_written() -> None:
    assert Share.parse("2/4") == Share(2, 4)
    assert str(Share(2, 4)) == "2/4"


@pytest.mark.parametrize(
    ("devices", "cores", "real_time", "fleets"),
    [
        (1, 2, True, 1),
        (10, 2, True, 1),
        (99, 2, True, 1),
        (100, 2, True, 2),
        (1000, 2, True, 2),
        (1000, 1, True, 1),
        (150, 8, True, 3),
        (1000, 64, True, 20),
        (199, 2, False, 1),
        (200, 2, False, 2),
        (1000, 64, False, 10),
    ],
)
def test_so_many_fleets_serve_best(devices: int, cores: int, real_time: bool, fleets: int) -> None:
    assert fleets_for(devices, cores=cores, real_time=real_time) == fleets


@pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="only Linux has priorities")
@pytest.mark.parametrize("permitted", [True, False])
def test_trying_for_real_time_priority_leaves_the_ordinary_one(
    monkeypatch: pytest.MonkeyPatch, permitted: bool
) -> None:
    asked: list[int] = []

    def setscheduler(_pid: int, policy: int, _param: os.sched_param) -> None:
        asked.append(policy)
        if not permitted:
            raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", setscheduler)
    monkeypatch.setattr(shares, "_cores", lambda: 2)
    assert len(shares.shares(150)) == (2 if permitted else 1)
    assert asked[0] == os.SCHED_FIFO
    assert asked[1:] == ([os.sched_getscheduler(0)] if permitted else [])
