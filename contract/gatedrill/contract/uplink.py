"""The uplink: the proxy between the devices and the check-in service, and what can go wrong on it.

A device asks it for a tunnel (HTTP CONNECT) to the service and names itself; whoever has the key
says which faults are in force. What each fault does at the wire: docs/uplink.md.
"""

import random
from enum import StrEnum
from typing import Annotated

import msgspec

FAULTS_PATH = "/faults"
HEALTH_PATH = "/health"
DEVICE_HEADER = "x-gatedrill-device"
"""By it a device names itself when it asks for a tunnel."""
KEY_HEADER = "authorization"
"""Carries `Bearer`, a space and the key, when faults are put."""


class UplinkFaultKind(StrEnum):
    """What can go wrong."""

    DOWN = "down"
    """Nothing passes either way, and nobody says so."""
    ANSWERS_LOST = "answers-lost"
    """Requests reach the service, and its answers do not come back."""
    SLOW = "slow"
    """Answers come later."""
    LOSSY = "lossy"
    """Connections are reset in the middle of a request or of its answer."""
    GARBAGE = "garbage"
    """Answers say what the service did not say."""


class UplinkFault(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One fault; `id` is its name among those in force.

    It strikes `devices`, and all of them where none is named. `delay_ms` is how much later the
    answers of a slow uplink come. `share` is how many of the exchanges a lossy one cuts, or how
    many answers garbage is made of; which ones is drawn from `seed`.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    kind: UplinkFaultKind
    devices: tuple[str, ...] = ()
    delay_ms: Annotated[float, msgspec.Meta(ge=0, le=60_000)] = 0.0
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    seed: int = 0


class UplinkFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PUT `/faults`: the whole of what is in force from now on."""

    faults: tuple[UplinkFault, ...] = ()


class UplinkHealth(msgspec.Struct, frozen=True):
    """GET `/health`: where the tunnels lead, how many there are, and which faults are in force."""

    target: str
    tunnels: int
    faults: tuple[str, ...]


class Fate(StrEnum):
    """What a lossy uplink does to one exchange."""

    SPARED = "spared"
    CUT_IN_REQUEST = "cut_in_request"
    """The service never has all of it."""
    CUT_IN_ANSWER = "cut_in_answer"
    """The service has acted, and the device never has all of what it says."""


def strikes(fault: UplinkFault, device: str) -> bool:
    """Whether a fault is this device's; one that did not name itself has an empty name."""
    return not fault.devices or device in fault.devices


def draw(fault: UplinkFault, device: str, exchange: int) -> float:
    """A number from 0 to below 1 for a device's exchange, counted from when the fault began."""
    return random.Random(f"{fault.seed}/{fault.id}/{device}/{exchange}").random()


def fate(fault: UplinkFault, drawn: float) -> Fate:
    """What becomes of the exchange that drew this: half of those cut are cut in the request."""
    if drawn >= fault.share:
        return Fate.SPARED
    return Fate.CUT_IN_REQUEST if drawn < fault.share / 2 else Fate.CUT_IN_ANSWER
