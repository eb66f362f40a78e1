"""As much of a HID report descriptor as tells what a device is for.

The format: Device Class Definition for Human Interface Devices 1.11, section 6.2.2.
"""

from collections.abc import Iterator

_LONG_ITEM = 0xFE
_USAGE_PAGE = 0x04
_TAG_AND_TYPE = 0xFC
_SIZES = (0, 1, 2, 4)


def has_usage_page(descriptor: bytes, page: int) -> bool:
    """Whether a device has anything of this usage page. A broken descriptor has what it got to."""
    return any(
        tag == _USAGE_PAGE and int.from_bytes(data, "little") == page
        for tag, data in _items(descriptor)
    )


def _items(descriptor: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        if prefix == _LONG_ITEM:  # its size stands in the next byte, its tag in the one after
            at += 3 + int.from_bytes(descriptor[at + 1 : at + 2], "little")
            continue
        size = _SIZES[prefix & 3]
        yield prefix & _TAG_AND_TYPE, descriptor[at + 1 : at + 1 + size]
        at += 1 + size
