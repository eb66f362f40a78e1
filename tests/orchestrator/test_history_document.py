"""docs/history.md tells what a run keeps, no more and no less."""

import inspect
import re

import msgspec
import pytest
from document import Document, fields
from evidence_builder import Run, race

from gatedrill.contract.attempt import Ask, ScanRecord
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.outcome import REASONS, Authority, OutcomeKind
from gatedrill.contract.service import TicketRow
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator import conductor, run_folder, step_watch
from gatedrill.orchestrator.history import (
    HISTORY_FORMAT,
    HISTORY_VERSION,
    ClockRead,
    Ended,
    Event,
    Fired,
    Scanned,
    Silent,
    Started,
    Unready,
)
from gatedrill.orchestrator.plan import PLAN_VERSION, BurstStep, Plan, PlannedScan, StreamStep
from gatedrill.orchestrator.records import RECORDS_VERSION, Records

DOCUMENT = Document("history.md")
EVENTS: tuple[type[Event], ...] = (Started, ClockRead, Fired, Scanned, Unready, Silent, Ended)
STRUCTS: list[tuple[str, type[msgspec.Struct]]] = [
    ("Plan", Plan),
    ("Device", DeviceInfo),
    ("Burst", BurstStep),
    ("Stream", StreamStep),
    ("Planned scan", PlannedScan),
    ("The scan itself", ScanRecord),
    ("Question", Ask),
    ("records.json", Records),
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


def test_the_fields_of_a_ticket_are_documented() -> None:
    assert DOCUMENT.meaning("Plan", "tickets").endswith(": " + ", ".join(fields(Ticket)))


def test_every_kind_of_outcome_is_documented() -> None:
    assert DOCUMENT.names("Kinds of outcome") == [str(kind) for kind in OutcomeKind]


def test_every_reason_is_documented_with_its_certainty_and_meaning() -> None:
    documented = [tuple(row) for row in DOCUMENT.table("Reasons")]

    assert documented == [
        (str(reason), str(entry.certainty), entry.meaning) for reason, entry in REASONS.items()
    ]


def test_the_only_authority_is_documented_as_the_default() -> None:
    assert [str(authority) for authority in Authority] == ["online"]
    documented = DOCUMENT.meaning("The scan itself", "authority")
    assert documented == "who decided; online, the check-in service, if left out"


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


def test_what_has_a_default_is_left_out_of_a_scan() -> None:
    run = Run(race())
    [admitted] = [
        event for event in run.history if isinstance(event, Scanned) and event.scan.outcome.admits
    ]
    line = msgspec.json.decode(msgspec.json.encode(admitted))

    assert "authority" not in line["scan"]
    assert "reason" not in line["scan"]["outcome"]


def test_every_reason_for_silence_is_documented() -> None:
    sources = inspect.getsource(conductor) + inspect.getsource(step_watch)
    told = re.findall(r'"((?:its process|was not|did not|had gone) [^"]*)"', sources)

    assert set(re.split(", | or ", DOCUMENT.meaning("silent", "why"))) == set(told)


def test_no_struct_of_the_kept_files_has_room_for_a_name_of_a_guest() -> None:
    kept = [struct for _, struct in STRUCTS] + [TicketRow, Ticket]
    names = {name for struct in kept for name in fields(struct)}

    assert not {name for name in names if re.search("guest|person|holder|mail|phone", name)}
    assert "None of these files holds the name of a guest, a key or a password" in DOCUMENT.words
