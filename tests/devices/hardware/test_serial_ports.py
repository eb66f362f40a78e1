"""Serial ports as a fake system has them."""

from pathlib import Path

from fake_machine import FakeMachine, Info

from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.serial_ports import list_serial_ports

ZEBRA = "usb-Symbol_DS2208_S123-if00"
CHEAP = "usb-1a86_USB_Serial-if00-port0"


def test_a_scanner_with_a_serial_number_is_found_with_all_that_it_says(fake: FakeMachine) -> None:
    fake.serial(
        *("ttyACM0", "1-2", "05e0:1701"),
        serial="S123",
        vendor="Symbol",
        product="DS2208",
        by_id=ZEBRA,
    )

    (port,) = list_serial_ports(fake.machine, fake.comports)

    assert port.usb is not None
    assert (port.usb.ids, port.usb.serial_number) == ("05e0:1701", "S123")
    assert (port.usb.vendor, port.usb.product) == ("Symbol", "DS2208")
    assert (port.path, port.location) == ("/dev/ttyACM0", "1-2:1.0")
    assert port.stable_path == f"/dev/serial/by-id/{ZEBRA}"


def test_twins_without_a_serial_number_are_named_by_their_sockets(fake: FakeMachine) -> None:
    """They share a link in by-id, and it leads to whichever was plugged in last."""
    for number in (0, 1):
        fake.serial(f"ttyUSB{number}", f"1-{number + 1}", "1a86:7523", by_id=CHEAP)

    ports = list_serial_ports(fake.machine, fake.comports)

    assert [port.stable_path for port in ports] == [
        "/dev/serial/by-path/pci-usb-1-1:1.0",
        "/dev/serial/by-path/pci-usb-1-2:1.0",
    ]


def test_a_serial_number_that_two_units_share_makes_no_stable_name(fake: FakeMachine) -> None:
    for number in (0, 1):
        fake.serial(
            f"ttyACM{number}", f"1-{number + 1}", "27dd:0103", serial="0001", by_id="usb-Mindeo"
        )

    stable = [port.stable_path for port in list_serial_ports(fake.machine, fake.comports)]

    assert all(path is not None and "by-path" in path for path in stable)


def test_two_ports_of_one_unit_keep_its_name(fake: FakeMachine) -> None:
    for number in (0, 1):
        fake.serial(
            *(f"ttyUSB{number}", "1-1", "0403:6010"),
            serial="FT1",
            by_id=f"usb-FTDI_FT1-if0{number}-port0",
            interface=f"1.{number}",
        )

    stable = [port.stable_path for port in list_serial_ports(fake.machine, fake.comports)]

    assert stable == [f"/dev/serial/by-id/usb-FTDI_FT1-if0{number}-port0" for number in (0, 1)]


def test_without_udev_there_is_no_stable_name(fake: FakeMachine) -> None:
    fake.ports.append(Info("/dev/ttyUSB0", 0x1A86, 0x7523))
    (port,) = list_serial_ports(fake.machine, fake.comports)
    assert port.stable_path is None


def test_a_slot_without_a_port_is_left_out_and_usb_comes_first(fake: FakeMachine) -> None:
    """Newer kernels have /dev/ttyS0 to 31 in any case, and say 0 of what is not there."""
    for number, kind in enumerate(("4", "0", "0")):
        fake.file(f"/sys/class/tty/ttyS{number}/type", kind)
        fake.ports.append(Info(f"/dev/ttyS{number}"))
    fake.serial("ttyACM0", "1-2", "05e0:1701")

    paths = [port.path for port in list_serial_ports(fake.machine, fake.comports)]

    assert paths == ["/dev/ttyACM0", "/dev/ttyS0"]


def test_on_other_systems_a_port_is_what_pyserial_says(tmp_path: Path) -> None:
    windows = Machine(tmp_path, "win32")
    info = Info("COM3", 0x05E0, 0x1701, "S123", "1-4:x.0", "Microsoft", None)

    (port,) = list_serial_ports(windows, lambda: [info])

    assert (port.path, port.location, port.stable_path) == ("COM3", "1-4:x.0", None)
    assert port.usb is not None
    assert port.usb.ids == "05e0:1701"
