"""The same port again, after its cable was pulled."""

from pathlib import Path

import msgspec
import pytest

from gatedrill.contract.errors import PeerError
from gatedrill.devices.hardware.found import FoundHid, FoundSerialPort, UsbIdentity
from gatedrill.devices.hardware.identity import (
    SerialIdentity,
    find_again,
    find_hid_again,
    identity_of,
)


def port(
    path: str,
    socket: str | None = None,
    ids: str | None = None,
    serial: str | None = None,
    stable: str | None = None,
) -> FoundSerialPort:
    usb = None
    if ids is not None:
        vendor_id, product_id = (int(part, 16) for part in ids.split(":"))
        usb = UsbIdentity(vendor_id, product_id, serial_number=serial)
    return FoundSerialPort(path, stable, socket, usb)


ZEBRA = port("/dev/ttyACM0", "1-2:1.0", "05e0:1701", "S123")
LEFT = port("/dev/ttyUSB0", "1-3", "1a86:7523", stable="/dev/serial/by-path/left")
RIGHT = port("/dev/ttyUSB1", "1-4", "1a86:7523", stable="/dev/serial/by-path/right")
BOARD = port("/dev/ttyS0")


def test_a_scanner_is_found_by_its_serial_number_wherever_it_is_plugged_in() -> None:
    back = port("/dev/ttyACM3", "2-1.4:1.0", "05e0:1701", "S123")
    assert find_again(identity_of(ZEBRA), [LEFT, back]) == back


def test_a_scanner_that_was_set_to_another_mode_is_the_same() -> None:
    back = port("/dev/ttyUSB2", "1-2", "05e0:1300", "S123")
    assert find_again(identity_of(ZEBRA), [back]) == back


def test_the_same_serial_number_of_another_vendor_is_another_scanner() -> None:
    other = port("/dev/ttyACM0", "1-2:1.0", "0c2e:0b6a", "S123")
    assert find_again(identity_of(ZEBRA), [other]) is None


def test_another_scanner_in_its_socket_is_not_taken_for_it() -> None:
    spare = port("/dev/ttyACM0", "1-2:1.0", "05e0:1701", "S999")
    assert find_again(identity_of(ZEBRA), [spare]) is None


def test_while_it_is_unplugged_nothing_is_found() -> None:
    assert find_again(identity_of(ZEBRA), []) is None


def test_twins_keep_their_sockets_whatever_their_paths_become() -> None:
    """The kernel numbers them in the order in which they come."""
    swapped = [
        msgspec.structs.replace(LEFT, path="/dev/ttyUSB1"),
        msgspec.structs.replace(RIGHT, path="/dev/ttyUSB0"),
    ]
    assert find_again(identity_of(LEFT), swapped) == swapped[0]
    assert find_again(identity_of(RIGHT), swapped) == swapped[1]


def test_twins_that_swap_their_sockets_swap_their_gates() -> None:
    """Nothing tells one from the other: the left gate reads what is in the left socket."""
    assert find_again(identity_of(LEFT), [RIGHT, LEFT]) == LEFT


def test_the_twin_that_is_left_is_not_taken_for_the_one_that_was_unplugged() -> None:
    assert find_again(identity_of(LEFT), [RIGHT]) is None


def test_without_a_serial_number_another_product_in_the_socket_is_another_device() -> None:
    modem = port("/dev/ttyUSB0", "1-3", "1a86:55d4")
    assert find_again(identity_of(LEFT), [modem]) is None


def test_a_serial_number_that_twins_share_is_nobodys() -> None:
    left = port("/dev/ttyACM0", "1-3:1.0", "27dd:0103", "0001")
    right = port("/dev/ttyACM1", "1-4:1.0", "27dd:0103", "0001")
    known = identity_of(left, among=[left, right])
    assert known.serial_number is None
    assert find_again(known, [right]) is None
    assert find_again(known, [right, left]) == left


def test_where_sockets_are_not_told_a_shared_serial_number_is_nobodys_either() -> None:
    twins = [port(path, None, "27dd:0103", "0001") for path in ("COM3", "COM4")]
    assert identity_of(twins[0], among=twins).serial_number is None
    assert identity_of(twins[0], among=twins[:1]).serial_number == "0001"


def test_of_two_with_one_serial_number_the_socket_decides() -> None:
    """One came later, with the number that the first had alone."""
    left = port("/dev/ttyACM0", "1-3:1.0", "27dd:0103", "0001")
    newcomer = port("/dev/ttyACM1", "1-4:1.0", "27dd:0103", "0001")
    assert find_again(identity_of(left), [newcomer, left]) == left


def test_in_another_mode_it_may_be_another_interface_of_the_same_socket() -> None:
    left = port("/dev/ttyACM0", "1-3:1.0", "27dd:0103", "0001")
    in_other_mode = port("/dev/ttyUSB0", "1-3", "27dd:0104", "0001")
    newcomer = port("/dev/ttyACM1", "1-4:1.0", "27dd:0103", "0001")
    assert find_again(identity_of(left), [newcomer, in_other_mode]) == in_other_mode


def test_where_no_socket_decides_either_it_is_refused() -> None:
    left = port("/dev/ttyACM0", "1-3:1.0", "27dd:0103", "0001")
    others = [port(f"/dev/ttyACM{n}", f"1-{n}:1.0", "27dd:0103", "0001") for n in (7, 8)]
    with pytest.raises(PeerError, match=r"ttyACM7, /dev/ttyACM8 could each be the scanner 0001"):
        find_again(identity_of(left), others)


def test_two_ports_of_one_unit_are_told_apart_by_their_interfaces() -> None:
    ports = [port(f"/dev/ttyUSB{n}", f"1-1:1.{n}", "0403:6010", "FT1") for n in (0, 1)]
    for each in ports:
        assert find_again(identity_of(each, among=ports), ports) == each


def test_where_sockets_are_not_told_the_path_that_stays_decides() -> None:
    known = identity_of(port("/dev/ttyUSB0", None, "1a86:7523", stable="/dev/serial/by-path/a"))
    back = port("/dev/ttyUSB5", None, "1a86:7523", stable="/dev/serial/by-path/a")
    other = port("/dev/ttyUSB0", None, "1a86:7523", stable="/dev/serial/by-path/b")
    assert find_again(known, [other, back]) == back
    assert find_again(known, [other]) is None


def test_a_port_of_the_board_is_its_path() -> None:
    assert find_again(identity_of(BOARD), [ZEBRA, BOARD]) == BOARD
    assert find_again(identity_of(BOARD), [port("/dev/ttyS1")], exists=lambda _: False) is None


def test_a_pseudo_terminal_behind_a_link_is_here_as_long_as_the_link_leads_somewhere(
    tmp_path: Path,
) -> None:
    """No system lists it; an emulated scanner that is plugged in again has another behind it."""
    link = tmp_path / "scanner"
    known = identity_of(port(str(link)))
    link.symlink_to(tmp_path / "pts-1")
    assert find_again(known, [BOARD]) is None
    (tmp_path / "pts-1").touch()
    assert find_again(known, [BOARD]) == port(str(link))


def test_a_path_alone_is_never_another_kind_of_device() -> None:
    known = identity_of(port("COM3", None, "05e0:1701"))
    assert find_again(known, [port("COM3", None, "1a86:7523")]) is None


def raw(path: str, socket: str) -> FoundHid:
    usb = UsbIdentity(0x05E0, 0x1300)
    return FoundHid(path, "pos", "Symbol HID-POS", location=socket, usb=usb)


def test_a_hid_scanner_is_found_again_by_the_same_rules() -> None:
    """Raw devices have no path that stays: they are numbered as they come."""
    north, south = raw("/dev/hidraw0", "1-3"), raw("/dev/hidraw1", "1-4")
    swapped = [raw("/dev/hidraw0", "1-4"), raw("/dev/hidraw1", "1-3")]
    assert find_hid_again(identity_of(north, [north, south]), swapped) == swapped[1]
    assert find_hid_again(identity_of(north, [north, south]), swapped[:1]) is None


def test_two_keyboards_of_one_scanner_are_told_apart_by_the_path_that_stays() -> None:
    usb = UsbIdentity(0x0C2E, 0x0B61, serial_number="H7")
    both = [
        FoundHid(f"/dev/input/event{n}", "wedge", "Honeywell", True, f"/by-id/{n}", "1-6", usb)
        for n in (3, 4)
    ]
    for each in both:
        back = [msgspec.structs.replace(one, path=one.path + "9") for one in both]
        found = find_hid_again(identity_of(each, both), back)
        assert found is not None
        assert found.stable_path == each.stable_path


def test_a_hid_device_that_is_gone_is_no_file_that_exists(tmp_path: Path) -> None:
    bluetooth = FoundHid(str(tmp_path), "wedge", "Bluetooth Scanner")
    assert find_hid_again(identity_of(bluetooth), []) is None


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (identity_of(ZEBRA), "the scanner S123 of vendor 05e0"),
        (identity_of(LEFT), "1a86:7523 in socket 1-3"),
        (identity_of(BOARD), "/dev/ttyS0"),
    ],
)
def test_an_identity_says_what_it_goes_by(known: SerialIdentity, words: str) -> None:
    assert str(known) == words
