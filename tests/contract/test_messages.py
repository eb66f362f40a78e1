"""Every message survives its channel's encoding, and nothing else is taken for it."""

from typing import Any

import msgspec
import pytest

from gatedrill.contract.attempt import (
    Ask,
    AskKind,
    AttemptRecord,
    CheckoutRecord,
    ClaimAsk,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.messages import (
    KIOSK,
    PROTOCOL_VERSION,
    Admission,
    ArmBurst,
    Armed,
    ArmStream,
    AskQueues,
    AskWalkIns,
    BurstKind,
    CheckoutOrder,
    ConductorClaim,
    DeviceInfo,
    DeviceState,
    Fire,
    LinkOrder,
    OfflinePolicy,
    Order,
    Ping,
    Pong,
    Presence,
    Presentation,
    QueueEntry,
    QueueReport,
    QueueState,
    RegistrarPresence,
    Repeat,
    Report,
    SetClock,
    Twin,
    VenueClaim,
    VenueGrant,
    WalkIns,
    WebhookOrder,
)
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.contract.service import (
    COMPLETED_EVENT,
    PaymentEvent,
    PaymentEventData,
    PaymentSession,
    SessionMetadata,
)
from gatedrill.contract.topics import (
    ADMISSION,
    ARM,
    ARMED,
    ASK_QUEUES,
    ASK_WALK_INS,
    CHANNELS,
    CLAIM,
    CONDUCTOR,
    FIRE,
    GRANT,
    PING,
    PONG,
    PRESENCE,
    QUEUES,
    REGISTRAR,
    REPEAT,
    REPORT,
    SET_CLOCK,
    TWIN,
    WALK_INS,
    Channel,
    M,
)

ADMITTED = ScanRecord(
    attempt="a1",
    device="north-1",
    symbol="T-1",
    intended_ns=1,
    released_ns=2,
    decoded_ns=3,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.READMITTED),
    last_entry_at="2026-05-01T20:00:00Z",
    checked_in_guests=3,
)
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
BOOKED = CheckoutRecord(
    attempt="a3",
    device="kiosk-1",
    intended_ns=1,
    released_ns=2,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.BOOKED),
    asks=(Ask(2, 3, http_status=200, kind=AskKind.CHECKOUT),),
    slot="evening",
    guests=2,
    checkout="c1",
    session="s1",
)
PAID = WebhookRecord(
    attempt="a4",
    device="kiosk-1",
    intended_ns=1,
    released_ns=2,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.CONFIRMED),
    event="evt",
    session="s1",
)
JOINED = LinkRecord(
    attempt="a5",
    device="kiosk-1",
    intended_ns=1,
    released_ns=2,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.REFUSED, Reason.FULL),
    ticket="t1",
    reservation="r1",
)
RECORDS: tuple[AttemptRecord, ...] = (ADMITTED, UNKNOWN, BOOKED, PAID, JOINED)
SHOWN = (Presentation("a1", "north-1", "T-1", seed=7),)
DUE = (Presentation("a1", "north-1", "T-1", seed=7, due_s=0.5),)
MARKED = SessionMetadata("evening", "2", "c1", slots_reserved="true")
OF_OLD = SessionMetadata("evening", "2")
ORDERS: tuple[Order, ...] = (
    *SHOWN,
    CheckoutOrder("a3", "kiosk-1", "evening", 2),
    *(
        WebhookOrder(
            "a4",
            "kiosk-1",
            PaymentEvent("evt", COMPLETED_EVENT, PaymentEventData(PaymentSession("s1", metadata))),
        )
        for metadata in (MARKED, OF_OLD)
    ),
    LinkOrder("a5", "kiosk-1", "t1", "r1"),
)
ANYBODY = OfflinePolicy(tuple(Authority), budget_s=1.5, edition="e1")
QUEUED = DeviceState(Authority.VENUE, queued=2, oldest_s=7.5)
BEGUN = QueueEntry("a1", "north-1", "b", "n1", "t1", QueueState.ASKED)
UPLOADED = QueueEntry(
    "a2",
    "north-1",
    "b",
    "n2",
    "t2",
    QueueState.CONFLICT,
    outcome=Outcome(OutcomeKind.ADMITTED),
    authority=Authority.OFFLINE,
    scanned_at="2026-11-27T20:00:00.000000+00:00",
    clock_bound_ms=2.5,
    tries=1,
    settled_ns=7,
    winner_device="south-1",
    winner_time="2026-11-27T19:59:59.000000+00:00",
)
CASES: list[tuple[Channel[Any], object]] = [
    (PRESENCE, Presence("f", "b", "host", "http://h", (DeviceInfo("north-1", "camera", 2.0),))),
    (PRESENCE, Presence("f", "b", "host", "http://h", (DeviceInfo("kiosk-1", KIOSK, 0.0),))),
    (PRESENCE, Presence("f", "b", "host", "http://h", (), protocol=PROTOCOL_VERSION + 1)),
    (PONG, Pong("b", 1, 2, 3)),
    (PING, Ping(-(2**63))),
    (ARMED, Armed("s", "b")),
    (ARMED, Armed("s", "b", {"north-1": "camera is unplugged"})),
    (REPORT, Report("s", "b", RECORDS, finished=True, total=7)),
    (REPORT, Report("s", "b", ())),
    (ARM, ArmBurst("s", "b", BurstKind.PRESENT, -5, SHOWN)),
    (ARM, ArmBurst("s", "b", BurstKind.REQUEST, 5, ORDERS)),
    (ARM, ArmBurst("s", "b", BurstKind.REQUEST, 5, ())),
    (ARM, ArmStream("s", "b", 0, SHOWN, pause_s=0.25, duration_s=10.0)),
    (ARM, ArmStream("s", "b", 0, DUE, pause_s=0.0, duration_s=10.0)),
    (FIRE, Fire("s", 2**62)),
    (ARM, ArmBurst("s", "b", BurstKind.REQUEST, 5, ORDERS, ANYBODY)),
    (ARM, ArmStream("s", "b", 0, SHOWN, pause_s=0.25, duration_s=10.0, policy=ANYBODY)),
    (PRESENCE, Presence("f", "b", "host", "http://h", (), states={"north-1": QUEUED})),
    (TWIN, Twin("f", "host", "north-1")),
    (REPEAT, Repeat("s")),
    (ASK_QUEUES, AskQueues("e1")),
    (QUEUES, QueueReport("b", "e1", (), finished=True, total=2)),
    (ASK_WALK_INS, AskWalkIns(1)),
    (WALK_INS, WalkIns("b", 1, (), finished=True, total=0)),
    (QUEUES, QueueReport("b", "e1", (UPLOADED, BEGUN))),
    (SET_CLOCK, SetClock("north-1", -600.0)),
    (CLAIM, VenueClaim("n1", "north-1", "e1", "t1", comes_back=True)),
    (ADMISSION, Admission("e1", "t1", "north-1", "n1")),
    (GRANT, VenueGrant("n1", "r1", granted=True)),
    (GRANT, VenueGrant("n2", "r1", granted=False, reason=Reason.ALREADY_USED, first_claim="n1")),
    (REGISTRAR, RegistrarPresence("r1", "b", "host", 7)),
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


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_keeps_its_kind(record: AttemptRecord) -> None:
    [told] = REPORT.decode(REPORT.encode(Report("s", "b", (record,)))).records

    assert told == record
    assert type(told) is type(record)


@pytest.mark.parametrize(
    "kind", ["levitation", ""], ids=["of unknown kind", "without a kind of its own"]
)
def test_an_order_or_a_record_of_unknown_kind_is_refused(kind: str) -> None:
    order = f'{{"kind": "{kind}", "attempt": "a", "device": "d"}}'
    arm = f'{{"type": "burst", "step": "s", "boot": "b", "burst": "request", "orders": [{order}]'
    with pytest.raises(msgspec.ValidationError, match="kind"):
        ARM.decode(f'{arm}, "clock_offset_ns": 0}}'.encode())
    with pytest.raises(msgspec.ValidationError, match="kind"):
        REPORT.decode(f'{{"step": "s", "boot": "b", "records": [{order}]}}'.encode())


def test_a_stream_shows_tickets_and_orders_nothing_else() -> None:
    payload = msgspec.json.encode(
        {
            "type": "stream",
            "step": "s",
            "boot": "b",
            "clock_offset_ns": 0,
            "pause_s": 0.1,
            "duration_s": 1,
            "orders": [CheckoutOrder("a3", "kiosk-1", "evening", 2)],
        }
    )

    with pytest.raises(msgspec.ValidationError):
        ARM.decode(payload)


def test_what_a_fleet_of_the_first_protocol_says_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        REPORT.decode(b'{"step": "s", "boot": "b", "scans": []}')


def test_only_a_device_without_a_reader_is_a_kiosk() -> None:
    assert DeviceInfo("kiosk-1", KIOSK, 0.0).is_kiosk
    assert not DeviceInfo("kiosk-1", "camera", 1.0).is_kiosk


def test_a_scan_takes_its_claim_along_to_another_clock() -> None:
    claimed = msgspec.structs.replace(ADMITTED, claim=ClaimAsk(30, 40, "r1", granted=True))

    moved = claimed.shifted(5)

    assert moved.claim == ClaimAsk(35, 45, "r1", granted=True)
    assert ADMITTED.shifted(5).claim is None
