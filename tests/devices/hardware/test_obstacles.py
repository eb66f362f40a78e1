"""What is in a device's way, and that nothing is told where nothing is."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from fake_machine import POS_DESCRIPTOR, FakeMachine

from gatedrill.devices.hardware import permissions
from gatedrill.devices.hardware.catalogue import find_devices
from gatedrill.devices.hardware.found import FoundDevice, FoundSerialPort
from gatedrill.devices.hardware.grabbers import vanished_ports
from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.obstacle import Obstacle
from gatedrill.devices.hardware.obstacles import obstacles_of
from gatedrill.devices.hardware.surroundings import look_around

IGNORED = "S:serial/by-id/usb-Symbol\nE:ID_BUS=usb\nE:ID_MM_DEVICE_IGNORE=1\nG:systemd"


def zebra(fake: FakeMachine) -> str:
    return fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S123")


def obstacles(fake: FakeMachine) -> dict[str, tuple[Obstacle, ...]]:
    devices: tuple[FoundDevice, ...] = find_devices(fake.machine, fake.comports).devices
    return {device.path: obstacles_of(device, fake.around()) for device in devices}


def only(fake: FakeMachine) -> Obstacle:
    ((obstacle,),) = obstacles(fake).values()
    return obstacle


def test_nothing_is_in_the_way_of_a_free_port_that_may_be_opened(fake: FakeMachine) -> None:
    fake.process(80, "systemd-logind", "/dev/input/event0", "/dev/ttyACM1", "socket:[77]")
    assert obstacles(fake) == {}
    path = zebra(fake)
    assert obstacles(fake) == {path: ()}


def test_a_forbidden_port_names_the_group_to_join(
    fake: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.forbidden.add(zebra(fake))
    (fake.root / "dev/ttyACM0").chmod(0o660)
    monkeypatch.setattr(permissions, "_ROOT", -1)
    monkeypatch.setattr(permissions, "_group", lambda _gid: ("dialout", ["somebody"]))

    obstacle = only(fake)

    assert (obstacle.kind, obstacle.blocks) == ("permission", True)
    assert obstacle.cure == "run this, then log out and in again: sudo usermod -aG dialout $USER"


def test_a_member_since_a_minute_ago_only_has_to_log_in_again(
    fake: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.forbidden.add(zebra(fake))
    (fake.root / "dev/ttyACM0").chmod(0o660)
    monkeypatch.setattr(permissions, "_ROOT", -1)
    monkeypatch.setattr(permissions, "_user", lambda: "ada")
    monkeypatch.setattr(permissions, "_group", lambda _gid: ("dialout", ["ada"]))

    assert only(fake).cure.startswith("log out and in again: you have joined the group dialout")


def test_what_no_group_may_open_is_given_by_a_udev_rule(fake: FakeMachine) -> None:
    path = fake.hidraw("hidraw0", "1-3", "05e0:1300", "Symbol HID-POS", POS_DESCRIPTOR)
    fake.forbidden.add(path)
    (fake.root / "dev/hidraw0").chmod(0o600)

    cure = only(fake).cure

    assert 'ATTRS{idVendor}=="05e0"' in cure
    assert 'TAG+="uaccess"' in cure
    assert "/etc/udev/rules.d/70-gatedrill.rules" in cure


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can be another user")
def test_a_real_file_of_somebody_else_may_not_be_opened() -> None:
    """The question itself, asked as a user who may open the one file and not the other."""
    ask = (
        "from pathlib import Path; from gatedrill.devices.hardware.surroundings import may_open;"
        "print(may_open(Path('/dev/null')), may_open(Path('/etc/shadow')))"
    )
    command = [
        sys.executable,
        "-c",
        f"import os; {ask}; os.setuid(65534); print('as nobody');{ask}",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.split("as nobody")[1].split() == ["True", "False"]


def test_a_port_that_another_process_holds_names_it_and_nothing_of_its_arguments(
    fake: FakeMachine,
) -> None:
    zebra(fake)
    fake.process(4711, "minicom", "/dev/pts/0", "/dev/ttyACM0")

    obstacle = only(fake)

    assert (obstacle.kind, obstacle.blocks) == ("held", True)
    assert obstacle.what == "minicom (process 4711) has it open"
    assert "kill 4711" in obstacle.cure
    assert "hunter2" not in repr(fake.around())


def test_of_what_others_have_open_only_devices_are_kept(fake: FakeMachine) -> None:
    fake.process(4711, "editor", "/srv/secret.txt", "/dev/ttyACM0")
    assert set(fake.around().holders) == {"/dev/ttyACM0"}


def test_a_process_cannot_write_escape_codes_by_its_name(fake: FakeMachine) -> None:
    zebra(fake)
    fake.process(4711, "\x1b[31mevil", "/dev/ttyACM0")
    assert only(fake).what == "?[31mevil (process 4711) has it open"


def test_a_real_terminal_that_we_hold_ourselves_is_found_to_be_held() -> None:
    ours, theirs = pty.openpty()
    try:
        path = os.ttyname(theirs)
        found = obstacles_of(FoundSerialPort(path), look_around(Machine()))
    finally:
        os.close(ours)
        os.close(theirs)
    freed = obstacles_of(FoundSerialPort(path), look_around(Machine()))

    assert [obstacle.kind for obstacle in found] == ["held"]
    assert f"(process {os.getpid()})" in found[0].what
    # Another process may have been given the same terminal since.
    assert f"(process {os.getpid()})" not in repr(freed)


def test_a_process_that_ends_while_it_is_looked_at_is_no_error(fake: FakeMachine) -> None:
    zebra(fake)
    (fake.root / "proc/99").mkdir(parents=True)
    fake.file("/proc/100/comm", "gone")
    assert obstacles(fake) == {"/dev/ttyACM0": ()}


def test_modem_manager_is_in_the_way_of_what_could_be_a_modem(fake: FakeMachine) -> None:
    zebra(fake)
    fake.process(70, "ModemManager", "/dev/ttyACM0")

    obstacle = only(fake)

    assert (obstacle.kind, obstacle.blocks) == ("modem-manager", False)
    assert 'ATTRS{idVendor}=="05e0", ENV{ID_MM_DEVICE_IGNORE}="1"' in obstacle.cure


def test_modem_manager_is_not_in_the_way_where_it_is_told_to_leave_the_port_alone(
    fake: FakeMachine,
) -> None:
    zebra(fake)
    fake.process(70, "ModemManager")
    fake.file("/run/udev/data/c166:0", IGNORED)
    assert obstacles(fake) == {"/dev/ttyACM0": ()}
    fake.file("/run/udev/data/c166:0", IGNORED.replace("IGNORE=1", "IGNORE=0"))
    assert only(fake).kind == "modem-manager"


def test_modem_manager_leaves_other_ports_alone(fake: FakeMachine) -> None:
    fake.serial("ttyUSB0", "1-2", "05e0:1701")
    fake.process(70, "ModemManager")
    assert obstacles(fake) == {"/dev/ttyUSB0": ()}


def test_brltty_may_take_a_cheap_scanner_and_no_other(fake: FakeMachine) -> None:
    fake.serial("ttyUSB0", "1-1", "1a86:7523")
    fake.process(60, "brltty")
    assert (only(fake).kind, only(fake).blocks) == ("brltty", False)
    zebra(fake)
    assert obstacles(fake)["/dev/ttyACM0"] == ()


def test_an_adapter_whose_port_brltty_has_taken_is_told_though_no_port_is_listed(
    fake: FakeMachine,
) -> None:
    fake.usb("1-1", "1a86:7523")
    fake.usb("1-5", "046d:0825")
    assert vanished_ports(fake.around()) == []

    fake.process(60, "brltty")
    (obstacle,) = vanished_ports(fake.around())

    assert "1a86:7523 in socket 1-1" in obstacle.what
    assert obstacle.blocks

    fake.serial("ttyUSB0", "1-1", "1a86:7523")
    assert vanished_ports(fake.around()) == []


def test_a_usb_serial_adapters_port_stands_right_below_its_interface(fake: FakeMachine) -> None:
    fake.process(60, "brltty")
    folder = fake.usb("1-1", "1a86:7523")
    fake.file(f"{folder}/1-1:1.0/ttyUSB0/uevent")
    assert vanished_ports(fake.around()) == []


def test_a_scanner_in_keyboard_mode_is_told_how_to_leave_it(fake: FakeMachine) -> None:
    path = fake.keyboard("event3", "Zebra DS2208", "1-2", "05e0:1200")
    fake.process(90, "Xorg", path)

    obstacle = only(fake)

    assert (obstacle.kind, obstacle.blocks) == ("keyboard-mode", False)
    assert "USB virtual serial" in obstacle.cure
    assert "--hid" in obstacle.cure


@pytest.mark.parametrize(
    ("package", "extra"), [("serial", "devices"), ("cv2", "devices"), ("hid", "hid")]
)
def test_a_missing_package_blocks_what_it_reads_and_nothing_else(
    fake: FakeMachine, package: str, extra: str
) -> None:
    zebra(fake)
    fake.hidraw("hidraw0", "1-3", "05e0:1300", "Symbol HID-POS", POS_DESCRIPTOR)
    fake.camera("video0", "Webcam", fake.usb("1-4", "046d:0825"))
    fake.missing.add(package)

    (obstacle,) = [each for found in obstacles(fake).values() for each in found]

    assert (obstacle.kind, obstacle.blocks) == ("package", True)
    assert obstacle.cure == f"pip install 'gatedrill[{extra}]'"


def test_what_blocks_comes_before_what_is_only_worth_knowing(fake: FakeMachine) -> None:
    fake.keyboard("event3", "Zebra DS2208", "1-2", "05e0:1200")
    fake.missing.add("evdev")
    (found,) = obstacles(fake).values()
    assert [obstacle.kind for obstacle in found] == ["package", "keyboard-mode"]


def test_elsewhere_than_on_linux_nothing_is_made_up(tmp_path: Path) -> None:
    around = look_around(Machine(tmp_path, "darwin"), has_package=lambda _: True)
    assert obstacles_of(FoundSerialPort("/dev/cu.usbmodem1"), around) == ()
