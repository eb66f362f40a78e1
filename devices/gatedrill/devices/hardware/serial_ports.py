"""Serial ports, on every system that pyserial knows."""

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
from serial.tools import list_ports

from gatedrill.devices.hardware.found import FoundSerialPort, UsbIdentity
from gatedrill.devices.hardware.machine import Machine, printable, read_line
from gatedrill.devices.hardware.stable_paths import names_one_unit, stable_path


class PortInfo(Protocol):
    """What pyserial tells of a port (`serial.tools.list_ports_common.ListPortInfo`)."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None
    location: str | None
    manufacturer: str | None
    product: str | None


Comports = Callable[[], Iterable[PortInfo]]


def list_serial_ports(
    machine: Machine | None = None, comports: Comports | None = None
) -> list[FoundSerialPort]:
    """The serial ports of this machine, those on USB first, each with the best name it has."""
    machine = machine or Machine()
    infos = (comports or list_ports.comports)()
    told = [_port(info) for info in infos if not _is_empty_slot(machine, info.device)]
    ports = [_with_stable_path(machine, port, told) for port in told]
    return sorted(ports, key=lambda port: (port.usb is None, len(port.path), port.path))


def _port(info: PortInfo) -> FoundSerialPort:
    usb = None
    if info.vid is not None and info.pid is not None:
        usb = UsbIdentity(
            vendor_id=info.vid,
            product_id=info.pid,
            vendor=printable(info.manufacturer),
            product=printable(info.product),
            serial_number=printable(info.serial_number),
        )
    return FoundSerialPort(path=info.device, location=info.location or None, usb=usb)


def _with_stable_path(
    machine: Machine, port: FoundSerialPort, ports: list[FoundSerialPort]
) -> FoundSerialPort:
    if not machine.is_linux:  # elsewhere the port's own name is all there is
        return port
    path = stable_path(machine, "serial", port.path, by_id=names_one_unit(port, ports))
    return msgspec.structs.replace(port, stable_path=path)


def _is_empty_slot(machine: Machine, path: str) -> bool:
    """Linux has `/dev/ttyS0` to `31` whether there is a port behind them or not.

    pyserial tells them apart by their driver, which newer kernels name otherwise. The kernel itself
    says 0, PORT_UNKNOWN, of what is not there.
    """
    return read_line(machine.at(f"/sys/class/tty/{path.rpartition('/')[2]}/type")) == "0"
