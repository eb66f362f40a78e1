"""What stays the same in every version of the protocol, so that versions can tell each other.

Fleets and conductors of different versions cannot work together. What they can do, for ever, is say
who they are: on `gatedrill/v<number>/up/<fleet>/presence/<boot>` and on
`gatedrill/v<number>/conductor/<conductor>`, in JSON with the fields below (docs/mqtt.md, Versions).
"""

import re

import msgspec

from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.topics import CONDUCTOR, PRESENCE, ROOT, Channel

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

PRESENCE_OF_ANY_VERSION: Channel[AnyPresence] = Channel(
    PRESENCE.name,
    f"{{version}}/{PRESENCE.template}",
    AnyPresence,
    PRESENCE.meaning,
    retain=True,
    root=_FAMILY,
)
CONDUCTOR_OF_ANY_VERSION: Channel[AnyConductor] = Channel(
    CONDUCTOR.name,
    f"{{version}}/{CONDUCTOR.template}",
    AnyConductor,
    CONDUCTOR.meaning,
    retain=True,
    root=_FAMILY,
)


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
