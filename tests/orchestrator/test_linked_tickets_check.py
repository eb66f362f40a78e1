"""Tickets linked to a VIP reservation: no more than it has guests."""

import pytest
from evidence_builder import ALREADY_LINKED, BUSY, FULL, LINKED, UNKNOWN, Run, linking, race
from honest_service import changed

from gatedrill.contract.outcome import Outcome
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus, Violation
from gatedrill.orchestrator.checks.linked_tickets import linked_tickets

FIRST, SECOND, THIRD = (f"drill-1.1:kiosk-0{number}" for number in (1, 2, 3))


def holds(result: CheckResult) -> bool:
    return (result.status, result.examined) == (CheckStatus.HOLDS, 1)


def violation(result: CheckResult) -> Violation:
    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    assert result.shown[0].subject == "table"
    return result.shown[0]


def belongs(run: Run, ticket: str, reservation: str | None) -> None:
    """Let the ticket belong to this reservation in the end."""
    row = run.after.tickets[ticket]
    run.after.tickets[ticket] = changed(row, vip_reservation_id=reservation)


def test_an_honest_reservation_takes_as_many_tickets_as_it_has_guests() -> None:
    assert holds(linked_tickets(Run(linking(guests=2, tickets=3)).evidence))


def test_without_links_it_is_not_judged() -> None:
    assert linked_tickets(Run(race()).evidence).status is CheckStatus.NOT_JUDGED


@pytest.mark.parametrize("hidden", [True, False])
def test_a_reservation_with_too_many_tickets_is_shown_by_the_last_two_links(hidden: bool) -> None:
    run = Run(linking(guests=2, tickets=3))
    run.show(THIRD, LINKED)
    belongs(run, "t3", "table")
    if hidden:
        run.hide_records()

    assert violation(linked_tickets(run.evidence)) == Violation(
        "table",
        "3 tickets belong to it, of 2 at most",
        (
            f"kiosk-02: linked, let go at 2.000001 s, decided at 2.010001 s ({SECOND})",
            f"kiosk-03: linked, let go at 2.000002 s, decided at 2.010002 s ({THIRD})",
        ),
    )


def test_tickets_that_nobody_was_told_of_belong_to_it_too() -> None:
    run = Run(linking(guests=2, tickets=3))
    belongs(run, "t3", "table")

    assert violation(linked_tickets(run.evidence)).what == ("3 tickets belong to it, of 2 at most")


def test_a_link_that_was_told_and_is_not_on_record_bears_witness() -> None:
    run = Run(linking(guests=2, tickets=3))
    belongs(run, "t2", None)

    found = violation(linked_tickets(run.evidence))

    assert found.what == "t2 was linked, but does not belong to it"
    assert [line.partition(":")[0] for line in found.witness] == ["kiosk-02"]


@pytest.mark.parametrize("open_answer", [UNKNOWN, BUSY])
@pytest.mark.parametrize("reservation", ["table", None])
def test_a_link_that_is_open_may_have_been_made_or_not(
    open_answer: Outcome, reservation: str | None
) -> None:
    run = Run(linking(guests=2, tickets=3))
    run.show(SECOND, open_answer)
    belongs(run, "t2", reservation)

    assert holds(linked_tickets(run.evidence))


@pytest.mark.parametrize("refusal", [FULL, ALREADY_LINKED])
def test_a_refused_link_makes_none(refusal: Outcome) -> None:
    run = Run(linking(guests=2, tickets=3))
    run.show(SECOND, refusal)
    belongs(run, "t2", None)

    assert holds(linked_tickets(run.evidence))


def test_how_many_guests_there_are_is_what_the_service_says() -> None:
    run = Run(linking(guests=2, tickets=3))
    row = run.before.vip_reservations["table"]
    run.before.vip_reservations["table"] = changed(row, total_guests=1)

    assert violation(linked_tickets(run.evidence)).what == ("2 tickets belong to it, of 1 at most")


def test_whichever_way_the_service_spells_its_ids_they_are_found() -> None:
    run = Run(linking(guests=2, tickets=3))
    run.spell_in_capitals()

    assert holds(linked_tickets(run.evidence))
