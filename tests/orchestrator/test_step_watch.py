"""Who has said what in a step: words go in, the history's events come out."""

import pytest

from gatedrill.contract.attempt import (
    Ask,
    AskKind,
    AttemptRecord,
    CheckoutRecord,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.messages import Armed, ReleaseMode, Report
from gatedrill.contract.outcome import Outcome, OutcomeKind
from gatedrill.orchestrator.history import Attempted, Event, Released, Silent, Unready
from gatedrill.orchestrator.step_watch import Gone, Part, StepWatch, Word

STEP = "race-1.1"
EAST, WEST = "boot-east", "boot-west"
SHIFT_NS = {EAST: 0, WEST: -500}
DEVICES = {EAST: ("gate-01", "gate-02"), WEST: ("gate-03", "kiosk-01")}


@pytest.fixture
def watch() -> StepWatch:
    """Two fleets with two devices each, neither of them ready."""
    return StepWatch(
        STEP,
        {
            EAST: Part("east", DEVICES[EAST], SHIFT_NS[EAST]),
            WEST: Part("west", DEVICES[WEST], SHIFT_NS[WEST]),
        },
    )


def scan(attempt: str, decided_ns: int = 2_000, device: str = "gate-01") -> ScanRecord:
    return ScanRecord(
        attempt=attempt,
        device=device,
        symbol="t1",
        intended_ns=1_000,
        released_ns=1_010,
        decoded_ns=900,
        decided_ns=decided_ns,
        outcome=Outcome(OutcomeKind.ADMITTED),
        asks=(Ask(1_020, 1_990, 200, arrived_ns=7, departed_ns=8),),
    )


def armed(boot: str, **unready: str) -> Armed:
    return Armed(STEP, boot, {name.replace("_", "-"): why for name, why in unready.items()})


def report(boot: str, *attempts: str, finished: bool = False, total: int | None = None) -> Report:
    records = tuple(scan(attempt, device=DEVICES[boot][0]) for attempt in attempts)
    return Report(STEP, boot, records, finished, total=total)


def attempted(boot: str, attempt: str) -> Attempted:
    fleet = boot.removeprefix("boot-")
    return Attempted(STEP, fleet, shifted(boot, attempt))


def shifted(boot: str, attempt: str) -> ScanRecord:
    return scan(attempt, device=DEVICES[boot][0]).shifted(SHIFT_NS[boot])


def silent(boot: str, why: str) -> Silent:
    return Silent(STEP, boot.removeprefix("boot-"), DEVICES[boot], why)


GONE = "its process has gone"


@pytest.mark.parametrize(
    ("words", "events", "arming", "performing"),
    [
        pytest.param([], [], True, False, id="nobody has spoken"),
        pytest.param([armed(EAST)], [], True, True, id="one is ready"),
        pytest.param([armed(EAST), armed(WEST)], [], False, True, id="both are ready"),
        pytest.param(
            [armed(EAST), armed(WEST), report(EAST, "a", finished=True)],
            [attempted(EAST, "a")],
            False,
            True,
            id="one has finished",
        ),
        pytest.param(
            [
                armed(EAST),
                armed(WEST),
                report(EAST, "a", finished=True),
                report(WEST, "b", finished=True),
            ],
            [attempted(EAST, "a"), attempted(WEST, "b")],
            False,
            False,
            id="both have finished",
        ),
        pytest.param(
            [armed(EAST), report(EAST, "a"), report(EAST, "b", finished=True)],
            [attempted(EAST, "a"), attempted(EAST, "b")],
            True,
            False,
            id="a stream reports bit by bit",
        ),
        pytest.param(
            [armed(EAST, gate_02="unread")],
            [Unready(STEP, "gate-02", "unread")],
            True,
            True,
            id="a device is not ready",
        ),
        pytest.param(
            [armed(EAST, gate_02="unread"), armed(EAST, gate_02="unread")],
            [Unready(STEP, "gate-02", "unread")],
            True,
            True,
            id="armed delivered twice",
        ),
        pytest.param(
            [armed(EAST), report(EAST, "a"), report(EAST, "a"), report(EAST, "a", "b")],
            [attempted(EAST, "a"), attempted(EAST, "b")],
            True,
            True,
            id="report delivered twice",
        ),
        pytest.param(
            [armed(EAST), report(EAST, "a", "a")],
            [attempted(EAST, "a")],
            True,
            True,
            id="attempt twice in one report",
        ),
        pytest.param(
            [armed(EAST), report(EAST, finished=True), armed(EAST)],
            [],
            True,
            False,
            id="armed delivered again after the end",
        ),
        pytest.param(
            [
                armed("boot-3", gate_01="unread"),
                Report(STEP, "boot-3", (scan("a"),)),
                Gone("boot-3"),
            ],
            [],
            True,
            False,
            id="a boot that has no part",
        ),
        pytest.param(
            [
                Armed("race-1.0", EAST, {"gate-01": "unread"}),
                Report("race-1.0", EAST, (scan("a"),), finished=True),
            ],
            [],
            True,
            False,
            id="words about another step",
        ),
        pytest.param([Gone(EAST)], [silent(EAST, GONE)], True, False, id="gone while arming"),
        pytest.param(
            [armed(EAST), Gone(EAST)], [silent(EAST, GONE)], True, False, id="gone while armed"
        ),
        pytest.param(
            [armed(EAST), Gone(EAST), Gone(EAST)],
            [silent(EAST, GONE)],
            True,
            False,
            id="gone is said once",
        ),
        pytest.param(
            [armed(EAST), report(EAST, "a", finished=True), Gone(EAST)],
            [attempted(EAST, "a")],
            True,
            False,
            id="gone after the end",
        ),
        pytest.param(
            [armed(EAST), Gone(EAST), report(EAST, "a", finished=True)],
            [silent(EAST, GONE), attempted(EAST, "a")],
            True,
            False,
            id="a late report of one that was given up",
        ),
        pytest.param(
            [Gone(EAST), armed(EAST, gate_01="unread")],
            [silent(EAST, GONE)],
            True,
            False,
            id="ready after it was given up",
        ),
    ],
)
def test_words_become_events(
    watch: StepWatch, words: list[Word], events: list[Event], arming: bool, performing: bool
) -> None:
    assert [event for word in words for event in watch.hear(word)] == events
    assert (watch.arming, watch.performing) == (arming, performing)


def test_the_step_goes_on_without_those_who_were_not_ready_in_time(watch: StepWatch) -> None:
    watch.hear(armed(WEST))

    assert watch.give_up_arming("too late") == [silent(EAST, "too late")]
    assert (watch.arming, watch.performing) == (False, True)
    assert watch.give_up_arming("too late") == []


def test_those_who_did_not_finish_in_time_are_silent(watch: StepWatch) -> None:
    for word in (armed(WEST), armed(EAST), report(EAST, finished=True)):
        watch.hear(word)

    assert watch.give_up("too slow") == [silent(WEST, "too slow")]
    assert not watch.performing
    assert watch.give_up("too slow") == []


def test_several_who_are_given_up_stand_in_the_order_of_their_boots(watch: StepWatch) -> None:
    assert watch.give_up_arming("late") == [silent(EAST, "late"), silent(WEST, "late")]


def test_scans_are_shifted_to_the_time_of_the_history_and_the_services_stamps_are_not(
    watch: StepWatch,
) -> None:
    watch.hear(armed(WEST))
    [event] = watch.hear(report(WEST, "a"))

    assert isinstance(event, Attempted)
    assert event.record == ScanRecord(
        attempt="a",
        device="gate-03",
        symbol="t1",
        intended_ns=500,
        released_ns=510,
        decoded_ns=400,
        decided_ns=1_500,
        outcome=Outcome(OutcomeKind.ADMITTED),
        asks=(Ask(520, 1_490, 200, arrived_ns=7, departed_ns=8),),
    )


def test_the_last_answer_is_the_latest_decision_in_the_time_of_the_history(
    watch: StepWatch,
) -> None:
    assert watch.last_answer_ns == 0
    watch.hear(Report(STEP, WEST, (scan("a", 9_000, "gate-03"), scan("b", 3_000, "gate-03"))))
    watch.hear(Report(STEP, EAST, (scan("c", 4_000),)))
    watch.hear(Report(STEP, EAST, ()))

    assert watch.last_answer_ns == 8_500


def test_attempts_are_counted_once_each(watch: StepWatch) -> None:
    assert watch.attempt_count == 0
    for word in (report(EAST, "a", "b"), report(EAST, "b"), report(WEST, "c")):
        watch.hear(word)

    assert watch.attempt_count == 3


BOOKED = CheckoutRecord(
    attempt="a",
    device="kiosk-01",
    intended_ns=1_000,
    released_ns=1_010,
    decided_ns=2_000,
    outcome=Outcome(OutcomeKind.BOOKED),
    slot="evening",
    guests=2,
    checkout="c1",
    session="s1",
    asks=(Ask(1_020, 1_990, 200, arrived_ns=7, departed_ns=8, kind=AskKind.CHECKOUT),),
)
PAID = WebhookRecord(
    attempt="b",
    device="kiosk-01",
    intended_ns=1_000,
    released_ns=1_010,
    decided_ns=3_000,
    outcome=Outcome(OutcomeKind.CONFIRMED),
    event="evt",
    session="s1",
)
JOINED = LinkRecord(
    attempt="c",
    device="kiosk-01",
    intended_ns=1_000,
    released_ns=1_010,
    decided_ns=2_500,
    outcome=Outcome(OutcomeKind.LINKED),
    ticket="t1",
    reservation="r1",
)


@pytest.mark.parametrize("record", [BOOKED, PAID, JOINED], ids=["checkout", "webhook", "link"])
def test_what_a_kiosk_tells_is_shifted_like_a_scan_and_keeps_all_else(
    watch: StepWatch, record: AttemptRecord
) -> None:
    watch.hear(armed(WEST))
    [event] = watch.hear(Report(STEP, WEST, (record,)))

    assert isinstance(event, Attempted)
    assert type(event.record) is type(record)
    assert (event.record.intended_ns, event.record.released_ns) == (500, 510)
    assert event.record.shifted(500) == record
    assert watch.last_answer_ns == record.decided_ns - 500
    assert [(ask.arrived_ns, ask.departed_ns) for ask in event.record.asks] == [
        (ask.arrived_ns, ask.departed_ns) for ask in record.asks
    ]


def test_attempts_of_all_kinds_are_told_in_one_report(watch: StepWatch) -> None:
    records = (BOOKED, scan("s", device="gate-03"), PAID, JOINED)
    watch.hear(armed(WEST))
    events = watch.hear(Report(STEP, WEST, records, finished=True))

    shift_ns = SHIFT_NS[WEST]
    assert events == [Attempted(STEP, "west", each.shifted(shift_ns)) for each in records]
    assert watch.attempt_count == 4


def let_go(boot: str, *, finished: bool = True) -> Report:
    return Report(STEP, boot, (), finished, ReleaseMode.REAL_TIME)


@pytest.mark.parametrize(
    ("words", "events"),
    [
        pytest.param(
            [armed(EAST), let_go(EAST)],
            [Released(STEP, "east", ReleaseMode.REAL_TIME)],
            id="in the last report",
        ),
        pytest.param(
            [armed(EAST), let_go(EAST), let_go(EAST)],
            [Released(STEP, "east", ReleaseMode.REAL_TIME)],
            id="last report delivered twice",
        ),
        pytest.param([armed(EAST), let_go(EAST, finished=False)], [], id="not the last report"),
        pytest.param(
            [armed(EAST), report(EAST, finished=True)], [], id="a fleet that does not tell"
        ),
        pytest.param([let_go(EAST)], [], id="never ready"),
        pytest.param(
            [armed(EAST), Gone(EAST), let_go(EAST)], [silent(EAST, GONE)], id="given up before"
        ),
    ],
)
def test_how_a_fleet_let_go_is_told_once(
    watch: StepWatch, words: list[Word], events: list[Event]
) -> None:
    assert [event for word in words for event in watch.hear(word)] == events


def test_the_records_of_all_fleets_are_kept_on_the_clock_of_the_history(watch: StepWatch) -> None:
    for word in (armed(EAST), armed(WEST), report(WEST, "b"), report(EAST, "a"), report(EAST, "a")):
        watch.hear(word)

    assert watch.records == [shifted(WEST, "b"), shifted(EAST, "a")]


@pytest.mark.parametrize(
    ("words", "lacking"),
    [
        pytest.param([report(EAST, "a"), report(EAST, "b")], False, id="not its last word"),
        pytest.param([report(EAST, "b", finished=True, total=2)], True, id="one was lost"),
        pytest.param(
            [report(WEST, "a"), report(EAST, "b", finished=True, total=2)],
            True,
            id="another fleet's do not count",
        ),
        pytest.param(
            [report(EAST, "b"), report(EAST, "b", finished=True, total=2)],
            True,
            id="the same one twice does not count",
        ),
        pytest.param(
            [report(EAST, "b", finished=True, total=2), report(EAST, "a")],
            False,
            id="the lost one comes behind the last word",
        ),
        pytest.param([report(EAST, "b", finished=True)], False, id="a fleet that does not count"),
        pytest.param([report(EAST, finished=True, total=0)], False, id="there was none"),
    ],
)
def test_a_fleet_has_not_finished_while_attempts_that_it_counted_are_missing(
    watch: StepWatch, words: list[Word], lacking: bool
) -> None:
    for word in (armed(EAST), *words):
        watch.hear(word)

    assert watch.lacking == lacking
    assert watch.performing == (lacking or not any(getattr(word, "finished", 0) for word in words))


def test_how_a_fleet_let_go_is_told_once_though_its_last_word_was_not_enough(
    watch: StepWatch,
) -> None:
    last = Report(STEP, EAST, (), True, ReleaseMode.REAL_TIME, total=1)
    heard = [watch.hear(word) for word in (armed(EAST), last, report(EAST, "a"), last)]

    released = Released(STEP, "east", ReleaseMode.REAL_TIME)
    assert heard == [[], [released], [attempted(EAST, "a")], []]
    assert not watch.performing


def test_who_is_still_lacking_when_the_time_is_over_is_silent(watch: StepWatch) -> None:
    for word in (armed(EAST), report(EAST, finished=True, total=1)):
        watch.hear(word)

    assert watch.give_up("too late") == [silent(EAST, "too late")]
    assert (watch.lacking, watch.performing) == (False, False)


def told_apart(dropped: list[str]) -> StepWatch:
    """The same two fleets; attempt a is gate-01's, b is gate-03's."""
    device_of = {"a": "gate-01", "b": "gate-03"}
    parts = {
        boot: Part(boot.removeprefix("boot-"), devices, 0, device_of)
        for boot, devices in DEVICES.items()
    }
    watch = StepWatch(STEP, parts, dropped.append)
    for boot in parts:
        watch.hear(armed(boot))
    return watch


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param(scan("b", device="gate-03"), id="another fleet's device"),
        pytest.param(scan("b", device="gate-01"), id="another fleet's attempt at its own device"),
        pytest.param(scan("c", device="gate-09"), id="nobody's device"),
    ],
)
def test_what_a_fleet_reports_of_others_neither_counts_nor_stands_in_the_way_of_their_own_word(
    foreign: ScanRecord,
) -> None:
    dropped: list[str] = []
    watch = told_apart(dropped)
    events = watch.hear(Report(STEP, EAST, (foreign, scan("a")), finished=True, total=2))

    assert events == [Attempted(STEP, "east", scan("a"))]
    assert dropped == ["east"]
    assert watch.lacking, "and nobody has finished by what is dropped"

    own = scan("b", device="gate-03")
    assert watch.hear(Report(STEP, WEST, (own,))) == [Attempted(STEP, "west", own)]
    assert dropped == ["east"]


def test_a_fleet_cannot_tell_that_anothers_device_is_not_ready() -> None:
    dropped: list[str] = []
    watch = StepWatch(STEP, {EAST: Part("east", DEVICES[EAST], 0)}, dropped.append)

    assert watch.hear(armed(EAST, gate_02="unread", gate_03="unread")) == [
        Unready(STEP, "gate-02", "unread")
    ]
    assert dropped == ["east"]
