"""A machine made of files, with whatever plugged in that a test wants."""

from dataclasses import dataclass, field
from pathlib import Path

from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.serial_ports import PortInfo
from gatedrill.devices.hardware.surroundings import Surroundings, look_around

FULL_KEYBOARD = "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"
"""What the kernel writes of an ordinary keyboard on a 64-bit machine."""
FULL_KEYBOARD_32 = "10000 7 ff9f207a c14057ff febeffdf ffefffff ffffffff fffffffe"
MOUSE = "70000 0 0 0 0"
POWER_BUTTON = "10000000000000 0"

POS_DESCRIPTOR = bytes.fromhex("058c0902a1010912a1028502150026ff00750895380918810285c0c0")
"""As scanners have it that speak HID-POS: usage page 8C, scanner."""
KEYBOARD_DESCRIPTOR = bytes.fromhex(
    "05010906a101050719e029e715002501750195088102950175088101268c05c0"
)
"""A keyboard's; the bytes 8C 05 in it are data."""


@dataclass
class Info:
    """What pyserial would say of a port."""

    device: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None
    location: str | None = None
    manufacturer: str | None = None
    product: str | None = None


@dataclass
class FakeMachine:
    """Files below `root`; `forbidden` are paths that may not be opened, `missing` packages."""

    root: Path
    ports: list[PortInfo] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    @property
    def machine(self) -> Machine:
        return Machine(self.root, "linux")

    def comports(self) -> list[PortInfo]:
        return list(self.ports)

    def around(self) -> Surroundings:
        return look_around(
            self.machine,
            may_open=lambda file: f"/{file.relative_to(self.root)}" not in self.forbidden,
            has_package=lambda name: name not in self.missing,
        )

    def file(self, path: str, content: str | bytes = "") -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode())
        return file

    def link(self, path: str, to: str | Path) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.symlink_to(to)

    def usb(
        self,
        socket: str,
        ids: str,
        *,
        serial: str | None = None,
        vendor: str | None = None,
        product: str | None = None,
    ) -> str:
        """Plug a device into a socket; its folder in /sys."""
        folder = f"/sys/devices/pci0000:00/0000:00:14.0/usb1/{socket}"
        vendor_id, product_id = ids.split(":")
        told = {
            "idVendor": vendor_id,
            "idProduct": product_id,
            "serial": serial,
            "manufacturer": vendor,
            "product": product,
        }
        for name, value in told.items():
            if value is not None:
                self.file(f"{folder}/{name}", value)
        self.link(f"/sys/bus/usb/devices/{socket}", self.root / folder.lstrip("/"))
        return folder

    def serial(
        self,
        name: str,
        socket: str,
        ids: str,
        *,
        serial: str | None = None,
        vendor: str | None = None,
        product: str | None = None,
        by_id: str | None = None,
        interface: str = "1.0",
        number: str = "166:0",
    ) -> str:
        """Plug in something with a serial port; the port's path."""
        folder = self.usb(socket, ids, serial=serial, vendor=vendor, product=product)
        self.file(f"{folder}/{socket}:{interface}/tty/{name}/dev", number)
        self.file(f"/sys/class/tty/{name}/dev", number)
        self.file(f"/dev/{name}")
        self.link(f"/dev/serial/by-path/pci-usb-{socket}:{interface}", f"../../{name}")
        if by_id:
            self.link(f"/dev/serial/by-id/{by_id}", f"../../{name}")
        vid, pid = (int(part, 16) for part in ids.split(":"))
        location = f"{socket}:{interface}"
        self.ports.append(Info(f"/dev/{name}", vid, pid, serial, location, vendor, product))
        return f"/dev/{name}"

    def keyboard(
        self,
        event: str,
        name: str,
        socket: str | None,
        ids: str = "046d:c31c",
        *,
        serial: str | None = None,
        keys: str = FULL_KEYBOARD,
        by_id: str | None = None,
    ) -> str:
        """Plug in something that types, or build it in where there is no socket; its path."""
        usb = self.usb(socket, ids, serial=serial) if socket else "/sys/devices/platform/i8042"
        folder = f"{usb}/{socket}:1.0/0003:{ids}.0001/input/{event}-parent"
        self.file(f"{folder}/name", name)
        self.file(f"{folder}/capabilities/key", keys)
        self.link(f"/sys/class/input/{event}/device", self.root / folder.lstrip("/"))
        self.file(f"/dev/input/{event}")
        if by_id:
            self.link(f"/dev/input/by-id/{by_id}", f"../{event}")
        return f"/dev/input/{event}"

    def hidraw(self, name: str, socket: str, ids: str, called: str, descriptor: bytes) -> str:
        """Plug in a HID device with this report descriptor; its raw node's path."""
        usb = self.usb(socket, ids)
        folder = f"{usb}/{socket}:1.0/0003:{ids}.0002"
        self.file(f"{folder}/report_descriptor", descriptor)
        self.file(f"{folder}/uevent", f"DRIVER=hid-generic\nHID_NAME={called}\nHID_UNIQ=")
        self.link(f"/sys/class/hidraw/{name}/device", self.root / folder.lstrip("/"))
        self.file(f"/dev/{name}")
        return f"/dev/{name}"

    def camera(
        self,
        name: str,
        called: str,
        usb: str,
        *,
        index: int = 0,
        interface: str = "1.0",
        by_id: str | None = None,
    ) -> str:
        """Add a video node to a USB device; its path."""
        socket = usb.rpartition("/")[2]
        self.file(f"{usb}/{socket}:{interface}/uevent")
        self.file(f"/sys/class/video4linux/{name}/name", called)
        self.file(f"/sys/class/video4linux/{name}/index", str(index))
        device = self.root / f"{usb}/{socket}:{interface}".lstrip("/")
        self.link(f"/sys/class/video4linux/{name}/device", device)
        self.file(f"/dev/{name}")
        path = f"/dev/v4l/by-path/pci-usb-{socket}:{interface}-video-index{index}"
        self.link(path, f"../../{name}")
        if by_id:
            self.link(f"/dev/v4l/by-id/{by_id}-video-index{index}", f"../../{name}")
        return f"/dev/{name}"

    def process(self, pid: int, name: str, *opened: str) -> None:
        """Have a process run with these files open, and with a secret among its arguments."""
        self.file(f"/proc/{pid}/comm", name)
        self.file(f"/proc/{pid}/cmdline", f"{name}\0--password\0hunter2")
        for descriptor, path in enumerate(opened, 3):
            self.link(f"/proc/{pid}/fd/{descriptor}", path)
