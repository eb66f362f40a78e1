"""Reading a HID report descriptor: which field of an input report lies where.

Makers of scanners order the fields as they like; the descriptor is what tells them apart. The
grammar is that of "Device Class Definition for HID 1.11", section 6.2.2.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import msgspec


class _Tag(IntEnum):
    """An item's tag and type, the two bits for its size cleared."""

    INPUT = 0x80
    OUTPUT = 0x90
    FEATURE = 0xB0
    COLLECTION = 0xA0
    END_COLLECTION = 0xC0
    USAGE_PAGE = 0x04
    REPORT_SIZE = 0x74
    REPORT_ID = 0x84
    REPORT_COUNT = 0x94
    PUSH = 0xA4
    POP = 0xB4
    USAGE = 0x08
    USAGE_MINIMUM = 0x18
    USAGE_MAXIMUM = 0x28


_MAIN_ITEMS: Final = frozenset(
    {_Tag.INPUT, _Tag.OUTPUT, _Tag.FEATURE, _Tag.COLLECTION, _Tag.END_COLLECTION}
)
_LONG_ITEM: Final = 0xFE

_SIZES: Final = (0, 1, 2, 4)
_MOST_USAGES: Final = 1024


class Field(msgspec.Struct, frozen=True):
    """An input field: `first_bit` counts from behind the report id, `bits` is its whole width.

    `usage` has the usage page in its upper half. `report_id` is 0 where reports have none.
    """

    report_id: int
    usage: int
    first_bit: int
    bits: int


class _Globals(msgspec.Struct):
    page: int = 0
    size: int = 0
    count: int = 0
    report_id: int = 0


def input_fields(descriptor: bytes) -> list[Field]:
    """All named fields of all input reports, in order.

    Consecutive elements with the same usage, such as the bytes of a text, are one field. What
    follows a broken item is not read.
    """
    return list(_Walk().fields(descriptor))


class _Walk:
    def __init__(self) -> None:
        self._globals = _Globals()
        self._pushed: list[_Globals] = []
        self._usages: list[int] = []
        self._minimum = 0
        self._next_bit: dict[int, int] = {}

    def fields(self, descriptor: bytes) -> Iterator[Field]:
        for tag, value, size in _items(descriptor):
            if tag == _Tag.INPUT:
                yield from self._input()
            if tag in _MAIN_ITEMS:
                self._usages = []
            elif tag in (_Tag.PUSH, _Tag.POP):
                self._stack(tag)
            elif not self._local(tag, value, size):
                self._global(tag, value)

    def _stack(self, tag: int) -> None:
        if tag == _Tag.PUSH:
            self._pushed.append(msgspec.structs.replace(self._globals))
        elif self._pushed:
            self._globals = self._pushed.pop()

    def _global(self, tag: int, value: int) -> None:
        match tag:
            case _Tag.USAGE_PAGE:
                self._globals.page = value
            case _Tag.REPORT_SIZE:
                self._globals.size = value
            case _Tag.REPORT_ID:
                self._globals.report_id = value
            case _Tag.REPORT_COUNT:
                self._globals.count = value

    def _local(self, tag: int, value: int, size: int) -> bool:
        usage = value if size == 4 else self._globals.page << 16 | value
        match tag:
            case _Tag.USAGE:
                self._usages.append(usage)
            case _Tag.USAGE_MINIMUM:
                self._minimum = usage
            case _Tag.USAGE_MAXIMUM:
                last = min(usage, self._minimum + _MOST_USAGES)
                self._usages += range(self._minimum, last + 1)
            case _:
                return False
        return True

    def _input(self) -> Iterator[Field]:
        at = self._globals
        first = self._next_bit.get(at.report_id, 0)
        self._next_bit[at.report_id] = first + at.size * at.count
        usages = self._usages[: at.count]
        for index, usage in enumerate(usages):
            # The last usage is that of all elements for which there is no further one.
            elements = at.count - index if index == len(usages) - 1 else 1
            yield Field(at.report_id, usage, first + index * at.size, elements * at.size)


def _items(descriptor: bytes) -> Iterator[tuple[int, int, int]]:
    """Each item's tag, its value and the size of that in bytes."""
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        if prefix == _LONG_ITEM:
            at += 3 + (descriptor[at + 1] if at + 1 < len(descriptor) else 0)
            continue
        size = _SIZES[prefix & 3]
        data = descriptor[at + 1 : at + 1 + size]
        if len(data) < size:
            return
        yield prefix & 0xFC, int.from_bytes(data, "little"), size
        at += 1 + size
