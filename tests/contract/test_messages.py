"""Every message survives its channel's encoding, and nothing else is taken for it."""

from typing import Any

import msgspec
import pytest

from gatedrill.contract.attempt import Ask, ScanRecord
from gatedrill.contract.messages import (
    PROTOCOL_VERSION,
    ArmBurst,
    Armed,
    ArmStream,
    BurstKind,
    ConductorClaim,
    DeviceInfo,
    Fire,
    Ping,
    Pong,
    Presence,
    Presentation,
    Report,
)
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.contract.topics import (
    ARM,
    ARMED,
    CHANNELS,
    CONDUCTOR,
    FIRE,
    PING,
    PONG,
    PRESENCE,
    REPORT,
    Channel,
    M,
)

ADMITTED = ScanRecord("a1", "north-1", "T-1", 1, 2, 3, 4, Outcome(OutcomeKind.ADMITTED))
UNKNOWN = ScanRecord(
    attempt="a2",
    device="north-2",
    symbol="T-é-\u2603",
    intended_ns=2**62,
    released_ns=-1,
    decoded_ns=None,
    decided_ns=2**63 - 1,
    outcome=Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT),
    authority=Authority.ONLINE,
    asks=(Ask(1, 2), Ask(3, 4, http_status=503, reason=Reason.SERVER_ERROR, arrived_ns=9)),
)
SHOWN = (Presentation("a1", "north-1", "T-1", seed=7),)
CASES: list[tuple[Channel[Any], object]] = [
    (PRESENCE, Presence("f", "b", "host", "http://h", (DeviceInfo("north-1", "camera", 2.0),))),
    (PRESENCE, Presence("f", "b", "host", "http://h", (), protocol=PROTOCOL_VERSION + 1)),
    (PONG, Pong("b", 1, 2, 3)),
    (PING, Ping(-(2**63))),
    (ARMED, Armed("s", "b")),
    (ARMED, Armed("s", "b", {"north-1": "camera is unplugged"})),
    (REPORT, Report("s", "b", (ADMITTED, UNKNOWN), finished=True)),
    (REPORT, Report("s", "b", ())),
    (ARM, ArmBurst("s", "b", BurstKind.PRESENT, -5, SHOWN)),
    (ARM, ArmBurst("s", "b", BurstKind.REQUEST, 5, ())),
    (ARM, ArmStream("s", "b", 0, SHOWN, pause_s=0.25, duration_s=10.0)),
    (FIRE, Fire("s", 2**62)),
    (CONDUCTOR, ConductorClaim("c", "host", 42)),
]


@pytest.mark.parametrize(("channel", "message"), CASES, ids=lambda case: type(case).__name__)
def test_a_message_survives_its_channel(channel: Channel[M], message: M) -> None:
    payload = channel.encode(message)
    assert channel.decode(payload) == message
    assert type(channel.decode(payload)) is type(message)


def test_every_channel_is_among_the_cases() -> None:
    assert {channel.name for channel, _ in CASES} == {channel.name for channel in CHANNELS}


@pytest.mark.parametrize("channel", CHANNELS, ids=[channel.name for channel in CHANNELS])
@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b"{}", b"\xff", b'{"step": 1}', b"{"])
def test_what_is_not_the_channels_message_is_refused(
    channel: Channel[object], payload: bytes
) -> None:
    with pytest.raises(msgspec.DecodeError):
        channel.decode(payload)


def test_a_field_that_a_newer_peer_added_is_overlooked() -> None:
    assert FIRE.decode(b'{"step": "s", "at_ns": 1, "new": true}') == Fire("s", 1)


def test_an_arm_of_unknown_kind_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="type"):
        ARM.decode(b'{"type": "trickle", "step": "s", "boot": "b"}')
