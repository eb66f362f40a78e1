"""The history file: written as it happens, read also when it was torn off."""

from pathlib import Path

import pytest

from gatedrill.contract.attempt import (
    Ask,
    AskKind,
    CheckoutRecord,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import ReleaseMode
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.orchestrator.history import (
    HISTORY_VERSION,
    Attempted,
    ClockRead,
    Ended,
    Event,
    Fired,
    HistoryWriter,
    Released,
    Silent,
    Started,
    Unready,
    read_history,
)

STARTED = Started("run", "race", 1, "2026-11-20T12:00:00+00:00", "http://a", "mqtt://b")
SCAN = ScanRecord(
    attempt="race-1.1:gate-01",
    device="gate-01",
    symbol="naïve\u2028\n\r\x0b ticket",
    intended_ns=1,
    released_ns=2,
    decoded_ns=None,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.REFUSED, Reason.LOST_RACE),
    asks=(Ask(2, 3, 200, Reason.BUSY, 5, 6), Ask(3, 4)),
)
CHECKOUT = CheckoutRecord(
    attempt="slot-1.1:kiosk-01",
    device="kiosk-01",
    intended_ns=1,
    released_ns=2,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.BOOKED),
    asks=(Ask(2, 3, 200, kind=AskKind.CHECKOUT),),
    slot="evening",
    guests=2,
    checkout="c1",
    session="s1",
)
WEBHOOK = WebhookRecord(
    attempt="slot-1.1:kiosk-02",
    device="kiosk-02",
    intended_ns=1,
    released_ns=2,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT),
    event="evt",
    session="s1",
)
LINK = LinkRecord(
    attempt="slot-1.1:kiosk-03",
    device="kiosk-03",
    intended_ns=1,
    released_ns=2,
    decided_ns=4,
    outcome=Outcome(OutcomeKind.REFUSED, Reason.FULL),
    ticket="t1",
    reservation="r1",
)
EVENTS: list[Event] = [
    STARTED,
    ClockRead("east", -5, 7),
    Fired("race-1.1", 1_000),
    Released("race-1.1", "east", ReleaseMode.REAL_TIME),
    Attempted("race-1.1", "east", SCAN),
    Attempted("slot-1.1", "east", CHECKOUT),
    Attempted("slot-1.1", "east", WEBHOOK),
    Attempted("slot-1.1", "east", LINK),
    Unready("race-1.1", "gate-02", "unread"),
    Silent("race-1.1", "west", ("gate-03", "gate-04"), "its process has gone"),
    Ended(2_000, "interrupted"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def write(path: Path, events: list[Event]) -> None:
    with path.open("w", encoding="utf-8") as file:
        HistoryWriter(file).add(events)


def complaint(path: Path) -> str:
    with pytest.raises(UsageError) as raised:
        read_history(path)
    return str(raised.value)


def test_every_kind_of_event_is_read_as_it_was_written(path: Path) -> None:
    write(path, EVENTS)

    assert read_history(path) == tuple(EVENTS)


def test_every_event_is_one_line_whatever_a_ticket_contains(path: Path) -> None:
    write(path, EVENTS)

    assert path.read_bytes().count(b"\n") == len(EVENTS)


def test_what_was_added_is_in_the_file_before_the_file_is_closed(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        writer = HistoryWriter(file)
        writer.add(EVENTS[:2])
        assert read_history(path) == tuple(EVENTS[:2])
        writer.add(EVENTS[2:])
        assert read_history(path) == tuple(EVENTS)


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_an_unfinished_last_line_is_left_out(path: Path, cut: int) -> None:
    write(path, EVENTS)
    path.write_bytes(path.read_bytes()[:-cut])

    assert read_history(path) == tuple(EVENTS[:-1])


def test_a_history_that_just_ends_early_is_read(path: Path) -> None:
    write(path, EVENTS[:3])

    assert read_history(path) == tuple(EVENTS[:3])


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"",
        b"{}",
        b"\xff",
        b'{"event":"levitated","step":"race-1.1"}',
        b'{"event":"fired","step":"race-1.1"}',
        b'{"event":"fired","step":"race-1.1","at_ns":"soon"}',
        b'{"event":"attempt","step":"s","fleet":"f","record":{"kind":"levitation"}}',
        b'{"event":"attempt","step":"s","fleet":"f","record":{"kind":"link","attempt":"a"}}',
        b'{"event":"scan","step":"s","fleet":"f","scan":{"attempt":"a"}}',
    ],
    ids=[
        "text",
        "empty",
        "no tag",
        "not UTF-8",
        "unknown tag",
        "field missing",
        "wrong type",
        "unknown kind of attempt",
        "half an attempt",
        "a scan of old",
    ],
)
def test_a_line_that_is_no_event_is_named_by_its_number(path: Path, line: bytes) -> None:
    write(path, EVENTS[:2])
    path.write_bytes(path.read_bytes() + line + b"\n")

    assert complaint(path).startswith(f"{path}: line 3: not a history event: ")


@pytest.mark.parametrize("version", [1, HISTORY_VERSION + 1])
def test_a_history_of_another_version_is_refused_before_its_unknown_events_are(
    path: Path, version: int
) -> None:
    path.write_text(f'{{"event":"started","version":{version},"new":1}}\n{{"event":"levitated"}}\n')

    assert complaint(path) == (
        f"{path}: history: version {version}, this gatedrill reads {HISTORY_VERSION}"
    )


@pytest.mark.parametrize("events", [[], EVENTS[1:]], ids=["empty", "first line lost"])
def test_a_file_that_does_not_begin_with_started_is_no_history(
    path: Path, events: list[Event]
) -> None:
    write(path, events)

    assert complaint(path) == f"{path}: does not begin as a history does"


def test_a_history_of_which_only_a_torn_line_is_there_is_no_history(path: Path) -> None:
    path.write_bytes(b'{"event":"started","run":"r"')

    assert complaint(path) == f"{path}: does not begin as a history does"


def test_a_missing_history_is_named(path: Path) -> None:
    assert complaint(path) == f"{path}: cannot be read: No such file or directory"
