"""docs/result.md tells what the verdict is and rests on, no more and no less."""

import ast
import inspect

import msgspec
import pytest
from document import Document, fields
from evidence_builder import Run, apart, race

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.orchestrator import doubts
from gatedrill.orchestrator.by_hand import ByHand, CameraFigures, NotPresented, WalkIn
from gatedrill.orchestrator.checks.catalogue import OFFLINE_CHECKS
from gatedrill.orchestrator.checks.check import MAX_SHOWN, CheckResult, CheckStatus, Violation
from gatedrill.orchestrator.hunts import Hunt
from gatedrill.orchestrator.metrics import LatencyStats, StageStats
from gatedrill.orchestrator.offline_facts import (
    AuthorityCount,
    Conflict,
    ExpectedDouble,
    FaultSpan,
    LockedOut,
    PendingScan,
    UnreadJournals,
    Uploads,
)
from gatedrill.orchestrator.result import (
    RESULT_FORMAT,
    RESULT_VERSION,
    ClockUncertainty,
    Counters,
    OutcomeCount,
    RecordFact,
    Result,
    SilentDevices,
    Skew,
    UnreadyDevice,
    Verdict,
)
from gatedrill.orchestrator.rounds import LISTED_UP_TO, ListedAttempt, RoundResult
from gatedrill.orchestrator.thresholds import ThresholdResult
from gatedrill.orchestrator.timeouts import Timeouts

DOCUMENT = Document("result.md")
STRUCTS: list[tuple[str, type[msgspec.Struct]]] = [
    ("Result", Result),
    ("An entry of outcomes", OutcomeCount),
    ("counters", Counters),
    ("Latency", LatencyStats),
    ("stages", StageStats),
    ("An entry of checks", CheckResult),
    ("A violation", Violation),
    ("An entry of thresholds", ThresholdResult),
    ("An entry of records", RecordFact),
    ("An entry of rounds", RoundResult),
    ("An attempt of a round", ListedAttempt),
    ("by_hand", ByHand),
    ("An entry of not_presented", NotPresented),
    ("An entry of walk_ins", WalkIn),
    ("An entry of cameras", CameraFigures),
    ("release_skew", Skew),
    ("An entry of hunts", Hunt),
    ("An entry of faults", FaultSpan),
    ("An entry of decided_by", AuthorityCount),
    ("An entry of expected_doubles", ExpectedDouble),
    ("An entry of locked_out", LockedOut),
    ("timeouts", Timeouts),
    ("uploads", Uploads),
    ("An entry of pending", PendingScan),
    ("An entry of conflicts", Conflict),
    ("An entry of unread_journals", UnreadJournals),
    ("An entry of clocks", ClockUncertainty),
    ("An entry of silent", SilentDevices),
    ("An entry of unready", UnreadyDevice),
]


def nested(struct: type[msgspec.Struct]) -> set[type]:
    """This struct and all that it holds."""
    found: set[type] = set()
    waiting: list[object] = [msgspec.inspect.type_info(struct)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in found:
            found.add(info.cls)
            waiting += [field.type for field in info.fields]
        elif isinstance(info, msgspec.inspect.UnionType):
            waiting += info.types
        elif isinstance(info, msgspec.inspect.VarTupleType):
            waiting.append(info.item_type)
    return found


@pytest.mark.parametrize(("heading", "struct"), STRUCTS)
def test_every_field_is_documented_in_order(heading: str, struct: type[msgspec.Struct]) -> None:
    assert DOCUMENT.names(heading) == fields(struct)


def test_every_part_of_the_result_is_documented() -> None:
    assert nested(Result) == {struct for _, struct in STRUCTS}


def test_every_verdict_is_documented_with_its_exit_code() -> None:
    documented = {row[0]: int(row[1]) for row in DOCUMENT.table("Verdicts")}

    assert documented == {str(verdict): verdict.exit_code for verdict in Verdict}


def test_the_exit_codes_without_a_verdict_are_documented() -> None:
    section = DOCUMENT.section("Verdicts")

    assert "Precedence: 1, then 4, then 3, then 0." in section
    assert f"{UsageError.exit_code} wrong usage" in section
    assert f"{PeerError.exit_code}\nbroker or service out of reach" in section


def test_every_check_is_documented_with_its_claim() -> None:
    documented = [(row[0], row[1]) for row in DOCUMENT.table("Checks")]
    checks = Run(apart(race())).judge().checks

    assert documented == [(check.name, check.claim) for check in checks]
    assert documented[: -len(OFFLINE_CHECKS)] == [
        (check.name, check.claim) for check in Run(race()).judge().checks
    ]
    for name, _ in documented:
        assert f"- **{name}**: " in DOCUMENT.section("Checks")


def test_every_status_of_a_check_is_documented() -> None:
    documented = DOCUMENT.meaning("An entry of checks", "status")

    assert documented == "holds, violated or not judged"
    assert [str(status) for status in CheckStatus] == ["holds", "violated", "not judged"]


def test_every_doubt_is_documented_in_its_words() -> None:
    told = [
        in_words(node.value)
        for node in ast.walk(ast.parse(inspect.getsource(doubts)))
        if isinstance(node, ast.Yield)
    ]

    assert sorted(told) == sorted(DOCUMENT.names("What makes a run inconclusive"))


def in_words(text: ast.expr | None) -> str:
    """A text of the code, with an ellipsis for each figure or name that it is filled with."""
    if isinstance(text, ast.Constant):
        return str(text.value)
    assert isinstance(text, ast.JoinedStr)
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else "…" for part in text.values
    )


def test_format_version_and_limits_are_documented() -> None:
    assert DOCUMENT.meaning("Result", "format") == RESULT_FORMAT
    assert DOCUMENT.meaning("Result", "version") == f"version of this file, {RESULT_VERSION}"
    shown = DOCUMENT.meaning("An entry of checks", "shown")
    assert shown == f"the first of these, at most {MAX_SHOWN}"
    listed = DOCUMENT.meaning("An entry of rounds", "attempts")
    assert listed == f"each attempt, if there are at most {LISTED_UP_TO}"
