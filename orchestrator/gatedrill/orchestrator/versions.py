"""Which version of a format a file is in, asked before anything else is believed of it."""

import msgspec

from gatedrill.contract.errors import UsageError


class _Versioned(msgspec.Struct):
    version: int | None = None


def check_version(contents: bytes, ours: int, where: str) -> None:
    """Raise UsageError naming `where` if this JSON object says that it is of another version.

    What is no such object at all is left to whoever decodes it in full.
    """
    try:
        found = msgspec.json.decode(contents, type=_Versioned).version
    except msgspec.DecodeError:
        return
    if found not in (None, ours):
        raise UsageError(f"{where}: version {found}, this gatedrill reads {ours}")
