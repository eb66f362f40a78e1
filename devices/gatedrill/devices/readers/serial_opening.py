"""Opening a serial port, and saying what stands in the way."""

import errno

import serial
from serial.tools import list_ports

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.exclusive import keep_others_out
from gatedrill.devices.readers.serial_settings import FlowControl, SerialSettings


def open_port(port: str, settings: SerialSettings) -> serial.Serial:
    """Open the port for this process alone, and throw away what has come before.

    May take a while. Raises UsageError when the port is missing, forbidden, taken or no serial
    port, or cannot be set as wanted.
    """
    try:
        # pyserial itself bears with pseudo-terminals, which have no DTR and RTS to raise.
        opened = serial.Serial(
            port,
            settings.baud,
            bytesize=settings.data_bits,
            parity=settings.parity.value,
            stopbits=settings.stop_bits,
            rtscts=settings.flow_control is FlowControl.RTS_CTS,
            xonxoff=settings.flow_control is FlowControl.XON_XOFF,
            exclusive=True,
        )
    except Exception as error:  # beside its own, pyserial lets termios.error and ValueError through
        number = error.errno if isinstance(error, OSError) else None
        why = _cure(number, error)
        raise UsageError(f"serial port {port} at {settings.line}: {why}") from error
    keep_others_out(opened.fileno())
    return opened


def _cure(number: int | None, error: Exception) -> str:
    match number:
        case errno.ENOENT:
            return f"there is no such port; this machine has {_known_ports()}"
        case errno.EACCES | errno.EPERM:
            return "no permission; on Linux join the port's group (mostly `dialout`), log in again"
        case errno.EAGAIN | errno.EBUSY:
            return "another reader holds it; close that one, or give each device a port of its own"
        case errno.EMFILE:
            return "too many files are open in this process; raise `ulimit -n`"
        case _:
            return f"it cannot be opened as a serial port ({error})"


def _known_ports() -> str:
    return ", ".join(sorted(port.device for port in list_ports.comports())) or "none"
