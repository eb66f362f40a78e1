"""How many devices of one name are told apart: by a number, `hall-1-01`, `hall-1-02` and so on.

The numbers have one width within a fleet, so that names sort as they do, and two digits at least:
`hall-1` is no device of the fleet `hall`.
"""

import re
from collections.abc import Collection

_MIN_WIDTH = 2


def numbered(prefix: str, count: int) -> list[str]:
    """The names of `count` devices under this prefix, from 1 on."""
    return _names(prefix, count, max(_MIN_WIDTH, len(str(count))))


def is_numbered(name: str, prefix: str) -> bool:
    """Whether `name` is this prefix with a number."""
    return re.fullmatch(rf"{re.escape(prefix)}-[0-9]{{{_MIN_WIDTH},}}", name) is not None


def missing_numbers(prefix: str, count: int, here: Collection[str]) -> list[str]:
    """Which of the first `count` devices under this prefix are not among those that are `here`.

    Empty where their names do not tell: nobody is here, some have no number or another width, or
    one higher than `count`, as of a fleet that is larger than what is asked for.
    """
    if len({len(name) for name in here}) != 1:
        return []
    width = len(next(iter(here))) - len(prefix) - 1
    if len(str(count)) > width or not all(is_numbered(name, prefix) for name in here):
        return []
    absent = [name for name in _names(prefix, count, width) if name not in here]
    return absent if len(absent) + len(here) == count else []


def _names(prefix: str, count: int, width: int) -> list[str]:
    return [f"{prefix}-{number:0{width}}" for number in range(1, count + 1)]
