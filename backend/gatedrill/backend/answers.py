"""What uploads were answered, so that they are told the same again.

An upload whose answer was lost on the way is sent again: it must neither take effect twice nor lose
against itself. A key is what tells an upload from every other; None when nothing does, and then
nothing is remembered.
"""

from typing import TypeVar

import msgspec

from gatedrill.backend.store import Lock, Transaction
from gatedrill.backend.tables import AnswerRow

A = TypeVar("A", bound=msgspec.Struct)


def key_of(*parts: str | None) -> str:
    """The key of the upload that these tell from others."""
    return msgspec.json.encode(parts).decode()


async def recall(records: Transaction, key: str | None, kind: type[A]) -> A | None:
    """The earlier answer; None when there is none."""
    row = None if key is None else await records.find(AnswerRow, key, lock=Lock.NONE)
    return None if row is None else msgspec.json.decode(row.body, type=kind)


async def remember(
    records: Transaction, key: str | None, answer: msgspec.Struct, *, is_new: bool = True
) -> None:
    """Keep the answer; DuplicateError if it is new and the same upload has come meanwhile."""
    if key is not None:
        row = AnswerRow(key, msgspec.json.encode(answer).decode())
        await (records.insert(row) if is_new else records.update(row))
