"""Bytes as a manual writes them, for those that no screen shows."""

_ASCII = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN "
    "EM SUB ESC FS GS RS US SP"
)
_NAMES = _ASCII.split()


def spelled(data: bytes) -> str:
    """As in `1b 37 2c (ESC 7 ,)`: the bytes in hex, and by ASCII name or sign; `.` without one."""
    return f"{data.hex(' ')} ({' '.join(map(_name, data))})"


def _name(byte: int) -> str:
    if byte < len(_NAMES):
        return _NAMES[byte]
    if byte < 0x7F:
        return chr(byte)
    return "DEL" if byte == 0x7F else "."
