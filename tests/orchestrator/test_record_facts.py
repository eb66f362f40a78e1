"""What the service has on record, in figures."""

from evidence_builder import Run, checkouts, paid_checkout, race, vip_table

from gatedrill.orchestrator.record_facts import record_facts
from gatedrill.orchestrator.result import RecordFact


def facts(run: Run) -> dict[str, tuple[str | None, str]]:
    """Before and after, by what it is."""
    return {fact.what: (fact.before, fact.after) for fact in record_facts(run.evidence)}


def test_a_race_is_told_by_its_log_with_the_most_frequent_first() -> None:
    assert record_facts(Run(race(devices=4, probe=False)).evidence) == (
        RecordFact("scan_logs: rows", None, "3 already_scanned, 1 success"),
    )


def test_guests_of_a_reservation_are_told_before_and_after_with_the_log_of_their_passes() -> None:
    assert facts(Run(vip_table(guests=3, phases=2))) == {
        "reservation table: checked_in_guests, of 3": ("0", "3"),
        "vip_scan_logs: rows": (None, "3 first_entry, 3 reentry"),
    }


def test_places_of_a_slot_are_told_before_and_after_with_what_became_of_bookings() -> None:
    assert facts(Run(checkouts(capacity=2, kiosks=3))) == {
        "slot evening: available, of 2": ("2", "0"),
        "checkouts: rows": (None, "2 open"),
        "payment_sessions: rows": (None, "2 opened"),
        "audit_logs: rows": (None, "2 checkout.opened, 1 checkout.failed"),
    }


def test_a_payment_shows_in_the_checkout_and_the_audit_log() -> None:
    told = facts(Run(paid_checkout(capacity=5, guests=2)))

    assert told["slot evening: available, of 5"] == ("5", "3")
    assert told["audit_logs: rows"] == (None, "1 checkout.opened, 1 checkout.completed")


def test_what_could_not_be_read_before_has_no_figure_before() -> None:
    run = Run(vip_table())
    run.hide("before", "vip_reservations")

    assert facts(run)["reservation table: checked_in_guests, of 3"] == (None, "3")


def test_what_could_not_be_read_after_is_not_told() -> None:
    run = Run(vip_table())
    run.hide_records()

    assert record_facts(run.evidence) == ()
