"""What stays the same in every version of the protocol, so that versions can tell each other.

Fleets and conductors of different versions cannot work together. What they can do, for ever, is say
who they are: on `gatedrill/v<number>/up/<fleet>/presence/<boot>` and on
`gatedrill/v<number>/conductor/<conductor>`, in JSON with the fields below (docs/mqtt.md, Versions).
"""

import re
from typing import TypeVar

import msgspec

from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.topics import CONDUCTOR, PRESENCE, ROOT, Channel, M

A = TypeVar("A")

CURE = "install the same gatedrill on both"


class AnyPresence(msgspec.Struct, frozen=True):
    """A fleet of whatever version; the rest of what it says is that version's business."""

    fleet: str = ""
    boot: str = ""
    host: str = ""
    protocol: int | None = None


class AnyConductor(msgspec.Struct, frozen=True):
    """A conductor of whatever version."""

    conductor: str = ""
    host: str = ""


_FAMILY = ROOT.rpartition("/")[0]


def _of_any_version(channel: Channel[M], message: type[A]) -> Channel[A]:
    """The same channel with the version as a level, and what every version says on it."""
    return Channel(
        channel.name,
        f"{{version}}/{channel.template}",
        message,
        channel.meaning,
        retain=channel.retain,
        root=_FAMILY,
    )


PRESENCE_OF_ANY_VERSION = _of_any_version(PRESENCE, AnyPresence)
CONDUCTOR_OF_ANY_VERSION = _of_any_version(CONDUCTOR, AnyConductor)


def other_version(level: str, told: int | None = None) -> int | None:
    """The version that somebody speaks on a topic with this level, `v2`; None if it is ours.

    One may tell another version than that of the topic: then it is the one told. None as well for
    a level that names no version at all.
    """
    found = re.fullmatch(r"v([0-9]{1,9})", level)
    if found is None:
        return None
    version = int(found[1]) if told is None or told == PROTOCOL_VERSION else told
    return None if version == PROTOCOL_VERSION else version
