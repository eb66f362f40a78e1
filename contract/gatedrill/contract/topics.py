"""The MQTT topics and what is said on each; MQTT 3.1.1 and a portable subset of it.

The direction stands in the topic, so that a broker's access rules stay short: a fleet writes below
`up/<its name>`, only the conductor writes below `down` and `all`, only the registrar below
`registrar`. Names in topics consist of
lowercase letters, digits, `-` and `_` (some brokers translate `.`, spaces and capitals).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import (
    PROTOCOL_VERSION,
    Admission,
    Arm,
    Armed,
    AskQueues,
    AskWalkIns,
    ConductorClaim,
    Fire,
    Ping,
    Pong,
    Presence,
    QueueReport,
    RegistrarPresence,
    Repeat,
    Report,
    SetClock,
    Twin,
    VenueClaim,
    VenueGrant,
    WalkIns,
)

M = TypeVar("M")

ROOT = f"gatedrill/v{PROTOCOL_VERSION}"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def is_name(text: str) -> bool:
    """Whether `text` may stand in a topic as a name."""
    return _NAME.fullmatch(text) is not None


def check_name(name: str, what: str) -> str:
    """Return `name` if it may stand in a topic, else raise UsageError telling `what` it names."""
    if is_name(name):
        return name
    raise UsageError(
        f"{what} {name!r} is not allowed: use 1 to 64 lowercase letters, digits, '-' or '_', "
        "beginning with a letter or digit"
    )


@dataclass(frozen=True)
class Channel(Generic[M]):
    """A family of topics that carry one type of message.

    `template` holds named levels in braces, as in `up/{fleet}/presence/{boot}`, below `root`.
    `retain` tells whether the broker keeps the last message for those who come later, `qos` how
    hard it tries.
    """

    name: str
    template: str
    message: object
    meaning: str
    retain: bool = False
    qos: int = 1
    root: str = ROOT

    def topic(self, **levels: str) -> str:
        """The one topic with these levels; KeyError if one is missing."""
        return f"{self.root}/{self.template.format_map(levels)}"

    def pattern(self, **levels: str) -> str:
        """The subscription that matches these levels and any value of the others."""
        return f"{self.root}/{self.template.format_map(_AnyLevel(levels))}"

    def levels(self, topic: str) -> dict[str, str] | None:
        """The named levels of `topic`, or None if it is not one of this channel's."""
        mine = f"{self.root}/{self.template}".split("/")
        theirs = topic.split("/")
        if len(mine) != len(theirs):
            return None
        found: dict[str, str] = {}
        for ours, level in zip(mine, theirs, strict=True):
            if ours.startswith("{") and is_name(level):
                found[ours[1:-1]] = level
            elif ours != level:
                return None
        return found

    def encode(self, message: M) -> bytes:
        """The payload of `message`."""
        return msgspec.json.encode(message)

    def decode(self, payload: bytes) -> M:
        """The message in `payload`; msgspec.DecodeError if it is not one of this channel's."""
        decoded: M = msgspec.json.decode(payload, type=self.message)
        return decoded


class _AnyLevel(dict[str, str]):
    def __init__(self, levels: Mapping[str, str]) -> None:
        super().__init__(levels)

    def __missing__(self, key: str) -> str:
        return "+"


PRESENCE: Channel[Presence] = Channel(
    "presence",
    "up/{fleet}/presence/{boot}",
    Presence,
    "a fleet and its devices are here; heartbeat; empty when gone",
    retain=True,
)
TWIN: Channel[Twin] = Channel(
    "twin", "up/{fleet}/twin/{boot}", Twin, "we leave, as you host a device of ours"
)
PONG: Channel[Pong] = Channel("pong", "up/{fleet}/pong/{boot}", Pong, "answer to a ping", qos=0)
ARMED: Channel[Armed] = Channel(
    "armed", "up/{fleet}/armed/{run}", Armed, "the fleet is ready for a step"
)
REPORT: Channel[Report] = Channel(
    "report", "up/{fleet}/report/{run}", Report, "attempts that ended"
)
PING: Channel[Ping] = Channel("ping", "down/{fleet}/ping", Ping, "clock question", qos=0)
ARM: Channel[Arm] = Channel(
    "arm", "down/{fleet}/arm/{run}", Arm, "make everything ready for a step"
)
FIRE: Channel[Fire] = Channel("fire", "all/fire/{run}", Fire, "the common instant of a step")
REPEAT: Channel[Repeat] = Channel(
    "repeat", "all/repeat/{run}", Repeat, "say again what was said of a step"
)
ASK_QUEUES: Channel[AskQueues] = Channel(
    "ask-queues", "all/queues/{run}", AskQueues, "tell what the journals hold"
)
QUEUES: Channel[QueueReport] = Channel(
    "queues", "up/{fleet}/queues/{run}", QueueReport, "what the journals hold"
)
ASK_WALK_INS: Channel[AskWalkIns] = Channel(
    "ask-walk-ins", "all/walk-ins/{run}", AskWalkIns, "tell of scans that nobody had ordered"
)
WALK_INS: Channel[WalkIns] = Channel(
    "walk-ins", "up/{fleet}/walk-ins/{run}", WalkIns, "scans that nobody had ordered"
)
SET_CLOCK: Channel[SetClock] = Channel(
    "set-clock", "down/{fleet}/clock", SetClock, "a device's time of day goes wrong"
)
CLAIM: Channel[VenueClaim] = Channel(
    "claim", "up/{fleet}/claim", VenueClaim, "may this device let somebody in?"
)
ADMISSION: Channel[Admission] = Channel(
    "admission", "up/{fleet}/admission", Admission, "the service has let somebody in"
)
GRANT: Channel[VenueGrant] = Channel(
    "grant", "registrar/grant/{fleet}", VenueGrant, "the registrar's answer to a claim"
)
REGISTRAR: Channel[RegistrarPresence] = Channel(
    "registrar",
    "registrar/presence/{boot}",
    RegistrarPresence,
    "a registrar is here; heartbeat; empty when gone",
    retain=True,
)
CONDUCTOR: Channel[ConductorClaim] = Channel(
    "conductor",
    "conductor/{conductor}",
    ConductorClaim,
    "who conducts this venue; empty when gone",
    retain=True,
)

CHANNELS: tuple[Channel[object], ...] = (
    PRESENCE,
    TWIN,
    PONG,
    ARMED,
    REPORT,
    PING,
    ARM,
    FIRE,
    REPEAT,
    ASK_QUEUES,
    QUEUES,
    ASK_WALK_INS,
    WALK_INS,
    SET_CLOCK,
    CLAIM,
    ADMISSION,
    GRANT,
    REGISTRAR,
    CONDUCTOR,
)  # type: ignore[assignment]
