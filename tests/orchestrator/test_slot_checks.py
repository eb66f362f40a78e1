"""The places of slots: capacity, what buyers are told, sessions, and the audit log."""

import msgspec
import pytest
from evidence_builder import (
    BOOKED,
    FULL,
    PAYMENT_FAILED,
    SERVER_ERROR,
    UNKNOWN,
    Run,
    checkouts,
    legacy_payment,
    paid_checkout,
    race,
)
from honest_service import changed

from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.outcome import Reason
from gatedrill.contract.service import AuditType
from gatedrill.fixtures.scenario import Payment
from gatedrill.orchestrator.checks.audit_log import audit_log
from gatedrill.orchestrator.checks.capacity import slot_capacity
from gatedrill.orchestrator.checks.check import Check, CheckResult, CheckStatus, Violation
from gatedrill.orchestrator.checks.checkouts import checkouts_answered, payment_sessions
from gatedrill.orchestrator.plan import Plan

FIRST, SECOND, THIRD = (f"drill-1.1:kiosk-0{number}" for number in (1, 2, 3))
FAILING = Payment("fail")


def holds(result: CheckResult, *, examined: int = 1) -> bool:
    return (result.status, result.examined) == (CheckStatus.HOLDS, examined)


def violation(result: CheckResult) -> Violation:
    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    assert result.shown[0].subject == "evening"
    return result.shown[0]


@pytest.mark.parametrize("check", [slot_capacity, audit_log])
@pytest.mark.parametrize(
    "plan",
    [
        checkouts(2, 3),
        checkouts(5, 3, guests=2),
        checkouts(3, 1, payment=FAILING),
        paid_checkout(),
        paid_checkout(capacity=1, guests=2),
        legacy_payment(),
        legacy_payment(capacity=3, same=False),
    ],
)
def test_an_honest_slot_holds(check: Check, plan: Plan) -> None:
    assert holds(check(Run(plan).evidence))


@pytest.mark.parametrize("check", [slot_capacity, checkouts_answered, payment_sessions, audit_log])
def test_without_slots_nothing_is_judged(check: Check) -> None:
    assert check(Run(race()).evidence).status is CheckStatus.NOT_JUDGED


@pytest.mark.parametrize(("left", "capacity"), [(-1, 2), (3, 2)])
def test_a_slot_with_fewer_places_than_none_or_more_than_all_is_shown_by_its_rows(
    left: int, capacity: int
) -> None:
    run = Run(checkouts(capacity, 3))
    run.leave("evening", left)

    assert violation(slot_capacity(run.evidence)) == Violation(
        "evening",
        f"{left} of 2 places are left",
        ("before the run: 2 of 2 places left", f"after the run: {left} of 2 places left"),
    )


def test_an_overbooked_slot_is_shown_by_the_last_two_who_were_booked() -> None:
    run = Run(checkouts(2, 3))
    run.show(THIRD, BOOKED)

    assert violation(slot_capacity(run.evidence)) == Violation(
        "evening",
        "3 of 2 places were taken",
        (
            f"kiosk-02: booked, let go at 2.000001 s, decided at 2.010001 s ({SECOND})",
            f"kiosk-03: booked, let go at 2.000002 s, decided at 2.010002 s ({THIRD})",
        ),
    )


def test_without_records_a_slot_is_overbooked_beyond_its_capacity() -> None:
    run = Run(checkouts(2, 3))
    run.hide_records()
    assert holds(slot_capacity(run.evidence))

    run.show(THIRD, BOOKED)
    assert violation(slot_capacity(run.evidence)).what == "3 of 2 places were taken"


def test_what_was_free_before_counts_and_not_the_capacity() -> None:
    run = Run(checkouts(2, 3))
    run.before.slots["evening"] = changed(run.before.slots["evening"], available=1)

    assert violation(slot_capacity(run.evidence)).what == "2 of 1 places were taken"


@pytest.mark.parametrize(("left", "plan"), [(2, checkouts(3, 1)), (2, checkouts(4, 1, guests=2))])
def test_a_place_that_was_booked_is_gone(left: int, plan: Plan) -> None:
    run = Run(plan)
    assert holds(slot_capacity(run.evidence))
    run.leave("evening", left + 1)

    found = violation(slot_capacity(run.evidence))

    assert found.what == f"places left: {left + 1}, expected: {left}"
    assert len(found.witness) == 3


@pytest.mark.parametrize("left", [1, 3])
def test_a_failed_payment_leaves_the_places_as_they_were(left: int) -> None:
    run = Run(checkouts(3, 1, payment=FAILING))
    run.before.slots["evening"] = changed(run.before.slots["evening"], available=2)
    run.leave("evening", left)

    assert violation(slot_capacity(run.evidence)).what == f"places left: {left}, expected: 2"


@pytest.mark.parametrize("left", [1, 2])
def test_a_checkout_whose_answer_is_open_may_have_taken_its_places(left: int) -> None:
    run = Run(checkouts(3, 2))
    run.show(SECOND, UNKNOWN)
    run.leave("evening", left)

    assert holds(slot_capacity(run.evidence))


@pytest.mark.parametrize(("left", "expected"), [(0, "1 to 2"), (3, "1 to 2")])
def test_an_open_checkout_excuses_its_own_places_only(left: int, expected: str) -> None:
    run = Run(checkouts(3, 2))
    run.show(SECOND, UNKNOWN)
    run.leave("evening", left)

    found = violation(slot_capacity(run.evidence))
    assert found.what == f"places left: {left}, expected: {expected}"


@pytest.mark.parametrize("left", [1, 2])
def test_a_silent_kiosk_may_have_booked(left: int) -> None:
    run = Run(checkouts(3, 2))
    run.fall_silent("drill-1.1", "kiosk-02")
    run.leave("evening", left)

    assert holds(slot_capacity(run.evidence))


def test_a_payment_for_reserved_places_takes_no_further_ones() -> None:
    run = Run(paid_checkout(capacity=5, guests=2))
    run.leave("evening", 1)

    assert violation(slot_capacity(run.evidence)).what == "places left: 1, expected: 3"


@pytest.mark.parametrize("left", [1, 5])
def test_a_payment_without_a_checkout_takes_its_places_once(left: int) -> None:
    run = Run(legacy_payment(capacity=5, guests=2))
    run.leave("evening", left)

    assert violation(slot_capacity(run.evidence)).what == f"places left: {left}, expected: 3"


def test_a_payment_that_takes_effect_each_time_is_found_by_the_places_that_one_takes() -> None:
    run = Run(legacy_payment(capacity=5, guests=2))
    run.leave("evening", 1)
    run.audit(AuditType.COMPLETED, "evening", 2)
    run.audit(AuditType.OVERSOLD, "evening", 2)
    run.audit(AuditType.OVERSOLD, "evening", 2)

    assert violation(slot_capacity(run.evidence)).what == "places left: 1, expected: 3"


def test_a_payment_that_found_too_few_places_took_none() -> None:
    run = Run(legacy_payment(capacity=3, guests=2, same=False))
    assert holds(slot_capacity(run.evidence))
    run.leave("evening", 3)

    assert violation(slot_capacity(run.evidence)).what == "places left: 3, expected: 1"


@pytest.mark.parametrize("left", [0, 1, 2, 3, 4, 5])
def test_without_an_audit_log_nobody_knows_whether_a_payment_found_places(left: int) -> None:
    run = Run(legacy_payment(capacity=5, guests=2))
    run.complete_logs = False
    run.leave("evening", left)

    assert (slot_capacity(run.evidence).status is CheckStatus.HOLDS) == (left >= 3)


@pytest.mark.parametrize("left", [3, 5])
def test_a_payment_that_nobody_knows_was_heard_may_have_taken_its_places(left: int) -> None:
    run = Run(legacy_payment(capacity=5, guests=2))
    for attempt in run.attempts:
        run.show(attempt, UNKNOWN)
    run.logs.audit_logs.clear()
    run.leave("evening", left)

    assert holds(slot_capacity(run.evidence))


def test_one_delivery_that_was_heard_is_enough() -> None:
    run = Run(legacy_payment(capacity=5, guests=2))
    for attempt in list(run.attempts)[1:]:
        run.show(attempt, UNKNOWN)
    run.leave("evening", 5)

    assert violation(slot_capacity(run.evidence)).what == "places left: 5, expected: 3"


def test_honest_checkouts_are_answered() -> None:
    assert holds(checkouts_answered(Run(checkouts(2, 3)).evidence), examined=3)
    assert holds(checkouts_answered(Run(checkouts(2, 1, payment=FAILING)).evidence))


def test_a_checkout_that_is_answered_with_a_server_s_error_bears_witness() -> None:
    run = Run(checkouts(2, 3))
    run.show(THIRD, SERVER_ERROR)

    assert violation(checkouts_answered(run.evidence)) == Violation(
        "evening",
        "answered with status 500",
        (
            (
                "kiosk-03: unknown (server_error), let go at 2.000002 s, decided at 2.010002 s "
                f"({THIRD})"
            ),
        ),
    )


def test_a_refusal_with_a_server_s_error_is_none() -> None:
    run = Run(checkouts(2, 3))
    run.show(THIRD, FULL, asks=(Ask(0, 1, 500, Reason.FULL, kind=AskKind.CHECKOUT),))

    assert violation(checkouts_answered(run.evidence)).what == "answered with status 500"


def test_a_checkout_without_any_answer_is_no_wrong_answer() -> None:
    run = Run(checkouts(2, 3))
    run.show(THIRD, UNKNOWN)
    assert holds(checkouts_answered(run.evidence), examined=3)

    run.show(THIRD, UNKNOWN, asks=())
    assert holds(checkouts_answered(run.evidence), examined=3)


def test_honest_sessions_hold() -> None:
    assert holds(payment_sessions(Run(checkouts(2, 3)).evidence))
    assert holds(payment_sessions(Run(checkouts(2, 1, payment=FAILING)).evidence))


def test_where_nothing_was_booked_there_are_no_sessions_to_judge() -> None:
    result = payment_sessions(Run(legacy_payment()).evidence)

    assert result.why_not_judged == "there was nothing to look at"


def test_sessions_that_cannot_be_read_are_not_judged() -> None:
    run = Run(checkouts())
    run.hide("logs", "payment_sessions", "table payment_sessions: HTTP 403")

    assert payment_sessions(run.evidence).why_not_judged == "table payment_sessions: HTTP 403"


@pytest.mark.parametrize("complete", [True, False])
def test_a_session_that_does_not_exist_is_shown_by_the_one_who_was_told(complete: bool) -> None:
    run = Run(checkouts(2, 3))
    run.complete_logs = complete
    del run.logs.payment_sessions[1]

    found = violation(payment_sessions(run.evidence))

    assert found.what == f"session cs_{SECOND} does not exist"
    assert [line.partition(":")[0] for line in found.witness] == ["kiosk-02"]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"guests": 2}, "is for 2, not for 1"),
        ({"slots_reserved": "false"}, "is not marked as having its places"),
    ],
)
def test_a_session_carries_what_was_booked(fields: dict[str, object], what: str) -> None:
    run = Run(checkouts(2, 3))
    row = run.logs.payment_sessions[0]
    run.logs.payment_sessions[0] = msgspec.structs.replace(row, **fields)

    assert violation(payment_sessions(run.evidence)).what == f"session cs_{FIRST} {what}"


def test_two_buyers_do_not_pay_in_one_session() -> None:
    run = Run(checkouts(2, 3))
    run.change(SECOND, session=f"cs_{FIRST}")

    found = violation(payment_sessions(run.evidence))

    assert found.what == f"session cs_{FIRST} was told to 2 buyers"
    assert [line.partition(":")[0] for line in found.witness] == ["kiosk-01", "kiosk-02"]


def test_a_session_that_no_buyer_was_told_of_is_shown_by_its_row() -> None:
    run = Run(checkouts(2, 3))
    row = run.logs.payment_sessions[0]
    run.logs.payment_sessions.append(msgspec.structs.replace(row, id="cs_stray"))

    found = violation(payment_sessions(run.evidence))

    assert found.what == "a session on record that no buyer was told of"
    assert found.witness == ("payment session cs_stray for 1",)


def test_sessions_of_others_are_on_record_where_the_logs_promise_nothing() -> None:
    run = Run(checkouts(2, 3))
    row = run.logs.payment_sessions[0]
    run.logs.payment_sessions.append(msgspec.structs.replace(row, id="cs_stray"))
    run.complete_logs = False

    assert holds(payment_sessions(run.evidence))


def test_an_open_checkout_may_have_a_session_but_only_one() -> None:
    run = Run(checkouts(3, 3))
    run.show(THIRD, UNKNOWN)
    assert holds(payment_sessions(run.evidence))

    run.show(SECOND, FULL)
    assert violation(payment_sessions(run.evidence)).what == (
        "2 sessions on record that no buyer was told of"
    )


def test_a_silent_kiosk_may_have_been_told_of_a_session() -> None:
    run = Run(checkouts(3, 3))
    run.fall_silent("drill-1.1", "kiosk-03")

    assert holds(payment_sessions(run.evidence))


@pytest.mark.parametrize(
    ("index", "what", "gates"),
    [
        (0, "checkout.opened for 1: 2 answers, but 1 log row", ["kiosk-01", "kiosk-02"]),
        (2, "checkout.failed for 1: 1 answer, but 0 log rows", ["kiosk-03"]),
    ],
)
def test_a_checkout_that_is_not_in_the_audit_log_is_shown_by_those_concerned(
    index: int, what: str, gates: list[str]
) -> None:
    run = Run(checkouts(2, 3))
    del run.logs.audit_logs[index]

    found = violation(audit_log(run.evidence))

    assert found.what == what
    assert [line.partition(":")[0] for line in found.witness] == gates


def test_a_doubled_audit_row_is_shown_by_the_rows() -> None:
    run = Run(checkouts(2, 3))
    run.audit(AuditType.FAILED, "evening")

    found = violation(audit_log(run.evidence))

    assert found.what == "checkout.failed for 1: 1 answer, but 2 log rows"
    assert found.witness == (
        "audit row 3: checkout.failed for 1",
        "audit row 4: checkout.failed for 1",
    )


@pytest.mark.parametrize("back", [0, 2, None])
def test_a_failed_payment_is_logged_with_all_its_places_rolled_back(back: int | None) -> None:
    run = Run(checkouts(3, 1, payment=FAILING))
    row = run.logs.audit_logs[0]
    run.logs.audit_logs[0] = changed(row, slots_rolled_back=back)

    found = violation(audit_log(run.evidence))

    assert found.what == f"{back or 0} of 1 places of a checkout went back"
    assert len(found.witness) == 1


def test_a_failed_payment_that_is_logged_as_a_refusal_is_not_logged() -> None:
    run = Run(checkouts(3, 1))
    run.show(FIRST, PAYMENT_FAILED)

    what = "checkout.stripe_error for 1: 1 answer, but 0 log rows"
    assert violation(audit_log(run.evidence)).what == what


def test_a_payment_that_takes_effect_again_is_shown_by_its_rows() -> None:
    run = Run(paid_checkout())
    run.audit(AuditType.COMPLETED, "evening", 2)

    found = violation(audit_log(run.evidence))

    assert found.what == "payment for 2: 1 answer, but 2 log rows"
    assert found.witness == (
        "audit row 2: checkout.completed for 2",
        "audit row 3: checkout.completed for 2",
    )


def test_a_payment_that_was_heard_and_not_logged_is_named() -> None:
    run = Run(legacy_payment())
    run.logs.audit_logs.clear()

    found = violation(audit_log(run.evidence))

    assert found.what == "payment for 2: 1 answer, but 0 log rows"
    assert len(found.witness) == 1
    assert found.witness[0].startswith("event evt_")


@pytest.mark.parametrize("rows", [2, 3])
def test_an_open_checkout_may_be_in_the_audit_log_or_not(rows: int) -> None:
    run = Run(checkouts(2, 3))
    run.show(THIRD, UNKNOWN)
    del run.logs.audit_logs[rows:]

    assert holds(audit_log(run.evidence))


def test_an_open_checkout_excuses_one_row_only() -> None:
    run = Run(checkouts(2, 3))
    run.show(THIRD, UNKNOWN)
    run.audit(AuditType.OPENED, "evening")

    what = "checkout.failed for 1: 0 answers and 1 question without one, but 1 log row"
    assert violation(audit_log(run.evidence)).what == what


@pytest.mark.parametrize("rows", [0, 1])
def test_an_open_payment_may_be_in_the_audit_log_or_not(rows: int) -> None:
    run = Run(legacy_payment())
    for attempt in run.attempts:
        run.show(attempt, UNKNOWN)
    del run.logs.audit_logs[rows:]

    assert holds(audit_log(run.evidence))


@pytest.mark.parametrize("why", ["table audit_logs: HTTP 403", "the service's logs may lack rows"])
def test_without_a_log_that_promises_to_be_complete_it_is_not_judged(why: str) -> None:
    run = Run(checkouts())
    run.complete_logs = False
    if why.startswith("table"):
        run.hide("logs", "audit_logs", why)

    assert audit_log(run.evidence).why_not_judged == why


@pytest.mark.parametrize("check", [slot_capacity, payment_sessions, audit_log])
def test_whichever_way_the_service_spells_its_ids_they_are_found(check: Check) -> None:
    run = Run(checkouts(2, 3))
    run.spell_in_capitals()
    assert holds(check(run.evidence))

    run.show(THIRD, BOOKED)
    assert violation(check(run.evidence)).subject == "evening"
