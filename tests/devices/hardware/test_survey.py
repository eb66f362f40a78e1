"""A whole machine, and the command that uses each device."""

from pathlib import Path

from fake_machine import FakeMachine

from gatedrill.devices.hardware.cameras import ask_nothing
from gatedrill.devices.hardware.choosing import choose_serial
from gatedrill.devices.hardware.found import FoundSerialPort
from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.surroundings import look_around
from gatedrill.devices.hardware.survey import Survey, survey


def surveyed(fake: FakeMachine) -> Survey:
    return survey(fake.machine, fake.comports, ask_nothing, fake.around())


def test_each_device_comes_with_the_command_that_means_it_tomorrow_too(fake: FakeMachine) -> None:
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S123")
    fake.serial("ttyUSB0", "1-3", "1a86:7523")
    fake.keyboard("event2", "CHERRY", "1-1", "046a:0023")
    fake.keyboard("event5", "Honeywell", "1-6", "0c2e:0b61", serial="H7")
    usb = fake.usb("1-4", "046d:0825", serial="C270X")
    fake.camera("video0", "Webcam", usb, by_id="usb-046d_0825_C270X")

    found = surveyed(fake)

    assert [each.use for each in found.readers] == [
        "gatedrill device --serial S123",
        "gatedrill device --serial /dev/serial/by-path/pci-usb-1-3:1.0",
        "gatedrill device --hid H7",
        "gatedrill device --camera /dev/v4l/by-id/usb-046d_0825_C270X-video-index0",
    ]
    assert [each.device.path for each in found.keyboards] == ["/dev/input/event2"]


def test_what_is_advised_is_what_is_chosen_by_it(fake: FakeMachine) -> None:
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S123")
    fake.serial("ttyACM1", "1-3", "27dd:0103", serial="0001")
    fake.serial("ttyACM2", "1-4", "27dd:0103", serial="0001")
    fake.serial("ttyUSB0", "1-5", "1a86:7523")

    ports = [
        each.device for each in surveyed(fake).serial if isinstance(each.device, FoundSerialPort)
    ]

    for each in surveyed(fake).serial:
        assert choose_serial(each.use.split()[-1], ports) == each.device


def test_a_serial_number_that_a_shell_would_take_apart_is_not_advised(fake: FakeMachine) -> None:
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial="a; rm -rf b")
    (listing,) = surveyed(fake).serial
    assert listing.use == "gatedrill device --serial /dev/serial/by-path/pci-usb-1-2:1.0"


def test_a_blocked_device_is_known_for_it(fake: FakeMachine) -> None:
    fake.serial("ttyACM0", "1-2", "05e0:1701")
    assert not surveyed(fake).serial[0].is_blocked
    fake.forbidden.add("/dev/ttyACM0")
    assert surveyed(fake).serial[0].is_blocked


def test_an_empty_machine_has_nothing_and_that_is_no_error(fake: FakeMachine) -> None:
    assert surveyed(fake) == Survey()


def test_other_systems_say_what_they_cannot_tell(tmp_path: Path) -> None:
    windows = Machine(tmp_path, "win32")
    found = survey(windows, list, ask_nothing, look_around(windows))
    assert found.readers == ()
    assert "cameras cannot be listed" in found.notes[0]
