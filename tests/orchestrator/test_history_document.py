"""docs/history.md tells what a run keeps, no more and no less."""

import inspect
import re

import msgspec
import pytest
from document import Document, fields
from evidence_builder import Run, paid_checkout, race

from gatedrill.contract.attempt import (
    ACTING,
    Ask,
    AskKind,
    CheckoutRecord,
    ClaimAsk,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.outcome import REASONS, Authority, OutcomeKind
from gatedrill.contract.service import SlotRow, TicketRow, VipPassRow, VipReservationRow
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator import conductor, journals, run_folder, step_watch
from gatedrill.orchestrator.history import (
    HISTORY_FORMAT,
    HISTORY_VERSION,
    Attempted,
    ClockRead,
    Drained,
    Ended,
    Event,
    FaultBegan,
    FaultEnded,
    Fired,
    Journaled,
    JournalUnread,
    Reacted,
    Released,
    Silent,
    Sold,
    Started,
    Unready,
    WalkedIn,
    WalkInsUntold,
)
from gatedrill.orchestrator.plan import (
    PLAN_VERSION,
    BurstStep,
    Plan,
    PlannedAttempt,
    PlannedCheckout,
    PlannedFault,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
    StreamStep,
    VenueAct,
)
from gatedrill.orchestrator.records import RECORDS_VERSION, Logs, Records, Snapshot

DOCUMENT = Document("history.md")
EVENTS: tuple[type[Event], ...] = (
    Started,
    ClockRead,
    Fired,
    Released,
    Attempted,
    Reacted,
    Unready,
    Silent,
    FaultBegan,
    FaultEnded,
    Sold,
    Drained,
    Journaled,
    JournalUnread,
    WalkedIn,
    WalkInsUntold,
    Ended,
)
STRUCTS: list[tuple[str, type[msgspec.Struct]]] = [
    ("Plan", Plan),
    ("Device", DeviceInfo),
    ("Burst", BurstStep),
    ("Stream", StreamStep),
    ("Ticket", Ticket),
    ("Planned scan", PlannedScan),
    ("Planned checkout", PlannedCheckout),
    ("Planned webhook", PlannedWebhook),
    ("Planned link", PlannedLink),
    ("Planned fault", PlannedFault),
    ("Scan", ScanRecord),
    ("Checkout", CheckoutRecord),
    ("Webhook", WebhookRecord),
    ("Link", LinkRecord),
    ("Question", Ask),
    ("Claim", ClaimAsk),
    ("records.json", Records),
    ("Snapshot", Snapshot),
    ("Logs", Logs),
    *((str(event.__struct_config__.tag), event) for event in EVENTS),
]


def test_every_event_is_documented() -> None:
    members = msgspec.inspect.type_info(Event)
    assert isinstance(members, msgspec.inspect.UnionType)

    assert len(members.types) == len(EVENTS)
    assert DOCUMENT.names("history.jsonl") == [event.__struct_config__.tag for event in EVENTS]


@pytest.mark.parametrize(("heading", "struct"), STRUCTS)
def test_every_field_is_documented(heading: str, struct: type[msgspec.Struct]) -> None:
    assert sorted(DOCUMENT.names(heading)) == sorted(fields(struct))


def test_the_kinds_of_steps_are_documented() -> None:
    for heading, step in (("Burst", BurstStep), ("Stream", StreamStep)):
        assert f"A step of `kind` `{step.__struct_config__.tag}`" in DOCUMENT.section(heading)


def test_every_act_is_documented_with_its_fields() -> None:
    documented = [(row[0], row[1]) for row in DOCUMENT.table("Acts")]

    assert documented == [
        (act.__struct_config__.tag, ", ".join(fields(act))) for act in VenueAct.__args__
    ]


@pytest.mark.parametrize("planned", PlannedAttempt.__args__)
def test_the_kinds_of_planned_attempts_are_documented(planned: type[msgspec.Struct]) -> None:
    tag = planned.__struct_config__.tag

    assert f"An attempt of `kind` `{tag}`" in DOCUMENT.section(f"Planned {tag}")


def test_the_kinds_of_attempts_are_documented() -> None:
    records = (ScanRecord, CheckoutRecord, WebhookRecord, LinkRecord)
    tags = [str(record.__struct_config__.tag) for record in records]

    told = DOCUMENT.meaning("attempt", "record")
    assert told == f"the attempt itself; its kind is {', '.join(tags[:-1])} or {tags[-1]}"


def test_every_kind_of_question_is_documented_and_whether_it_acts() -> None:
    documented = [(row[0], row[1]) for row in DOCUMENT.table("Kinds of question")]

    assert documented == [(str(kind), "yes" if kind in ACTING else "no") for kind in AskKind]


def test_every_kind_of_outcome_is_documented() -> None:
    assert DOCUMENT.names("Kinds of outcome") == [str(kind) for kind in OutcomeKind]


def test_every_reason_is_documented_with_its_certainty_and_meaning() -> None:
    documented = [tuple(row) for row in DOCUMENT.table("Reasons")]

    assert documented == [
        (str(reason), str(entry.certainty), entry.meaning) for reason, entry in REASONS.items()
    ]


def test_every_authority_is_documented_and_the_default() -> None:
    told = DOCUMENT.meaning("Scan", "authority")

    assert all(str(authority) in told for authority in Authority)
    assert told.endswith("; online, the check-in service, if left out")


@pytest.mark.parametrize(
    ("heading", "version"),
    [("Plan", PLAN_VERSION), ("started", HISTORY_VERSION), ("records.json", RECORDS_VERSION)],
)
def test_the_version_of_each_file_is_documented(heading: str, version: int) -> None:
    assert DOCUMENT.meaning(heading, "version") == f"version of this file, {version}"


def test_the_format_of_a_history_is_documented() -> None:
    assert ["format", HISTORY_FORMAT] in DOCUMENT.table("started")


def test_the_files_of_a_run_are_documented() -> None:
    source = run_folder.__doc__ or ""

    assert DOCUMENT.names("What a run keeps") == re.findall(r"`([a-z]+\.jsonl?)`", source)


def lines(run: Run, outcome: str) -> list[dict[str, object]]:
    """The attempts that ended so, as they stand in the history."""
    encoded = msgspec.json.decode(msgspec.json.encode(run.history))
    return [
        event["record"]
        for event in encoded
        if event["event"] == "attempt" and event["record"]["outcome"]["kind"] == outcome
    ]


def test_what_has_a_default_is_left_out_of_an_attempt() -> None:
    [admitted] = lines(Run(race()), "admitted")
    assert admitted["kind"] == "scan"
    assert not {"authority", "last_entry_at", "checked_in_guests"} & admitted.keys()
    assert admitted["outcome"] == {"kind": "admitted"}

    [booked] = lines(Run(paid_checkout()), "booked")
    assert booked["kind"] == "checkout"
    assert {"checkout", "session"} <= booked.keys()


def test_every_reason_for_silence_is_documented() -> None:
    sources = inspect.getsource(conductor) + inspect.getsource(step_watch)
    told = re.findall(r'"((?:its process|was not|did not|had gone) [^"]*)"', sources)
    told.remove("had gone before it was asked")  # for its journal

    assert set(re.split(", | or ", DOCUMENT.meaning("silent", "why"))) == set(told)


def test_every_reason_for_which_a_journal_is_not_read_is_documented() -> None:
    sources = inspect.getsource(conductor) + inspect.getsource(journals)
    told = re.findall(r'JournalUnread\((?:""|[^"]*), [^"]*"([^"]+)"', sources)

    assert set(DOCUMENT.meaning("journal_unread", "why").split(" or ")) == set(told)


def test_the_only_reason_of_the_conductors_own_for_not_being_ready_is_documented() -> None:
    why = "its checkout opened no session to pay for"

    assert inspect.getsource(conductor).count("Unready(") == 1
    assert f'"{why}"' in inspect.getsource(conductor)
    assert DOCUMENT.meaning("unready", "why").endswith(f"or words, as {why}")


def test_no_struct_of_the_kept_files_has_room_for_a_name_of_a_guest() -> None:
    rows: list[type[msgspec.Struct]] = [TicketRow, VipPassRow, VipReservationRow, SlotRow]
    kept = [struct for _, struct in STRUCTS] + rows
    names = {name for struct in kept for name in fields(struct)}

    # How many guests, and the number of a pass, name nobody.
    counting = {"guests", "guest_number", "checked_in_guests", "total_guests"}
    assert not {
        name for name in names - counting if re.search("guest|person|holder|mail|phone", name)
    }
    assert "None of these files holds the name of a guest, a key or a password" in DOCUMENT.words
