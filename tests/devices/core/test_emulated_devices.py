from concurrent.futures import ThreadPoolExecutor

import pytest
from device_fakes import FakeCheckIn, ManualClock

from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulated import make_gate
from gatedrill.devices.emulated_roster import emulated_devices
from gatedrill.devices.readers.decoders import make_decoder


def test_every_other_device_is_a_camera_and_the_rest_are_serial_scanners() -> None:
    devices = emulated_devices("gate", 4)
    assert [device.name for device in devices] == ["gate-01", "gate-02", "gate-03", "gate-04"]
    assert [device.reader for device in devices] == ["camera", "serial", "camera", "serial"]


@pytest.mark.parametrize(
    ("count", "first", "last"),
    [
        (1, "g-01", "g-01"),
        (99, "g-01", "g-99"),
        (100, "g-001", "g-100"),
        (1000, "g-0001", "g-1000"),
    ],
)
def test_the_names_sort_as_their_numbers(count: int, first: str, last: str) -> None:
    names = [device.name for device in emulated_devices("g", count)]
    assert (names[0], names[-1]) == (first, last)
    assert names == sorted(set(names))


def test_kiosks_come_after_the_gates_under_names_of_their_own() -> None:
    devices = emulated_devices("gate", 1, 2)
    assert [(device.name, device.is_kiosk) for device in devices] == [
        ("gate-01", False),
        ("gate-kiosk-01", True),
        ("gate-kiosk-02", True),
    ]


def test_a_fleet_may_consist_of_kiosks_alone_but_not_of_nothing() -> None:
    assert [device.name for device in emulated_devices("f", 0, 1)] == ["f-kiosk-01"]
    with pytest.raises(UsageError, match="at least one device"):
        emulated_devices("f", 0, 0)


@pytest.mark.parametrize("prefix", ["", "Gate", "a b", "a/b", "x" * 65])
def test_a_prefix_that_may_not_stand_in_a_name_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="name prefix"):
        emulated_devices(prefix, 1)


async def test_a_gate_is_what_the_roster_says_of_it(clock: ManualClock) -> None:
    with ThreadPoolExecutor(1) as workers:
        for info in emulated_devices("gate", 2):
            gate = make_gate(
                info,
                decoder=make_decoder("zxing"),
                checkin=FakeCheckIn(clock),
                clock=clock,
                workers=workers,
            )
            await gate.open()
            assert gate.info == info
            await gate.close()
